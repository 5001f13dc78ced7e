/** The last minutes of every service, made of the frames as they came: nothing of it exists while nobody watches. */
import type { ServiceTotals } from '../../../telemetry/totals.ts'
import { type Figures, figures, type Reading } from './figures.ts'
import type { Frame } from './frame.ts'

/** ms over which figures are taken, and over which a point of a chart is. */
const WINDOW = 10_000
const POINT = 5_000
/** Points of a chart: five minutes. */
const POINTS = 300

export interface Point {
  /** s on the sidecar's clock. */
  readonly at: number
  readonly rate: number
  /** Failed and refused, per second. */
  readonly errors: number
  readonly p50: number
  readonly p99: number
}

export interface ServiceHistory {
  readonly direction: 'inbound' | 'outbound'
  readonly service: string
  readonly inflight: number
  /** undefined until there are two frames. */
  readonly figures: Figures | undefined
  readonly points: readonly Point[]
}

interface Kept {
  /** Oldest first. */
  readings: Reading[]
  /** Nothing before this can be compared with, ms: some of what was counted has left since. */
  from: number
  points: Point[]
}

export class History {
  readonly #kept = new Map<string, Kept>()
  /** When frames came, ms on the sidecar's clock, as far back as readings go. */
  #times: number[] = []
  #uptime = 0

  /** In the frame's order. */
  push(frame: Frame): ServiceHistory[] {
    // Another process: its counters began anew.
    if (frame.uptimeSeconds < this.#uptime) this.forget()
    this.#uptime = frame.uptimeSeconds
    const { now, bounds } = frame
    this.#times = [...this.#times.filter((time) => time >= now - WINDOW), now]
    return frame.services.map((totals) => {
      const kept = this.#of(`${totals.direction} ${totals.service}`)
      const reading = { now, totals }
      if (isLess(totals, kept.readings.at(-1)?.totals)) {
        kept.readings = []
        kept.from = now
      }
      const over = (window: number) => {
        const since = Math.max(kept.from, this.#times.find((time) => time >= now - window) as number)
        if (since === now) return undefined
        // Of a service that is newer than the window everything is new.
        const earlier = kept.readings.find((reading) => reading.now === since)
        return figures(earlier, reading, bounds, since)
      }
      const now10 = over(WINDOW)
      const point = over(POINT)
      const last = over(1500)
      kept.readings = [...kept.readings.filter((reading) => reading.now >= now - WINDOW), reading]
      if (point !== undefined && last !== undefined) {
        const errors = last.failed + last.refused
        kept.points.push({ at: now / 1000, rate: last.rate, errors, p50: point.p50, p99: point.p99 })
        if (kept.points.length > POINTS) kept.points.shift()
      }
      const { direction, service, inflight } = totals
      return { direction, service, inflight, figures: now10, points: kept.points }
    })
  }

  #of(name: string): Kept {
    let kept = this.#kept.get(name)
    if (kept === undefined) this.#kept.set(name, (kept = { readings: [], from: 0, points: [] }))
    return kept
  }

  /** What comes is of another process. */
  forget(): void {
    this.#kept.clear()
    this.#times = []
  }
}

/** Series that were idle for long leave, and take their counts with them (`metrics.idle`). */
function isLess(totals: ServiceTotals, before: ServiceTotals | undefined): boolean {
  return before !== undefined && (totals.durations.at(-1) as number) < (before.durations.at(-1) as number)
}
