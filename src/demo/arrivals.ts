/**
 * When requests are due. An open-loop generator has a timetable that does not ask how the last request went: real users
 * do not stop clicking because the shop is slow, and a generator that waits for answers measures its own politeness.
 */

/** Requests of one kind. */
export interface Rate {
  readonly perSecond: number
}

/** `even`: the same gap every time. `poisson`: gaps as of independent users, from a seeded source: every run alike. */
export type ArrivalShape = 'even' | 'poisson'

/** One entry of the timetable. */
export interface Due {
  /** ms after the start. */
  readonly at: number
  /** Which rate it belongs to, by position. */
  readonly stream: number
  /** How many of its stream came before it. */
  readonly sequence: number
}

/** A small seeded generator (mulberry32): 0 ≤ x < 1. Good enough for gaps, and the same on every machine. */
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

class Timetable {
  readonly gap: number
  readonly offset: number
  readonly random: (() => number) | undefined
  next: number
  sequence = 0

  constructor(rate: Rate, offsetShare: number, random: (() => number) | undefined) {
    this.gap = 1000 / rate.perSecond
    this.offset = this.gap * offsetShare
    this.random = random
    this.next = random === undefined ? this.offset : -Math.log(1 - random()) * this.gap
  }

  advance(): void {
    this.sequence++
    // Multiplied, not summed: after an hour an even timetable is still exact.
    if (this.random === undefined) this.next = this.offset + this.sequence * this.gap
    else this.next += -Math.log(1 - this.random()) * this.gap
  }
}

/** The streams' timetables merged, in order of time. Even streams are set apart so that they do not fire in pairs. */
export class Arrivals {
  #streams: Timetable[]

  constructor(rates: readonly Rate[], shape: ArrivalShape = 'even', seed = 1) {
    this.#streams = rates.map(
      (rate, index) => new Timetable(rate, index / rates.length, shape === 'even' ? undefined : seeded(seed + index)),
    )
  }

  /** ms after the start at which the next request is due; Infinity without streams. */
  peek(): number {
    let earliest = Number.POSITIVE_INFINITY
    for (const stream of this.#streams) if (stream.next < earliest) earliest = stream.next
    return earliest
  }

  /** Takes the next entry off the timetable. */
  take(): Due {
    let chosen = 0
    for (let index = 1; index < this.#streams.length; index++) {
      if ((this.#streams[index]?.next ?? 0) < (this.#streams[chosen]?.next ?? 0)) chosen = index
    }
    const stream = this.#streams[chosen]
    if (stream === undefined) throw new RangeError('Cannot take from a timetable without streams')
    const due = { at: stream.next, stream: chosen, sequence: stream.sequence }
    stream.advance()
    return due
  }
}
