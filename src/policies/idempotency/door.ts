/** What a request meets first, and what everybody behind it shares: the store, the clock, the rules. */
import type { Clock } from '../../core/clock.ts'
import type { ProxyError } from '../../core/errors.ts'
import type { PolicyEvents } from '../../core/events.ts'
import type { Dispatch, RequestBody, RequestHead, ResponseHandler } from '../../core/exchange.ts'
import { refuse } from '../../core/refuse.ts'
import type { ReplayAccount } from '../../core/replay-buffer.ts'
import { concerns } from './decide.ts'
import { ABSENT, MALFORMED, readKey } from './key.ts'
import { Leader } from './leader.ts'
import { IN_FLIGHT_ERROR, MALFORMED_ERROR, MISSING_ERROR, UNKNOWN_ERROR } from './refusals.ts'
import type { Store } from './store.ts'
import { Waiting, type WaitingOwner } from './waiting.ts'

export interface DoorRules {
  /** Lower case. */
  readonly field: string
  readonly required: boolean
  readonly maxBodyBytes: number
  /** A duplicate waits; else it is refused. */
  readonly waits: boolean
  /** Without its store a request goes on unprotected; else it is refused. */
  readonly proceeds: boolean
}

export interface DoorParts {
  readonly rules: DoorRules
  readonly store: Store
  readonly clock: Clock
  readonly events: PolicyEvents
  /** Of the bodies that wait, and of answers while they come. */
  readonly account: ReplayAccount
}

export class Door implements WaitingOwner {
  readonly clock: Clock
  readonly events: PolicyEvents
  readonly store: Store
  readonly account: ReplayAccount
  readonly next: Dispatch
  readonly maxBodyBytes: number
  readonly waits: boolean
  readonly proceeds: boolean
  readonly #field: string
  readonly #required: boolean

  constructor({ rules, store, clock, events, account }: DoorParts, next: Dispatch) {
    this.clock = clock
    this.events = events
    this.store = store
    this.account = account
    this.next = next
    this.maxBodyBytes = rules.maxBodyBytes
    this.waits = rules.waits
    this.proceeds = rules.proceeds
    this.#field = rules.field
    this.#required = rules.required
  }

  dispatch(request: RequestHead, response: ResponseHandler): RequestBody {
    if (!concerns(request)) return this.next(request, response)
    const key = readKey(request.headers, this.#field)
    if (key === ABSENT) {
      return this.#required ? this.#refuse(request, response, MISSING_ERROR) : this.next(request, response)
    }
    if (key === MALFORMED) return this.#refuse(request, response, MALFORMED_ERROR)
    if (request.bodyLength > this.maxBodyBytes) return this.#unprotected(request, response, 'too_large')
    return this.#ask(lookupKey(request, key), request, response)
  }

  #ask(key: string, request: RequestHead, response: ResponseHandler): RequestBody {
    const { store } = this
    if (!store.atOnce) {
      const asker = new Waiting(this, key, request, response)
      store.acquire(key, asker)
      return asker
    }
    const look = store.look(key)
    switch (look.found) {
      case 'leased': {
        const leader = new Leader(response, request, look.lease, this)
        return leader.sentTo(this.next(request, leader))
      }
      case 'done': {
        const asker = new Waiting(this, key, request, response)
        asker.found(look.answer)
        return asker
      }
      case 'in_flight': {
        if (!this.waits) return this.#refuse(request, response, IN_FLIGHT_ERROR)
        const asker = new Waiting(this, key, request, response)
        asker.wait()
        return asker
      }
      case 'full':
        return this.#unprotected(request, response, 'store_full')
      default:
        return this.#refuse(request, response, UNKNOWN_ERROR)
    }
  }

  #unprotected(request: RequestHead, response: ResponseHandler, why: string): RequestBody {
    this.count(request, why)
    return this.next(request, response)
  }

  #refuse(request: RequestHead, response: ResponseHandler, error: ProxyError): RequestBody {
    this.refused(request, error)
    return refuse(response, error)
  }

  refused(request: RequestHead, error: ProxyError): void {
    this.count(request, resultOf(error))
  }

  count(request: RequestHead, result: string): void {
    this.events.decided(request.exchange, 'idempotency', result, 'enforce')
  }
}

/** A key is its caller's own: two named sources never meet in one. Whom we do not know shares ''. */
export function lookupKey(request: RequestHead, key: string): string {
  return `${request.exchange.source}\n${key}`
}

/** `idempotency_in_flight` → `in_flight`. */
function resultOf(error: ProxyError): string {
  if (error === MALFORMED_ERROR) return 'malformed'
  return error.reason === 'idempotency_store_unavailable' ? 'store_error' : error.reason.slice('idempotency_'.length)
}
