/** Clients of the sidecar: some hundred requests a second on connections that are kept, for as long as it takes. */
import { setTimeout as pause } from 'node:timers/promises'
import { Pool } from 'undici'

const LANES = 8
/** ms between two requests of a lane. */
const GAP = 20

export interface Told {
  readonly requests: number
  /** Who answered, and how often. */
  readonly by: ReadonlyMap<string, number>
  /** What was no 200, and how often. */
  readonly errors: Readonly<Record<string, number>>
}

export class Load {
  readonly #pool: Pool
  readonly #host: string
  readonly #lanes: Promise<void>[]
  #requests = 0
  #by = new Map<string, number>()
  #errors: Record<string, number> = {}
  #over = false

  constructor(outbound: string, host: string) {
    this.#pool = new Pool(`http://${outbound}`, { connections: LANES, pipelining: 1 })
    this.#host = host
    this.#lanes = Array.from({ length: LANES }, () => this.#drive())
  }

  async #drive(): Promise<void> {
    while (!this.#over) {
      try {
        const { statusCode, body } = await this.#pool.request({
          path: '/',
          method: 'GET',
          headers: { host: this.#host },
        })
        const text = await body.text()
        if (statusCode === 200) this.#by.set(text, (this.#by.get(text) ?? 0) + 1)
        else this.#failed(`${statusCode} ${text.slice(0, 200)}`)
      } catch (error) {
        this.#failed(String(error))
      }
      this.#requests += 1
      await pause(GAP)
    }
  }

  #failed(how: string): void {
    this.#errors[how] = (this.#errors[how] ?? 0) + 1
  }

  /** Since the last time this was asked. */
  told(): Told {
    const told = { requests: this.#requests, by: this.#by, errors: this.#errors }
    this.#requests = 0
    this.#by = new Map()
    this.#errors = {}
    return told
  }

  async end(): Promise<void> {
    this.#over = true
    await Promise.all(this.#lanes)
    await this.#pool.close()
  }
}
