/**
 * In shadow mode: looks as the enforced layers look, and only says what has run out. A request is told of once, for it would
 * have been over; nothing that others read (the deadline, what an attempt was granted) is written.
 */
import type { Clock } from '../../core/clock.ts'
import type { Reason } from '../../core/errors.ts'
import type { PolicyEvents } from '../../core/events.ts'
import type { Layer, RequestHead, ResponseHandler } from '../../core/exchange.ts'
import { WholeBody } from '../../core/whole-body.ts'
import { AnswerTimer } from './answer-timer.ts'
import { firstLook, type Limits, perTryOf } from './decide.ts'
import { Watch } from './layer.ts'

export interface ShadowParts {
  readonly limits: Limits
  /** `request`, ms; Infinity without one. */
  readonly total: number
  readonly clock: Clock
  readonly events: PolicyEvents
}

export function shadowDeadlineLayer({ limits, total, clock, events }: ShadowParts): Layer {
  return (next) => (request, up) => {
    const deadline = request.exchange.startedAt + total
    const delay = firstLook(limits, Math.max(0, deadline - clock.now()))
    if (delay === Number.POSITIVE_INFINITY) return next(request, up)
    const watch = new ShadowWatch(up, request, limits, clock, deadline, delay, events)
    watch.body.down = next(request, watch)
    return watch.body
  }
}

class ShadowWatch extends Watch {
  readonly #events: PolicyEvents

  constructor(
    up: ResponseHandler,
    request: RequestHead,
    limits: Limits,
    clock: Clock,
    deadline: number,
    delay: number,
    events: PolicyEvents,
  ) {
    super(up, request, limits, clock, deadline, delay)
    this.#events = events
  }

  protected override ranOut(reason: Reason): void {
    this.#events.decided(this.request.exchange, 'timeout', reason, 'shadow')
  }

  /** What `grpc-timeout` bounds is enforced by whoever enforces. */
  protected override streamDeadline(): number {
    return Number.POSITIVE_INFINITY
  }
}

export function shadowPerTryLayer({ limits, total, clock, events }: ShadowParts): Layer {
  return (next) => (request, up) => {
    const { exchange, attempt } = request
    const deadline = Math.min(exchange.deadline, exchange.startedAt + total)
    const perTry = perTryOf(limits, attempt, deadline)
    if (perTry >= deadline - attempt.startedAt) return next(request, up)
    const watch = new ShadowPerTry(up, request, perTry, clock, events)
    const down = next(request, watch)
    if (request.bodyLength === 0 || request.isTunnel) {
      watch.whole()
      return down
    }
    const body = new WholeBody(watch)
    body.down = down
    return body
  }
}

class ShadowPerTry extends AnswerTimer {
  readonly #request: RequestHead
  readonly #events: PolicyEvents

  constructor(up: ResponseHandler, request: RequestHead, perTry: number, clock: Clock, events: PolicyEvents) {
    super(up, clock, perTry)
    this.#request = request
    this.#events = events
  }

  override expired(): void {
    this.stop()
    this.#events.decided(this.#request.exchange, 'timeout', 'per_try_timeout', 'shadow')
  }
}
