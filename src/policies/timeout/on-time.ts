/**
 * A gRPC server that keeps the deadline it was told may be quicker than our own timers. Whoever judges the attempt, retry and breaker
 * above all, shall hear the same of both.
 */
import type { Clock } from '../../core/clock.ts'
import { ProxyError } from '../../core/errors.ts'
import type { Attempt, ResponseHandler, ResponseHead } from '../../core/exchange.ts'
import { ForwardingHandler } from '../../core/forwarding.ts'
import { statusIn } from '../../core/grpc-status.ts'
import { inTime } from '../../core/grpc-timeout.ts'
import type { Headers } from '../../core/headers.ts'
import { cancelledInTime } from './decide.ts'

/** A status of gRPC. */
const DEADLINE_EXCEEDED = 4

const CALL_OVER = new ProxyError('request_timeout', 'upstream', 'no', 'the upstream ended the call at its deadline')

/** `until`: Infinity, where the server was told of no deadline; then nothing is wrapped. The others as of `OnTime`. */
export function onTime(
  up: ResponseHandler,
  attempt: Attempt,
  clock: Clock,
  until: number,
  attemptOver: ProxyError | undefined,
): ResponseHandler {
  return until === Number.POSITIVE_INFINITY ? up : new OnTime(up, attempt, clock, until, attemptOver)
}

class OnTime extends ForwardingHandler {
  readonly #attempt: Attempt
  readonly #clock: Clock
  readonly #until: number
  readonly #attemptOver: ProxyError | undefined
  /** One that says the status, and may be all there is. */
  #held: ResponseHead | undefined
  #headPassed: boolean
  #over: boolean

  /**
   * `until`: the deadline that was told, on our clock. `attemptOver`: what it means, where it was `perTry` that the server was told of; then its
   * DEADLINE_EXCEEDED, where nothing came before it, is no answer of the application. What was told runs from the beginning of the attempt, though,
   * and `perTry` from when the request is out: before that it means nothing.
   */
  constructor(up: ResponseHandler, attempt: Attempt, clock: Clock, until: number, attemptOver: ProxyError | undefined) {
    super(up)
    this.#attempt = attempt
    this.#clock = clock
    this.#until = until
    this.#attemptOver = attemptOver
    this.#held = undefined
    this.#headPassed = false
    this.#over = false
  }

  override head(head: ResponseHead): void {
    const over = this.#attemptMayBeOver && statusIn(head.headers) === DEADLINE_EXCEEDED
    if (over && inTime(this.#clock.now(), this.#until)) this.#held = head
    else this.#pass(head)
  }

  override data(chunk: Buffer): void {
    const held = this.#held
    this.#held = undefined
    if (held !== undefined) this.#pass(held)
    if (!this.#over) this.up.data(chunk)
  }

  override end(trailers?: Headers): void {
    this.#over = true
    if (this.#held === undefined) this.up.end(trailers)
    else this.up.fail(this.#attemptOver as ProxyError)
  }

  override fail(error: ProxyError): void {
    this.#over = true
    if (!cancelledInTime(error.resetCode, this.#clock.now(), this.#until)) this.up.fail(error)
    else if (this.#attemptOver === undefined) this.up.fail(CALL_OVER)
    else this.up.fail(this.#attemptMayBeOver ? this.#attemptOver : error)
  }

  get #attemptMayBeOver(): boolean {
    return this.#attemptOver !== undefined && this.#attempt.sentAt > 0 && !this.#headPassed
  }

  #pass(head: ResponseHead): void {
    this.#headPassed = true
    this.up.head(head)
  }
}
