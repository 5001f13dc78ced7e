/**
 * One attempt, beneath the pick of an endpoint: how long connecting and answering may take, and what of it the next hop
 * is told. Without `perTry` and without a body nothing is wrapped.
 */
import type { Clock } from '../../core/clock.ts'
import { ProxyError } from '../../core/errors.ts'
import type { Attempt, Layer, RequestBody, ResponseHandler } from '../../core/exchange.ts'
import { ForwardingBody, NO_BODY } from '../../core/forwarding.ts'
import type { Headers } from '../../core/headers.ts'
import { tellDeadline } from '../../core/told-deadline.ts'
import { AnswerTimer } from './answer-timer.ts'
import { type Limits, perTryOf } from './decide.ts'
import { toldUntil, withGrpcTimeout } from './grpc-timeout.ts'
import { onTime } from './on-time.ts'

/** The request may be on its way or carried out: nobody knows. */
const EXPIRED = new ProxyError('per_try_timeout', 'upstream', 'unanswered', 'no answer within timeout.perTry')

export function perTryLayer(limits: Limits, clock: Clock): Layer {
  return (next) => (request, up) => {
    const attempt = request.attempt
    attempt.connectTimeout = limits.connect
    attempt.granted = limits.granted
    const { deadline, grpc, route } = request.exchange
    const left = deadline - attempt.startedAt
    const perTry = perTryOf(limits, attempt, deadline)
    const bound = Math.min(perTry, left)
    // A deadline ends with the head of a stream, too.
    tellDeadline(attempt.fields, bound, route?.stream === true ? Number.POSITIVE_INFINITY : left)
    const bodyless = request.bodyLength === 0 || request.isTunnel
    if (bodyless) attempt.sentAt = attempt.startedAt
    // Where the deadline comes first, the layer of the whole request sees to it.
    const timed = perTry < left
    const told = grpc ? withGrpcTimeout(request, bound) : request
    const until = grpc ? toldUntil(request, bound) : Number.POSITIVE_INFINITY
    const attemptOver = until === attempt.startedAt + perTry ? EXPIRED : undefined
    if (!timed) {
      const down = next(told, onTime(up, attempt, clock, until, undefined))
      if (bodyless) return down
      const body = new SentBody(attempt, clock, undefined)
      body.down = down
      return body
    }
    const watch = new PerTry(up, clock, perTry)
    const down = next(told, onTime(watch, attempt, clock, until, attemptOver))
    watch.down = down
    if (bodyless) {
      watch.whole()
      return down
    }
    const body = new SentBody(attempt, clock, watch)
    body.down = down
    return body
  }
}

class PerTry extends AnswerTimer {
  down: RequestBody

  constructor(up: ResponseHandler, clock: Clock, perTry: number) {
    super(up, clock, perTry)
    this.down = NO_BODY
  }

  override expired(): void {
    this.down.abort(EXPIRED)
  }
}

/** Notes when the body went down in full: time before that is the client's. */
class SentBody extends ForwardingBody {
  readonly #attempt: Attempt
  readonly #clock: Clock
  readonly #watch: PerTry | undefined

  constructor(attempt: Attempt, clock: Clock, watch: PerTry | undefined) {
    super(NO_BODY)
    this.#attempt = attempt
    this.#clock = clock
    this.#watch = watch
  }

  override end(trailers?: Headers): void {
    this.#attempt.sentAt = this.#clock.now()
    if (this.#watch !== undefined) this.#watch.whole()
    this.down.end(trailers)
  }
}
