/** The requests that are let through while half-open: exactly so many, and what they say together. */
import { type Limits, tripped } from './decide.ts'

export interface Verdict {
  /** Which rate is reached; '' none: the upstream is well. */
  readonly rate: 'failed' | 'slow' | ''
  /** Probes that were judged, of them failed and slow. */
  readonly of: number
  readonly failed: number
  readonly slow: number
}

export class Probes {
  /** Probes that have ended, of them failed and slow. */
  ended: number
  failed: number
  slow: number
  readonly #permits: number
  readonly #maxWait: number
  readonly #limits: Limits
  #since: number
  /** Probes that are out, and those of them that had a good head. */
  #out: number
  #answered: number

  /** `maxWait` in ms. */
  constructor(permits: number, maxWait: number, limits: Limits) {
    this.ended = 0
    this.failed = 0
    this.slow = 0
    this.#permits = permits
    this.#maxWait = maxWait
    this.#limits = limits
    this.#since = 0
    this.#out = 0
    this.#answered = 0
  }

  begin(now: number): void {
    this.ended = 0
    this.failed = 0
    this.slow = 0
    this.#since = now
    this.#out = 0
    this.#answered = 0
  }

  get free(): boolean {
    return this.ended + this.#out < this.#permits
  }

  /** When the wait is over, ms. */
  get dueAt(): number {
    return this.#since + this.#maxWait
  }

  take(): void {
    this.#out++
  }

  answer(): void {
    this.#answered++
  }

  /** It said nothing of the upstream: another request may have its permit. `answered`: a good head came. */
  giveBack(answered: boolean): void {
    this.#out--
    if (answered) this.#answered--
  }

  end(failed: boolean, slow: boolean, answered: boolean): void {
    this.giveBack(answered)
    this.ended++
    if (failed) this.failed++
    if (slow) this.slow++
  }

  /** Once every probe has ended, once the rest cannot turn it any more, or once the wait is over; undefined before. */
  verdict(now: number): Verdict | undefined {
    const whole = this.#judge(this.#permits, this.failed)
    if (this.ended === this.#permits || whole.rate !== '') return whole
    if (now < this.dueAt) return undefined
    // Whose head has not come in all this time has failed; whose body is still coming has done well so far. When every
    // probe came back saying nothing there is nothing to judge, and the wait begins anew.
    const known = this.ended + this.#out
    if (known > 0) return this.#judge(known, this.failed + this.#out - this.#answered)
    this.#since = now
    return undefined
  }

  #judge(of: number, failed: number): Verdict {
    return { rate: tripped(this.#limits, of, failed, this.slow), of, failed, slow: this.slow }
  }
}
