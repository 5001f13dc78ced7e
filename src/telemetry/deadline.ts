/** A moment that something waits for. */
// cold file: runs at start and end
import type { Timed } from '../core/clock.ts'

export class Deadline implements Timed {
  readonly passed: Promise<void>
  #pass: () => void

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.passed = promise
    this.#pass = resolve
  }

  expired(): void {
    this.#pass()
  }
}
