/** Answers on their way to whoever asked. The listener is open to the network of the pod, so what its readers leave lying is bounded. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock, Timed, Timer } from '../core/clock.ts'
import { type Answer, refusal } from './answer.ts'

/** ms in which an answer is to be taken, longer than any scraper waits. */
const TAKEN_WITHIN = 30_000
/** Bytes that may be on their way together; a single answer may be larger. */
const ROOM = 16 * 1024 * 1024
/** Bytes of an answer for which there is room always: probes must not be refused because a scraper sleeps. */
const SMALL = 16 * 1024
const BUSY = refusal(503, 'busy', 'readers have yet to take what they asked for')

/** Nothing from anywhere else, nothing written into a page, and no page around ours. */
const CONTENT_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export class Outbox {
  readonly #clock: Clock
  /** Bytes of the large answers that are not taken yet. */
  #waiting: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#waiting = 0
  }

  send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
    const size = Buffer.byteLength(answer.body)
    if (size <= SMALL) this.#write(request, response, answer, 0)
    else if (this.#waiting > 0 && this.#waiting + size > ROOM) this.#write(request, response, BUSY, 0)
    else this.#write(request, response, answer, size)
  }

  #write(request: IncomingMessage, response: ServerResponse, made: Answer, held: number): void {
    // Who left while it was made is told nothing, and its end would not be heard any more.
    if (response.destroyed) return
    response.statusCode = made.status
    response.setHeader('content-type', made.type)
    response.setHeader('content-length', Buffer.byteLength(made.body))
    response.setHeader('cache-control', 'no-store')
    response.setHeader('x-content-type-options', 'nosniff')
    response.setHeader('content-security-policy', CONTENT_POLICY)
    if (made.allow !== '') response.setHeader('allow', made.allow)
    // What was not read would be taken for the next request.
    if (!request.complete) response.setHeader('connection', 'close')
    const patience = this.#clock.schedule(TAKEN_WITHIN, new Patience(response))
    this.#waiting += held
    response.once('close', () => this.#taken(patience, held))
    response.end(request.method === 'HEAD' ? undefined : made.body)
  }

  #taken(patience: Timer, held: number): void {
    this.#clock.cancel(patience)
    this.#waiting -= held
  }
}

/** Lets a reader go. One that takes a byte now and then holds an answer as well as one that takes none, so all have the same time. */
class Patience implements Timed {
  readonly #response: ServerResponse

  constructor(response: ServerResponse) {
    this.#response = response
  }

  expired(): void {
    this.#response.destroy()
  }
}
