/** What a connection to an upstream has been through: whether new requests had better take another. */
import type { Clock } from '../core/clock.ts'
import { FloodGuard } from './guard.ts'

/**
 * Resets of ours on one connection, at once and a second: upstreams count them for CVE-2023-44487, and end a connection with all that is on
 * it. The lowest such bounds are 250 for nearly nothing else (Envoy), and 1000 and 33 a second (nghttp2, and with it Node). As many as it has
 * streams may follow.
 */
const RESETS_AT_ONCE = 128
const RESETS_PER_SECOND = 30

/**
 * ms that a connection has to be old for ENHANCE_YOUR_CALM to be about it. Node says so of each new stream where 10 MB of answers wait on a connection, and
 * another one is welcome. Who means all that we ask is not to have a connection for each request.
 */
const OLD = 1000

/** ms for which an upstream gives no credit for any body, where those of one connection are not just fast: more than a round trip. */
const CLOGGED = 250

export class Strain {
  readonly #clock: Clock
  readonly #since: number
  readonly #resets: FloodGuard
  /** So many streams on it were given up that its upstream may take the next ones for an attack. */
  #resetOften: boolean
  /** The upstream says that it has had enough. */
  #hadEnough: boolean
  /** When all was sent that may be sent without further credit, ms on the clock. */
  #usedUpAt: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#since = clock.now()
    this.#resets = new FloodGuard(clock, RESETS_AT_ONCE, RESETS_PER_SECOND)
    this.#resetOften = false
    this.#hadEnough = false
    this.#usedUpAt = 0
  }

  get wornOut(): boolean {
    return this.#resetOften || this.#hadEnough
  }

  /** We reset a stream. */
  reset(): void {
    this.#resetOften = !this.#resets.take(1)
  }

  /** The upstream has reset a stream, unanswered, with ENHANCE_YOUR_CALM (RFC 9113 §7). */
  askedForCalm(): void {
    if (this.#clock.now() - this.#since >= OLD) this.#hadEnough = true
  }

  /** The window of all streams together (RFC 9113 §6.9) has come to `window`. */
  sent(window: number): void {
    if (window <= 0) this.#usedUpAt = this.#clock.now()
  }

  /** Its upstream takes nothing of any body: many credit a connection only for what is read of it, and somebody there does not read (§5.2.2). */
  clogged(window: number): boolean {
    return window <= 0 && this.#clock.now() - this.#usedUpAt >= CLOGGED
  }
}
