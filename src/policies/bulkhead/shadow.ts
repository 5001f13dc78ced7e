/**
 * A bulkhead in shadow mode: its slots and its queue are kept as if it were at work, and everybody passes. Whoever would have
 * been turned away holds no slot here either, so what it says of the next request is what it would have done.
 */
import type { Clock, Timed, Timer } from '../../core/clock.ts'
import type { EndpointState } from '../../core/endpoint-states.ts'
import { type BulkheadSnapshot, SHADOW } from '../../core/events.ts'
import type { Identity, Limits } from './bulkhead.ts'
import { Slots } from './decide.ts'
import { Queue, type Queued } from './queue.ts'

export class ShadowBulkhead implements EndpointState {
  readonly slots: Slots
  /** In flight without a place: they would have been turned away, or would still wait. */
  beyond: number
  readonly #identity: Identity
  readonly #queue = new Queue()

  constructor(identity: Identity, limits: Limits) {
    this.slots = new Slots(limits.maxConcurrent, limits.maxQueue, limits.maxStreams ?? 0)
    this.beyond = 0
    this.#identity = identity
  }

  enqueue(entry: Queued): void {
    this.#queue.push(entry)
  }

  dequeue(entry: Queued): void {
    this.#queue.remove(entry)
    this.slots.queued--
  }

  /** The next of the queue have it. */
  releaseSlot(): void {
    this.slots.inflight--
    while (this.slots.promote()) (this.#queue.shift() as Queued).start()
  }

  idle(): boolean {
    return this.slots.empty && this.beyond === 0
  }

  /** `inflight` are all that are really under way: how many slots it would take. */
  snapshot(): BulkheadSnapshot {
    const { service, per, key } = this.#identity
    const { limit, queued, maxQueue, streams, maxStreams } = this.slots
    const inflight = this.slots.inflight + queued + this.beyond
    return { kind: 'bulkhead', ...SHADOW, service, per, key, inflight, limit, queued, maxQueue, streams, maxStreams }
  }
}

/** The place that one request would have. */
export class ShadowPlace implements Queued, Timed {
  before: Queued | undefined
  after: Queued | undefined
  readonly #bulkhead: ShadowBulkhead
  readonly #clock: Clock
  #held: 'none' | 'slot' | 'queue' | 'stream' | 'beyond'
  #timer: Timer | undefined
  readonly #waitedTooLong: () => void

  /** `waitedTooLong`: its wait is over, and no slot was free. */
  constructor(bulkhead: ShadowBulkhead, clock: Clock, waitedTooLong: () => void) {
    this.before = undefined
    this.after = undefined
    this.#bulkhead = bulkhead
    this.#clock = clock
    this.#held = 'none'
    this.#timer = undefined
    this.#waitedTooLong = waitedTooLong
  }

  /** False: it would have been turned away. `wait`: ms in the queue, should it come to that. */
  enter(wait: number): boolean {
    const verdict = this.#bulkhead.slots.enter()
    if (verdict === 'run') {
      this.#held = 'slot'
    } else if (verdict === 'wait') {
      this.#held = 'queue'
      this.#bulkhead.enqueue(this)
      this.#timer = this.#clock.schedule(wait, this)
    } else {
      this.#turnAway()
    }
    return verdict !== 'full'
  }

  /** From whatever it has to a place for streams; false: there is none. */
  becomeStream(): boolean {
    if (this.#held === 'stream' || this.#held === 'beyond') return true
    this.leave()
    if (this.#bulkhead.slots.enterStream()) this.#held = 'stream'
    else this.#turnAway()
    return this.#held === 'stream'
  }

  leave(): void {
    const held = this.#held
    this.#held = 'none'
    this.#clock.cancel(this.#timer)
    const bulkhead = this.#bulkhead
    if (held === 'slot') bulkhead.releaseSlot()
    else if (held === 'queue') bulkhead.dequeue(this)
    else if (held === 'stream') bulkhead.slots.streams--
    else if (held === 'beyond') bulkhead.beyond--
  }

  start(): void {
    this.#held = 'slot'
    this.#clock.cancel(this.#timer)
  }

  broke(): void {}

  expired(): void {
    this.#bulkhead.dequeue(this)
    this.#turnAway()
    this.#waitedTooLong()
  }

  #turnAway(): void {
    this.#held = 'beyond'
    this.#bulkhead.beyond++
  }
}
