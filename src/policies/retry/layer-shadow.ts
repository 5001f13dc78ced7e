/**
 * In shadow mode: whether the outcome would have been followed by another attempt, or why not, and the budget that this would
 * have cost. It sees the answer that goes to the client, so it knows of the first retry only: what that would have come to
 * nobody can say.
 */
import type { Clock } from '../../core/clock.ts'
import type { ProxyError } from '../../core/errors.ts'
import type { PolicyEvents } from '../../core/events.ts'
import type { Layer, RequestHead, ResponseHandler, ResponseHead } from '../../core/exchange.ts'
import { ForwardingBody, ForwardingHandler, NO_BODY } from '../../core/forwarding.ts'
import { PEEK } from '../../core/grpc-status.ts'
import type { Headers } from '../../core/headers.ts'
import type { Random } from '../../core/random.ts'
import type { Budget } from '../../core/budget.ts'
import { onAnswer, onFailure, pauseOf, type RetryRules, type Standing, type Verdict, wouldRetry } from './decide.ts'
import { onTrailers, peeks, whyTooLate } from './decide-grpc.ts'
import { pushbackIn } from '../../core/pushback.ts'

export interface ShadowParts {
  readonly rules: RetryRules
  /** A budget of its own: what is only imagined costs no retry that is made. */
  readonly budget: Budget
  readonly clock: Clock
  readonly random: Random
  readonly events: PolicyEvents
  /** Bytes of body that would be kept for another attempt. */
  readonly keep: number
}

export function shadowRetryLayer(parts: ShadowParts): Layer {
  return (next) => (request, up) => {
    parts.budget.deposit(request.exchange.startedAt)
    const onlooker = new Onlooker(up, request, parts)
    onlooker.body.down = next(request, onlooker)
    return onlooker.body
  }
}

class Onlooker extends ForwardingHandler implements Standing {
  readonly body: CountedBody
  readonly retries = 0
  /** The transparent retry is made beneath, by the layer that is enforced. */
  readonly transparentUsed = true
  readonly #request: RequestHead
  readonly #parts: ShadowParts
  /** A head went up. */
  #answered: boolean
  /** Until when the head of a gRPC call would be held for its trailers; 0: it would not, or something came behind it. */
  #heldUntil: number

  constructor(up: ResponseHandler, request: RequestHead, parts: ShadowParts) {
    super(up)
    this.body = new CountedBody()
    this.#request = request
    this.#parts = parts
    this.#answered = false
    this.#heldUntil = 0
  }

  get whole(): boolean {
    return this.body.bytes <= this.#parts.keep
  }

  get bodyBytes(): number {
    return this.body.bytes
  }

  override head(head: ResponseHead): void {
    const { rules, clock } = this.#parts
    this.#answered = true
    const verdict = onAnswer(rules, this.#request, head, this)
    if (verdict !== 'pass') this.#report(verdict, head.headers)
    else if (peeks(rules, this.#request, head, this)) this.#heldUntil = clock.now() + PEEK
    this.up.head(head)
  }

  override data(chunk: Buffer): void {
    this.#heldUntil = 0
    this.up.data(chunk)
  }

  override end(trailers?: Headers): void {
    const { rules, clock } = this.#parts
    if (this.#heldUntil >= clock.now()) {
      const verdict = onTrailers(rules, this.#request, trailers, this)
      if (verdict !== 'pass') this.#report(verdict, trailers)
    } else {
      const late = whyTooLate(rules, this.#request, trailers, this)
      if (late !== '') this.#report(late, undefined)
    }
    this.up.end(trailers)
  }

  override fail(error: ProxyError): void {
    if (!this.body.aborted) this.#failed(error)
    this.up.fail(error)
  }

  #failed(error: ProxyError): void {
    const { rules } = this.#parts
    if (this.#answered) {
      if (wouldRetry(rules, error, this.#request.exchange.grpc)) this.#report('committed', undefined)
      return
    }
    const verdict = onFailure(rules, this.#request, error, this)
    if (verdict !== 'pass' && verdict !== 'transparent') this.#report(verdict, undefined)
  }

  /** `fields` are those that may ask for a pause. */
  #report(verdict: Exclude<Verdict, 'pass'>, fields: Headers | undefined): void {
    const { exchange } = this.#request
    this.#parts.events.decided(exchange, 'retry', verdict === 'retry' ? this.#grant(fields) : verdict, 'shadow')
  }

  /** Charges the budget. */
  #grant(fields: Headers | undefined): string {
    const { rules, budget, clock, random } = this.#parts
    const { exchange } = this.#request
    const now = clock.now()
    const pushback = fields === undefined ? undefined : pushbackIn(fields, exchange.grpc, clock.wallTime())
    const moment = { now, deadline: exchange.deadline, pushback, n: 1, dice: random.fraction() }
    const pause = pauseOf(rules.backoff, moment)
    if (typeof pause === 'string') return pause
    return budget.withdraw(now) ? 'retry' : 'budget'
  }
}

class CountedBody extends ForwardingBody {
  bytes: number
  /** Whoever asked has left. */
  aborted: boolean

  constructor() {
    super(NO_BODY)
    this.bytes = 0
    this.aborted = false
  }

  override data(chunk: Buffer): void {
    this.bytes += chunk.length
    this.down.data(chunk)
  }

  override abort(reason: ProxyError): void {
    this.aborted = true
    this.down.abort(reason)
  }
}
