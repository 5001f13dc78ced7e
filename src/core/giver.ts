/** Gives an answer that is at hand, chunk by chunk and no further than the asker reads. Nobody is beneath any more. */
import type { ProxyError } from './errors.ts'
import type { RequestBody, ResponseHandler, ResponseHead } from './exchange.ts'
import type { Headers } from './headers.ts'

/** An answer, ready to be given. */
export interface Given {
  readonly head: ResponseHead
  readonly body: readonly Buffer[]
  readonly trailers: Headers | undefined
}

export class Giver implements RequestBody {
  readonly #up: ResponseHandler
  readonly #given: Given
  #next: number
  #paused: boolean
  /** In the middle of giving, or not begun: whoever resumes has to wait. */
  #giving: boolean
  #over: boolean

  /** `paused`: the asker reads nothing at the moment. `withBody` false: it asked for the head alone. */
  constructor(up: ResponseHandler, given: Given, paused: boolean, withBody: boolean) {
    this.#up = up
    this.#given = given
    this.#next = withBody ? 0 : given.body.length
    this.#paused = paused
    this.#giving = true
    this.#over = false
  }

  /** Once the asker can reach us: each call up may come back with an abort or a pause (G9). */
  start(): void {
    if (this.#over) return
    this.#up.head(this.#given.head)
    this.#giving = false
    this.#go()
  }

  abort(reason: ProxyError): void {
    if (this.#over) return
    this.#over = true
    this.#up.fail(reason)
  }

  pauseResponse(): void {
    this.#paused = true
  }

  resumeResponse(): void {
    this.#paused = false
    this.#go()
  }

  data(): void {}
  end(): void {}

  #go(): void {
    if (this.#giving) return
    const { body, trailers } = this.#given
    this.#giving = true
    while (!this.#paused && !this.#over && this.#next < body.length) this.#up.data(body[this.#next++] as Buffer)
    this.#giving = false
    // An end needs no room.
    if (this.#over || this.#next < body.length) return
    this.#over = true
    this.#up.end(trailers)
  }
}
