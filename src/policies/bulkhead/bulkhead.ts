/** One bulkhead: its counts, its queue, and what it says of itself. It survives a reload of its unchanged block. */
import type { EndpointState } from '../../core/endpoint-states.ts'
import { ProxyError } from '../../core/errors.ts'
import type { BulkheadSnapshot } from '../../core/events.ts'
import { Slots } from './decide.ts'
import { Queue, type Queued } from './queue.ts'

/** What one bulkhead stands for. */
export interface Identity {
  readonly service: string
  readonly per: string
  /** The route, endpoint or source; before it the policy's name where that holds for some routes only; or ''. */
  readonly key: string
}

export interface Limits {
  readonly maxConcurrent: number
  readonly maxQueue: number
  readonly maxStreams?: number | undefined
}

/** s, for `Retry-After`: a slot is not free for long, and nobody shall ask in a tight loop. */
const RETRY_AFTER = 1

export class Bulkhead implements EndpointState {
  readonly slots: Slots
  /** Values shared by all who are turned away. */
  readonly full: ProxyError
  readonly streamsFull: ProxyError
  readonly waitedTooLong: ProxyError
  readonly #identity: Identity
  readonly #queue = new Queue()
  readonly #handOn = () => this.#drain()
  #handingOn = false

  constructor(identity: Identity, limits: Limits) {
    this.#identity = identity
    this.slots = new Slots(limits.maxConcurrent, limits.maxQueue, limits.maxStreams ?? 0)
    const whose = `the bulkhead per ${identity.per} of ${identity.service}${identity.key && ` (${identity.key})`}`
    this.full = refusal(
      'bulkhead_full',
      `${whose} is full: ${limits.maxConcurrent} in flight, ${limits.maxQueue} waiting`,
    )
    this.streamsFull = refusal('bulkhead_full', `${whose} is full: ${this.slots.maxStreams} streams are open`)
    this.waitedTooLong = refusal('bulkhead_queue_timeout', `no slot of ${whose} became free in time`)
  }

  enqueue(entry: Queued): void {
    this.#queue.push(entry)
  }

  /** `entry` gives up its place in the queue. */
  dequeue(entry: Queued): void {
    this.#queue.remove(entry)
    this.slots.queued--
  }

  releaseSlot(): void {
    this.slots.inflight--
    // In a microtask: whoever ends a request is in the midst of telling so, and starting a stranger's request inside
    // that could come back to the one that ends (G9), or go as deep as the queue is long.
    if (this.slots.queued > 0 && !this.#handingOn) {
      this.#handingOn = true
      queueMicrotask(this.#handOn)
    }
  }

  releaseStream(): void {
    this.slots.streams--
  }

  /** The microtask is the root of what it starts: nothing it throws may end the process (G6). */
  #drain(): void {
    this.#handingOn = false
    while (this.slots.promote()) {
      const entry = this.#queue.shift() as Queued
      try {
        entry.start()
      } catch (error) {
        entry.broke(error)
      }
    }
  }

  idle(): boolean {
    return this.slots.empty
  }

  snapshot(): BulkheadSnapshot {
    const { service, per, key } = this.#identity
    const { inflight, limit, queued, maxQueue, streams, maxStreams } = this.slots
    return { kind: 'bulkhead', service, per, key, inflight, limit, queued, maxQueue, streams, maxStreams }
  }
}

function refusal(reason: 'bulkhead_full' | 'bulkhead_queue_timeout', cause: string): ProxyError {
  return new ProxyError(reason, 'proxy', 'no', cause, RETRY_AFTER)
}
