/** Requests that wait for a connection, first in, first out. */
import type { Clock, Timed, Timer } from '../core/clock.ts'
import { ProxyError } from '../core/errors.ts'
import type { RequestBody, RequestHead, ResponseHandler } from '../core/exchange.ts'
import { HeldBody, type Holder } from '../core/held-body.ts'

const EXHAUSTED = new ProxyError('pool_exhausted', 'proxy', 'unsent', 'every connection to the endpoint is in use')

export class WaitingLine {
  readonly clock: Clock
  /** What is said to those who waited for too long. */
  late: ProxyError
  readonly #waiting: Set<Waiting>

  constructor(clock: Clock, late = EXHAUSTED) {
    this.clock = clock
    this.late = late
    this.#waiting = new Set()
  }

  get length(): number {
    return this.#waiting.size
  }

  /** `most` may wait, each `limit` ms; past either the request is refused, unsent. */
  join(waiting: Waiting, most: number, limit: number): void {
    const full = this.#waiting.size >= most
    this.#waiting.add(waiting)
    // A refusal comes by timer too, so that it comes after `dispatch` has returned (G1).
    waiting.wait(full ? 0 : limit)
  }

  leave(waiting: Waiting): void {
    this.#waiting.delete(waiting)
  }

  /** The one that waits longest, out of the line. */
  next(): Waiting | undefined {
    for (const waiting of this.#waiting) {
      this.#waiting.delete(waiting)
      return waiting
    }
    return undefined
  }

  refuseAll(error: ProxyError): void {
    // cold: once, when an endpoint is taken away. The set loses each while it is walked, which a Set allows.
    for (const waiting of this.#waiting) waiting.body.refuse(error)
  }
}

export class Waiting implements Holder, Timed {
  readonly body: HeldBody
  readonly request: RequestHead
  readonly host: string
  readonly #line: WaitingLine
  #timer: Timer | undefined

  constructor(line: WaitingLine, request: RequestHead, response: ResponseHandler, host: string) {
    this.body = new HeldBody(response, this)
    this.request = request
    this.host = host
    this.#line = line
    this.#timer = undefined
  }

  wait(limit: number): void {
    if (limit !== Number.POSITIVE_INFINITY) this.#timer = this.#line.clock.schedule(limit, this)
  }

  /** `down` is where it went. */
  go(down: RequestBody): void {
    this.#line.clock.cancel(this.#timer)
    this.body.release(down)
  }

  expired(): void {
    this.body.refuse(this.#line.late)
  }

  abandoned(): void {
    this.#line.clock.cancel(this.#timer)
    this.#line.leave(this)
  }
}
