/** What the rates are taken over where it is the last so many calls. */
import type { Window } from '../../core/time-window.ts'

/** ms after which a call in a count window says nothing any more. */
export const MAX_AGE = 10 * 60_000

const FAILED = 1
const SLOW = 2

/** A ring of the last `size` calls. */
export class CountWindow implements Window {
  calls: number
  failed: number
  slow: number
  readonly #size: number
  readonly #times: Float64Array
  readonly #marks: Uint8Array
  /** Where the oldest stands. */
  #oldest: number

  constructor(size: number) {
    this.calls = 0
    this.failed = 0
    this.slow = 0
    this.#size = size
    this.#times = new Float64Array(size)
    this.#marks = new Uint8Array(size)
    this.#oldest = 0
  }

  record(now: number, failed: boolean, slow: boolean): void {
    this.forget(now)
    if (this.calls === this.#size) this.#drop()
    const at = (this.#oldest + this.calls) % this.#size
    this.#times[at] = now
    this.#marks[at] = (failed ? FAILED : 0) | (slow ? SLOW : 0)
    this.calls++
    if (failed) this.failed++
    if (slow) this.slow++
  }

  forget(now: number): void {
    while (this.calls > 0 && now - (this.#times[this.#oldest] as number) > MAX_AGE) this.#drop()
  }

  clear(): void {
    this.calls = 0
    this.failed = 0
    this.slow = 0
    this.#oldest = 0
  }

  #drop(): void {
    const marks = this.#marks[this.#oldest] as number
    if (marks & FAILED) this.failed--
    if (marks & SLOW) this.slow--
    this.#oldest = (this.#oldest + 1) % this.#size
    this.calls--
  }
}
