/**
 * The decision at the end: what the head decision left out is recorded all the same, and exported where it failed or was
 * slow. The room for it is bounded, in exchanges and in bytes, for most of what lies in it will be thrown away.
 */

export interface TailRules {
  /** Exchanges whose server span is an error. */
  readonly errors: boolean
  /** ms from which an exchange is slow; Infinity: none is. */
  readonly slowerThan: number
}

/** Why an exchange is exported at its end; '' it is not. */
export type TailReason = '' | 'error' | 'slow'

/** Exchanges in flight that are recorded at once. */
const MOST = 4096
/** What they may hold together, bytes. */
const ROOM = 4 * 1024 * 1024
/** What one is charged with, bytes: the record itself, and a decision of a policy. Estimated from above. */
const RECORD = 256
const EVENT = 192

/** `took` in ms. An error that was slow, too, is an error. */
export function tailReason(rules: TailRules, failed: boolean, took: number): TailReason {
  if (failed && rules.errors) return 'error'
  return took >= rules.slowerThan ? 'slow' : ''
}

/** An exchange that has room here. */
export interface Recorded {
  readonly events: readonly unknown[]
  /** Decisions found no room. */
  cut: boolean
}

export class Tail {
  readonly rules: TailRules
  /** Exchanges that found no room, or room for a part of their decisions only. */
  dropped: number
  #held: number
  #bytes: number

  constructor(rules: TailRules) {
    this.rules = rules
    this.dropped = 0
    this.#held = 0
    this.#bytes = 0
  }

  /** Room for another exchange; false: it is not recorded, and counted. */
  admits(): boolean {
    if (this.#held < MOST && this.#bytes + RECORD <= ROOM) {
      this.#held++
      this.#bytes += RECORD
      return true
    }
    this.dropped++
    return false
  }

  /** Room for another decision of this exchange. */
  admitsEvent(recorded: Recorded): boolean {
    if (this.#bytes + EVENT <= ROOM) {
      this.#bytes += EVENT
      return true
    }
    if (!recorded.cut) this.dropped++
    recorded.cut = true
    return false
  }

  /** The exchange has ended: its room is free again, whatever becomes of it. */
  release({ events }: Recorded): void {
    this.#held--
    this.#bytes -= RECORD + events.length * EVENT
  }
}
