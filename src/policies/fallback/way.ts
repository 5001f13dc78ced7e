/** One way that a request was sent: to where it was meant to go, or to another service. */
import type { Clock, Timed, Timer } from '../../core/clock.ts'
import type { ProxyError } from '../../core/errors.ts'
import type { Exchange, RequestBody, ResponseHandler, ResponseHead } from '../../core/exchange.ts'
import { NO_BODY } from '../../core/forwarding.ts'
import type { Headers } from '../../core/headers.ts'
import { discard } from './layer.ts'

/** Who sent it, and is told what comes back. */
export interface Sender {
  informational(way: Way, head: ResponseHead): void
  head(way: Way, head: ResponseHead): void
  data(way: Way, chunk: Buffer): void
  end(way: Way, trailers: Headers | undefined): void
  fail(way: Way, error: ProxyError): void
  pauseRequest(way: Way): void
  resumeRequest(way: Way): void
  /** It took too long. */
  expired(way: Way): void
}

export class Way implements ResponseHandler, Timed {
  /** Set right after the dispatch returned (G1). */
  body: RequestBody
  /** The exchange of another service; undefined: the one that the request came with. */
  readonly branch: Exchange | undefined
  readonly #sender: Sender
  /** Nobody wants to hear of it any more. */
  #left: boolean
  #timer: Timer | undefined

  constructor(sender: Sender, branch: Exchange | undefined) {
    this.body = NO_BODY
    this.branch = branch
    this.#sender = sender
    this.#left = false
    this.#timer = undefined
  }

  /** `delay` in ms; Infinity: as long as it likes. */
  limit(clock: Clock, delay: number): void {
    if (delay !== Number.POSITIVE_INFINITY) this.#timer = clock.schedule(delay, this)
  }

  /** The limit holds no longer. */
  unlimit(clock: Clock): void {
    clock.cancel(this.#timer)
    this.#timer = undefined
  }

  /** Ends it; what comes of that is of no interest. */
  leave(reason: ProxyError): void {
    this.#left = true
    this.body.abort(reason)
  }

  /** Its answer is not wanted; as much of it as is there already may still come, and goes nowhere. `then`: it has ended. */
  discard(then: () => void): void {
    this.#left = true
    discard(this.body, then)
  }

  informational(head: ResponseHead): void {
    if (!this.#left) this.#sender.informational(this, head)
  }

  head(head: ResponseHead): void {
    if (!this.#left) this.#sender.head(this, head)
  }

  data(chunk: Buffer): void {
    if (!this.#left) this.#sender.data(this, chunk)
  }

  end(trailers?: Headers): void {
    if (!this.#left) this.#sender.end(this, trailers)
  }

  fail(error: ProxyError): void {
    if (!this.#left) this.#sender.fail(this, error)
  }

  pauseRequest(): void {
    if (!this.#left) this.#sender.pauseRequest(this)
  }

  resumeRequest(): void {
    if (!this.#left) this.#sender.resumeRequest(this)
  }

  expired(): void {
    this.#timer = undefined
    if (!this.#left) this.#sender.expired(this)
  }
}
