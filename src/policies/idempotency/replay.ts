/** Gives a kept answer once more, byte for byte, as fast as its reader takes it. */
import type { ProxyError } from '../../core/errors.ts'
import { type RequestBody, ResponseHead, type ResponseHandler } from '../../core/exchange.ts'
import type { StoredAnswer } from './answer.ts'

/** Bytes given at once; a reader that pauses gets no more than the piece under way (G5). */
const PIECE = 64 * 1024

export class Replay implements RequestBody {
  readonly #up: ResponseHandler
  readonly #answer: StoredAnswer
  #at: number
  #paused: boolean
  #giving: boolean
  #over: boolean

  constructor(up: ResponseHandler, answer: StoredAnswer, paused: boolean) {
    this.#up = up
    this.#answer = answer
    this.#at = 0
    this.#paused = paused
    this.#giving = false
    this.#over = false
  }

  /** Each call up may come back (G9): what it changed is looked at anew. */
  start(): void {
    const { status, reasonPhrase, headers, bodyLength } = this.#answer
    const fields = headers.concat('Idempotent-Replayed', 'true')
    this.#giving = true
    this.#up.head(new ResponseHead(status, reasonPhrase, fields, bodyLength, 'replay', ''))
    this.#giving = false
    this.#give()
  }

  #give(): void {
    const { body, trailers } = this.#answer
    if (this.#giving) return
    this.#giving = true
    while (!this.#over && !this.#paused && this.#at < body.length) {
      const from = this.#at
      this.#at = Math.min(body.length, from + PIECE)
      this.#up.data(body.subarray(from, this.#at))
    }
    this.#giving = false
    if (this.#over || this.#at < body.length) return
    this.#over = true
    this.#up.end(trailers)
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
    this.#give()
  }

  data(): void {}
  end(): void {}
}
