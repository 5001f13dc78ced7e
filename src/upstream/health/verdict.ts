/** When a run of checks changes the mind about an endpoint. */

export interface Thresholds {
  /** Checks in a row that must pass before an endpoint that is out comes back. */
  readonly healthy: number
  /** Checks in a row that must fail before it goes. */
  readonly unhealthy: number
}

/** Healthy until checks say otherwise: a sidecar that starts must not refuse its first requests for want of an opinion. */
export class Verdict {
  healthy: boolean
  /** Checks in a row that spoke against the verdict. */
  #against: number
  readonly #thresholds: Thresholds

  constructor(thresholds: Thresholds) {
    this.healthy = true
    this.#against = 0
    this.#thresholds = thresholds
  }

  /** True: the verdict has changed. */
  hear(passed: boolean): boolean {
    if (passed === this.healthy) {
      this.#against = 0
      return false
    }
    const { healthy, unhealthy } = this.#thresholds
    if (++this.#against < (this.healthy ? unhealthy : healthy)) return false
    this.healthy = passed
    this.#against = 0
    return true
  }
}

/** Of an interval, the part by which it may be shorter or longer: sidecars that started together shall not ask together. */
const JITTER = 0.1

/** ms from the beginning of one check to that of the next; `dice` 0…1. */
export function spread(interval: number, dice: number): number {
  return interval * (1 - JITTER + 2 * JITTER * dice)
}
