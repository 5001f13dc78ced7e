/** Gives an answer that is at hand, chunk by chunk and no further than the asker reads. Nobody is beneath any more. */
import type { Clock, Timed, Timer } from './clock.ts'
import { ProxyError } from './errors.ts'
import type { RequestBody, ResponseHandler, ResponseHead } from './exchange.ts'
import type { Headers } from './headers.ts'

/** An answer, ready to be given. */
export interface Given {
  readonly head: ResponseHead
  readonly body: readonly Buffer[]
  readonly trailers: Headers | undefined
}

/** ms for an asker that has stopped reading to go on. No timeout layer is beneath any more; this is what it has for silence by default. */
const LONGEST_PAUSE = 300_000

const UNREAD = new ProxyError('stream_idle_timeout', 'downstream', 'no', 'the client did not read an answer at hand')

export class Giver implements RequestBody, Timed {
  readonly #clock: Clock
  readonly #up: ResponseHandler
  readonly #given: Given
  #next: number
  #paused: boolean
  /** In the middle of giving, or not begun: whoever resumes has to wait. */
  #giving: boolean
  #over: boolean
  /** Runs while the asker does not read what there is. */
  #timer: Timer | undefined

  /** `paused`: the asker reads nothing at the moment. `withBody` false: it asked for the head alone. */
  constructor(clock: Clock, up: ResponseHandler, given: Given, paused: boolean, withBody: boolean) {
    this.#clock = clock
    this.#up = up
    this.#given = given
    this.#next = withBody ? 0 : given.body.length
    this.#paused = paused
    this.#giving = true
    this.#over = false
    this.#timer = undefined
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
    this.#clock.cancel(this.#timer)
    this.#up.fail(reason)
  }

  expired(): void {
    this.abort(UNREAD)
  }

  pauseResponse(): void {
    this.#paused = true
  }

  resumeResponse(): void {
    this.#paused = false
    this.#clock.cancel(this.#timer)
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
    if (this.#over) return
    if (this.#next < body.length) {
      this.#timer = this.#clock.schedule(LONGEST_PAUSE, this)
      return
    }
    // An end needs no room.
    this.#over = true
    this.#up.end(trailers)
  }
}
