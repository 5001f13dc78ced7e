/** The timetable of an outage story: calm, outage, recovery. Times in ms; `scale` divides them and multiplies the rates. */

export interface Timetable {
  readonly calm: number
  readonly outage: number
  readonly recovery: number
  /** What inventory takes per call, normally and in the outage. */
  readonly normalLatency: number
  readonly outageLatency: number
  /** Requests per second. */
  readonly gets: number
  readonly posts: number
  /** ms after which a client gives up. People are gone after three seconds; the model's figures say the same. */
  readonly patience: number
}

/** Double-eleven night, as `docs/scenarios.md` tells it. */
export const AVALANCHE: Timetable = {
  calm: 10_000,
  outage: 60_000,
  recovery: 15_000,
  normalLatency: 5,
  outageLatency: 20_000,
  gets: 50,
  posts: 50,
  patience: 3000,
}

/** The same story, short enough to watch. */
export const DEMO: Timetable = { ...AVALANCHE, calm: 10_000, outage: 15_000, recovery: 12_000 }

export function scaleTimetable(timetable: Timetable, scale: number): Timetable {
  return {
    calm: timetable.calm / scale,
    outage: timetable.outage / scale,
    recovery: timetable.recovery / scale,
    normalLatency: timetable.normalLatency / scale,
    outageLatency: timetable.outageLatency / scale,
    // A GET needs a slot for a moment only: it is a probe, and fewer probes tell the same. Two cores have to do for it all.
    gets: timetable.gets * Math.min(scale, 2),
    posts: timetable.posts * scale,
    patience: timetable.patience / scale,
  }
}

export type PhaseName = 'calm' | 'outage' | 'recovery'

/** Where a story that starts over and over stands `elapsed` ms after its start. */
export function phaseAt(timetable: Timetable, elapsed: number): { name: PhaseName; left: number; round: number } {
  const length = timetable.calm + timetable.outage + timetable.recovery
  const round = Math.floor(elapsed / length)
  const within = elapsed - round * length
  if (within < timetable.calm) return { name: 'calm', left: timetable.calm - within, round }
  if (within < timetable.calm + timetable.outage) {
    return { name: 'outage', left: timetable.calm + timetable.outage - within, round }
  }
  return { name: 'recovery', left: length - within, round }
}
