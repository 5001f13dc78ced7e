/**
 * What an attempt at one endpoint costs: a moving average of its times to the head that believes a slow one at once and a
 * fast one little by little (peak-EWMA, as in Finagle and linkerd).
 *
 * Observations come unevenly, so each weighs by the time since the last: an average over ten seconds, whatever the rate.
 * What is not observed fades by the same law, so that an endpoint that was slow is asked again.
 */
import type { Meter } from '../../core/meter.ts'

/** ms in which an observation loses all but 1/e of its weight. */
export const DECAY = 10_000
/** ms that a failure counts for at least: else one that fails in a millisecond would be the fastest of all. */
export const FAILURE = 1000
/** ms past which nothing looks worse: it has to fade in bounded time. */
export const MOST = 60_000
/** ms below which endpoints are the same: what is left of a cost that has faded, and times of the loopback. */
export const LEAST = 0.1
/** ms taken for the cost of an endpoint that has a request and has never answered one: it gets no second one. */
export const UNKNOWN = 1_000_000

export class PeakEwma implements Meter {
  #cost: number
  /** When it was observed last; -Infinity: never. */
  #at: number
  /** ms between the last observation and the one before. */
  #gap: number

  constructor() {
    this.#cost = 0
    this.#at = Number.NEGATIVE_INFINITY
    this.#gap = 0
  }

  /** What it would cost to ask it now, with `active` requests there already. */
  load(active: number, now: number): number {
    if (this.#at === Number.NEGATIVE_INFINITY) return active * UNKNOWN
    const cost = this.#cost * this.#weight(now)
    return (cost > LEAST ? cost : LEAST) * (active + 1)
  }

  answered(took: number, now: number): void {
    const weight = this.#weight(now)
    // What has faded is no longer held against it: one that is asked again after a while and is fast is fast.
    if (took >= this.#cost * weight) this.#set(took, now)
    else this.#blend(took, weight, now)
  }

  /**
   * No peak but a share: a service that answers one request in a hundred with a 500 costs a hundredth of a failure more,
   * on every endpoint alike. Twice the cost where that is more, so that failing is never cheaper than answering.
   */
  failed(took: number, now: number): void {
    const weight = this.#weight(now)
    if (took > this.#cost) this.#set(took, now)
    this.#blend(Math.max(FAILURE, 2 * this.#cost), weight, now)
  }

  /** It weighs as much as its head did, though that was observed a moment ago. */
  spoiled(now: number): void {
    const since = Math.max(now - this.#at, this.#gap)
    this.#blend(Math.max(FAILURE, 2 * this.#cost), Math.exp(-since / DECAY), now)
  }

  /** Not an answer, but a lower bound of one. */
  abandoned(took: number, now: number): void {
    if (took > this.#cost * this.#weight(now)) this.#set(took, now)
  }

  #weight(now: number): number {
    return Math.exp((this.#at - now) / DECAY)
  }

  #blend(took: number, weight: number, now: number): void {
    this.#set(this.#cost * weight + took * (1 - weight), now)
  }

  #set(cost: number, now: number): void {
    this.#cost = cost < MOST ? cost : MOST
    this.#gap = now - this.#at
    this.#at = now
  }
}
