/** A clock that stands still until told: the same wheel as the real one. */
import { type Clock, type Timed, type Timer, Wheel } from '../../src/core/clock.ts'

export class FakeClock implements Clock {
  #now = 0
  readonly #wheel = new Wheel(0)

  now(): number {
    return this.#now
  }

  exact(): number {
    return this.#now
  }

  wallTime(): number {
    return 1_800_000_000_000 + this.#now
  }

  schedule(delay: number, target: Timed): Timer {
    return this.#wheel.add(this.#now, delay, target)
  }

  cancel(timer: Timer | undefined): void {
    if (timer !== undefined) this.#wheel.remove(timer)
  }

  /** Timers that are running. */
  get pending(): number {
    return this.#wheel.size
  }

  /** Lets `ms` pass, a millisecond at a time, so that what expires sees its own moment. */
  advance(ms: number): void {
    const end = this.#now + ms
    while (this.#now < end) {
      this.#now = Math.min(end, this.#now + 1)
      this.#wheel.advance(this.#now)
    }
  }
}
