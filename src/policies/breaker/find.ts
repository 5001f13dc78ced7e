/** Which breaker an attempt belongs to. */
import type { EndpointStates } from '../../core/endpoint-states.ts'
import type { ProxyError } from '../../core/errors.ts'
import type { EndpointInfo, RequestHead } from '../../core/exchange.ts'
import type { Eligible } from '../../core/policy.ts'
import type { Breaker } from './breaker.ts'

export interface Find {
  of(request: RequestHead): Breaker
}

/** `scope: service` and `scope: route`: settled when the stack is made. */
export class Fixed implements Find {
  readonly #breaker: Breaker

  constructor(breaker: Breaker) {
    this.#breaker = breaker
  }

  of(): Breaker {
    return this.#breaker
  }
}

/** `scope: endpoint`: who is open is not picked while another is not. */
export class ByEndpoint implements Find, Eligible {
  readonly #states: EndpointStates<Breaker>

  constructor(states: EndpointStates<Breaker>) {
    this.#states = states
  }

  of(request: RequestHead): Breaker {
    return this.#states.of(request.attempt.endpoint as EndpointInfo)
  }

  admits(endpoint: EndpointInfo): boolean {
    return this.#states.of(endpoint).admits()
  }

  refusal(endpoint: EndpointInfo): ProxyError {
    return this.#states.of(endpoint).refusal()
  }
}
