/** A request in the queue. */
import type { Clock, Timed, Timer } from '../../core/clock.ts'
import { ProxyError } from '../../core/errors.ts'
import type { PolicyEvents } from '../../core/events.ts'
import type { RequestHead, ResponseHandler } from '../../core/exchange.ts'
import { HeldBody, type Holder } from '../../core/held-body.ts'
import type { Bulkhead } from './bulkhead.ts'
import type { Queued } from './queue.ts'

/** The layer, as those who wait see it. */
export interface Starter {
  readonly clock: Clock
  readonly events: PolicyEvents
  /** Sends a request that has a slot, with `held` in front of it. */
  run(bulkhead: Bulkhead, request: RequestHead, held: HeldBody): void
}

const PAST_DEADLINE = new ProxyError('request_timeout', 'proxy', 'no', 'the deadline passed in the queue of a bulkhead')

export class Waiting implements Queued, Holder, Timed {
  before: Queued | undefined
  after: Queued | undefined
  readonly held: HeldBody
  readonly #starter: Starter
  readonly #bulkhead: Bulkhead
  readonly #request: RequestHead
  readonly #since: number
  readonly #timer: Timer
  #queued: boolean

  /** `bound`: ms it may wait. */
  constructor(
    starter: Starter,
    bulkhead: Bulkhead,
    request: RequestHead,
    response: ResponseHandler,
    now: number,
    bound: number,
  ) {
    this.before = undefined
    this.after = undefined
    this.held = new HeldBody(response, this)
    this.#starter = starter
    this.#bulkhead = bulkhead
    this.#request = request
    this.#since = now
    this.#timer = starter.clock.schedule(bound, this)
    this.#queued = true
    request.exchange.restsUntil = now + bound
  }

  start(): void {
    this.#queued = false
    this.#starter.clock.cancel(this.#timer)
    const { exchange } = this.#request
    const now = this.#starter.clock.now()
    exchange.restsUntil = now
    this.#starter.events.bulkheadWaited(exchange, now - this.#since)
    this.#starter.run(this.#bulkhead, this.#request, this.held)
  }

  broke(error: unknown): void {
    this.#starter.events.defect('bulkhead', error)
    if (!this.held.held) return
    this.#bulkhead.releaseSlot()
    this.held.refuse(new ProxyError('internal_error', 'proxy', 'no', 'starting a queued request threw'))
  }

  /** The caller left, or the wait is over. */
  abandoned(): void {
    if (!this.#queued) return
    this.#queued = false
    this.#starter.clock.cancel(this.#timer)
    this.#bulkhead.dequeue(this)
  }

  /** The deadline names the reason when it was nearer than `maxQueueWait`. */
  expired(): void {
    const exchange = this.#request.exchange
    const late = this.#starter.clock.now() >= exchange.deadline
    const error = late ? PAST_DEADLINE : this.#bulkhead.waitedTooLong
    if (!late) this.#starter.events.bulkheadRejected(exchange, error.reason)
    this.held.refuse(error)
  }
}
