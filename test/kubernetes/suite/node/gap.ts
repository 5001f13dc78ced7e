/** How long an address answers nobody, asked on a new connection again and again. */
import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../until.ts'
import { fetchOnce } from './pods.ts'

/** ms between two requests. */
const PACE = 10
/** Answers that have to be there before something is done to the address, and after it. */
const STEADY = 100

export class Gap {
  /** Requests, and those of them that were answered. */
  asked = 0
  answered = 0
  readonly #watching: Promise<void>
  #ended = false
  #longest = 0

  constructor(url: string) {
    this.#watching = this.#watch(url)
  }

  /** Until it has been answered many times more. */
  async steady(): Promise<void> {
    const enough = this.answered + STEADY
    await until(`${STEADY} answers`, async () => this.answered >= enough)
  }

  /** Of failures, if there were any: s between the start of the last request before them that was answered, and the next answer. The longest. */
  async end(): Promise<number> {
    this.#ended = true
    await this.#watching
    return this.#longest / 1000
  }

  async #watch(url: string): Promise<void> {
    let good = performance.now()
    let failed = false
    while (!this.#ended) {
      const began = performance.now()
      const { status } = await fetchOnce(url)
      this.asked += 1
      if (status === 200) {
        this.answered += 1
        if (failed) this.#longest = Math.max(this.#longest, performance.now() - good)
        good = began
      }
      failed = status !== 200
      await pause(PACE)
    }
  }
}
