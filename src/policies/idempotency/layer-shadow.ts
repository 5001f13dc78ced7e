/**
 * Shadow mode: every request passes, and what the block would have done is reported. Keys are counted in memory, whatever the
 * store, and payloads are not compared: nothing is held, hashed or sent anywhere on account of a block that is only tried out.
 */
import type { ProxyError } from '../../core/errors.ts'
import type { PolicyEvents } from '../../core/events.ts'
import type { Dispatch, RequestBody, RequestHead, ResponseHandler, ResponseHead } from '../../core/exchange.ts'
import { ForwardingHandler } from '../../core/forwarding.ts'
import type { Headers } from '../../core/headers.ts'
import { StoredAnswer } from './answer.ts'
import { concerns, fateOf } from './decide.ts'
import { type DoorRules, lookupKey } from './door.ts'
import { ABSENT, MALFORMED, readKey } from './key.ts'
import type { MemoryStore } from './memory-store.ts'
import type { Lease } from './store.ts'

/** Stands for any answer. */
const ANSWERED = new StoredAnswer('', 0, '', [], 0, Buffer.alloc(0), undefined)

const WOULD = { done: 'replayed', in_flight: 'in_flight', unknown: 'unknown', full: 'store_full' } as const

export class ShadowDoor {
  readonly #rules: DoorRules
  readonly #store: MemoryStore
  readonly #events: PolicyEvents
  readonly #next: Dispatch

  constructor(rules: DoorRules, store: MemoryStore, events: PolicyEvents, next: Dispatch) {
    this.#rules = rules
    this.#store = store
    this.#events = events
    this.#next = next
  }

  dispatch(request: RequestHead, response: ResponseHandler): RequestBody {
    if (!concerns(request)) return this.#next(request, response)
    const key = readKey(request.headers, this.#rules.field)
    if (key === ABSENT) {
      if (this.#rules.required) this.#would(request, 'missing')
    } else if (key === MALFORMED) {
      this.#would(request, 'malformed')
    } else if (request.bodyLength > this.#rules.maxBodyBytes) {
      this.#would(request, 'too_large')
    } else {
      const look = this.#store.look(lookupKey(request, key))
      if (look.found === 'leased') return this.#next(request, new Noted(response, request, look.lease))
      if (look.found !== 'failed') this.#would(request, this.#word(look.found))
    }
    return this.#next(request, response)
  }

  #word(found: keyof typeof WOULD): string {
    return found === 'in_flight' && this.#rules.waits ? 'waited' : WOULD[found]
  }

  #would(request: RequestHead, what: string): void {
    this.#events.decided(request.exchange, 'idempotency', what, 'shadow')
  }
}

class Noted extends ForwardingHandler {
  readonly #request: RequestHead
  readonly #lease: Lease
  #head: ResponseHead | undefined

  constructor(up: ResponseHandler, request: RequestHead, lease: Lease) {
    super(up)
    this.#request = request
    this.#lease = lease
    this.#head = undefined
  }

  override head(head: ResponseHead): void {
    this.#head = head
    this.up.head(head)
  }

  override end(trailers?: Headers): void {
    this.#settle(this.#head, trailers)
    this.up.end(trailers)
  }

  override fail(error: ProxyError): void {
    this.#settle(undefined, undefined)
    this.up.fail(error)
  }

  #settle(head: ResponseHead | undefined, trailers: Headers | undefined): void {
    const { grpc, reached } = this.#request.exchange
    this.#lease.settle(fateOf({ head, trailers, grpc, reached, complete: true }), ANSWERED)
  }
}
