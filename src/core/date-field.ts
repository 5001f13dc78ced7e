/** The value of Date for now. */
import type { Clock } from './clock.ts'

/** An IMF-fixdate (RFC 9110 §5.6.7), made at most once a second. */
export class DateField {
  readonly #clock: Clock
  /** Since 1970, s. */
  #second: number
  #value: string

  constructor(clock: Clock) {
    this.#clock = clock
    this.#second = -1
    this.#value = ''
  }

  now(): string {
    const second = Math.floor(this.#clock.wallTime() / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#value = new Date(second * 1000).toUTCString()
    }
    return this.#value
  }
}
