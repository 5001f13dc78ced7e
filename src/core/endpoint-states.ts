/** The states of one policy with endpoint scope, one per endpoint. */
import type { Clock } from './clock.ts'
import type { Observable, ObservableGroup } from './events.ts'
import type { EndpointInfo } from './exchange.ts'

/** A state that may be thrown away once it says nothing that a new one would not say. */
export interface EndpointState extends Observable {
  /** It holds nothing in flight and remembers nothing that matters at `now`, ms. */
  idle(now: number): boolean
}

/** Below so many nobody is thrown away. */
const FEW = 64

/**
 * Kept by address, so that a state outlives a reload and a new look-up of the name. Endpoints leave without a word, and
 * pods come and go for months: each time the number has doubled, idle states are dropped.
 */
export class EndpointStates<S extends EndpointState> implements ObservableGroup {
  readonly #byAddress = new Map<string, S>()
  readonly #clock: Clock
  readonly #make: (endpoint: EndpointInfo) => S
  #sweepAt = FEW

  constructor(clock: Clock, make: (endpoint: EndpointInfo) => S) {
    this.#clock = clock
    this.#make = make
  }

  of(endpoint: EndpointInfo): S {
    const known = this.#byAddress.get(endpoint.address)
    return known === undefined ? this.#add(endpoint) : known
  }

  get size(): number {
    return this.#byAddress.size
  }

  members(): Iterable<S> {
    return this.#byAddress.values()
  }

  #add(endpoint: EndpointInfo): S {
    if (this.#byAddress.size >= this.#sweepAt) this.#sweep(this.#clock.now())
    const state = this.#make(endpoint)
    this.#byAddress.set(endpoint.address, state)
    return state
  }

  #sweep(now: number): void {
    for (const [address, state] of this.#byAddress) if (state.idle(now)) this.#byAddress.delete(address)
    this.#sweepAt = Math.max(FEW, 2 * this.#byAddress.size)
  }
}
