/**
 * A gRPC server that keeps the deadline it was told may be quicker than our own timers. Whoever judges the attempt, retry and breaker
 * above all, shall hear the same of both.
 */
import type { Clock } from '../../core/clock.ts'
import { ProxyError } from '../../core/errors.ts'
import type { ResponseHandler, ResponseHead } from '../../core/exchange.ts'
import { ForwardingHandler } from '../../core/forwarding.ts'
import { statusIn } from '../../core/grpc-status.ts'
import type { Headers } from '../../core/headers.ts'
import { cancelledInTime, inTime } from './decide.ts'

/** A status of gRPC. */
const DEADLINE_EXCEEDED = 4

const CALL_OVER = new ProxyError('request_timeout', 'upstream', 'no', 'the upstream ended the call at its deadline')

export class OnTime extends ForwardingHandler {
  readonly #clock: Clock
  readonly #until: number
  readonly #attemptOver: ProxyError | undefined
  /** One that says the status, and may be all there is. */
  #held: ResponseHead | undefined

  /**
   * `until`: the deadline that was told, on our clock. `attemptOver`: what it means, where it was `perTry` that the server was told of; then its
   * DEADLINE_EXCEEDED, where nothing came before it, is no answer of the application.
   */
  constructor(up: ResponseHandler, clock: Clock, until: number, attemptOver: ProxyError | undefined) {
    super(up)
    this.#clock = clock
    this.#until = until
    this.#attemptOver = attemptOver
    this.#held = undefined
  }

  override head(head: ResponseHead): void {
    const over = this.#attemptOver !== undefined && statusIn(head.headers) === DEADLINE_EXCEEDED
    if (over && inTime(this.#clock.now(), this.#until)) this.#held = head
    else this.up.head(head)
  }

  override data(chunk: Buffer): void {
    const held = this.#held
    this.#held = undefined
    if (held !== undefined) this.up.head(held)
    this.up.data(chunk)
  }

  override end(trailers?: Headers): void {
    if (this.#held === undefined) this.up.end(trailers)
    else this.up.fail(this.#attemptOver as ProxyError)
  }

  override fail(error: ProxyError): void {
    const over = cancelledInTime(error.resetCode, this.#clock.now(), this.#until)
    this.up.fail(over ? (this.#attemptOver ?? CALL_OVER) : error)
  }
}
