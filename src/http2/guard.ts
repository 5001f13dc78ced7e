/**
 * What a peer may cost us without asking for anything useful. Each such thing takes a token; what is useful gives tokens
 * back, and so does time. A connection has two of these: one for frames that move nothing (PING, SETTINGS, empty DATA,
 * PRIORITY and their kin), which moving bytes pays for, and one for streams that are begun and thrown away
 * (CVE-2023-44487, CVE-2025-8671), which only streams that are carried through pay for: else a trickle of DATA on one
 * stream would buy any number of resets.
 */
import type { Clock } from '../core/clock.ts'

/** Tokens that a quiet connection has: more than streams it may have open, so that all of them may be cancelled at once. */
const BURST = 2000
/** Tokens per second. */
const RATE = 100

export class FloodGuard {
  readonly #clock: Clock
  readonly #burst: number
  readonly #rate: number
  #tokens: number
  /** When time last gave, ms. */
  #since: number

  constructor(clock: Clock, burst = BURST, rate = RATE) {
    this.#clock = clock
    this.#burst = burst
    this.#rate = rate
    this.#tokens = burst
    this.#since = clock.now()
  }

  /** Takes `cost` tokens. Returns false when there are none left: the peer is a flood. */
  take(cost: number): boolean {
    this.#tokens -= cost
    if (this.#tokens >= 0) return true
    // The clock is read only where it decides.
    const now = this.#clock.now()
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#since) * this.#rate) / 1000)
    this.#since = now
    return this.#tokens >= 0
  }

  /** Something useful came. */
  give(tokens: number): void {
    this.#tokens = this.#tokens + tokens > this.#burst ? this.#burst : this.#tokens + tokens
  }
}
