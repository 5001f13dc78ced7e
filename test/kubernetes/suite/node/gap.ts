/** How long an address answers nobody, asked on a new connection again and again. */
import { setTimeout as pause } from 'node:timers/promises'
import { fetchOnce } from './pods.ts'

/** ms between two requests. */
const PACE = 10

export class Gap {
  readonly #watching: Promise<void>
  #ended = false
  #longest = 0
  #asked = 0

  constructor(url: string) {
    this.#watching = this.#watch(url)
  }

  /** The longest time between the start of a request that was answered and the answer to the next one that was, if some failed between, s. */
  async end(): Promise<{ readonly seconds: number; readonly asked: number }> {
    this.#ended = true
    await this.#watching
    return { seconds: this.#longest / 1000, asked: this.#asked }
  }

  async #watch(url: string): Promise<void> {
    let good = performance.now()
    let failed = false
    while (!this.#ended || failed) {
      const began = performance.now()
      const { status } = await fetchOnce(url)
      this.#asked += 1
      if (status === 200) {
        if (failed) this.#longest = Math.max(this.#longest, performance.now() - good)
        good = began
      }
      failed = status !== 200
      await pause(PACE)
    }
  }
}
