/**
 * What a peer may cost us without asking for anything useful: frames that are answered or worked on and move nothing
 * (SETTINGS, PING, empty DATA, PRIORITY), and streams that are opened and thrown away (CVE-2023-44487 and its kin). Each
 * takes a token; what moves bytes or is carried through gives tokens back, and so does time.
 */
import type { Clock } from '../core/clock.ts'

/** Tokens that a quiet connection has. */
const BURST = 1000
/** Tokens per second. */
const RATE = 100

export class FloodGuard {
  readonly #clock: Clock
  #tokens: number
  /** When time last gave, ms. */
  #since: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#tokens = BURST
    this.#since = 0
  }

  /** Takes `cost` tokens. Returns false when there are none left: the peer is a flood. */
  take(cost: number): boolean {
    this.#tokens -= cost
    if (this.#tokens >= 0) return true
    // The clock is read only where it decides.
    const now = this.#clock.now()
    if (this.#since > 0) this.#tokens += ((now - this.#since) * RATE) / 1000
    else this.#tokens += RATE
    this.#since = now
    if (this.#tokens > BURST) this.#tokens = BURST
    return this.#tokens >= 0
  }

  /** Something useful came. */
  give(tokens: number): void {
    this.#tokens = this.#tokens + tokens > BURST ? BURST : this.#tokens + tokens
  }
}
