/** Which bulkhead a request belongs to. */
import type { EndpointStates } from '../../core/endpoint-states.ts'
import type { ProxyError } from '../../core/errors.ts'
import type { PolicyEvents } from '../../core/events.ts'
import type { EndpointInfo, RequestHead } from '../../core/exchange.ts'
import type { Eligible } from '../../core/policy.ts'
import type { Bulkhead } from './bulkhead.ts'

export interface Find<B = Bulkhead> {
  of(request: RequestHead): B
}

/** `per: service` and `per: route`: settled when the stack is made. */
export class Fixed<B> implements Find<B> {
  readonly #bulkhead: B

  constructor(bulkhead: B) {
    this.#bulkhead = bulkhead
  }

  of(): B {
    return this.#bulkhead
  }
}

/** `per: source`. Sources are names of the configuration, so there are not many; whom we do not know shares ''. */
export class BySource<B> implements Find<B> {
  readonly #known = new Map<string, B>()
  readonly #make: (source: string) => B

  constructor(make: (source: string) => B) {
    this.#make = make
  }

  of(request: RequestHead): B {
    const source = request.exchange.source
    let bulkhead = this.#known.get(source)
    if (bulkhead === undefined) {
      bulkhead = this.#make(source)
      this.#known.set(source, bulkhead)
    }
    return bulkhead
  }
}

/** `per: endpoint`: a full one is not picked while another has room. */
export class ByEndpoint implements Find, Eligible {
  readonly #states: EndpointStates<Bulkhead>
  readonly #events: PolicyEvents

  constructor(states: EndpointStates<Bulkhead>, events: PolicyEvents) {
    this.#states = states
    this.#events = events
  }

  of(request: RequestHead): Bulkhead {
    return this.#states.of(request.attempt.endpoint as EndpointInfo)
  }

  admits(endpoint: EndpointInfo, request: RequestHead): boolean {
    const slots = this.#states.of(endpoint).slots
    if (slots.maxStreams > 0 && request.exchange.route?.stream === true) return slots.streams < slots.maxStreams
    return slots.free
  }

  refusal(endpoint: EndpointInfo): ProxyError {
    return this.#states.of(endpoint).full
  }

  refused(request: RequestHead, error: ProxyError): void {
    this.#events.bulkheadRejected(request.exchange, error.reason)
  }
}
