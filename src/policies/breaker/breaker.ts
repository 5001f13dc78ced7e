/** One breaker: its circuit, its name, and the announcing of what changed. It survives a reload of its unchanged block. */
import type { Outcome } from '../../core/attempt-outcome.ts'
import type { Clock } from '../../core/clock.ts'
import type { EndpointState } from '../../core/endpoint-states.ts'
import { ProxyError } from '../../core/errors.ts'
import { type BreakerSnapshot, type Forceable, type PolicyEvents, SHADOW } from '../../core/events.ts'
import type { Circuit } from './circuit.ts'
import { seconds } from './decide.ts'
import type { Identity } from './identity.ts'

export class Breaker implements EndpointState, Forceable {
  readonly #identity: Identity
  readonly #circuit: Circuit
  readonly #clock: Clock
  readonly #events: PolicyEvents
  readonly #whose: string

  constructor(identity: Identity, circuit: Circuit, clock: Clock, events: PolicyEvents) {
    this.#identity = identity
    this.#circuit = circuit
    this.#clock = clock
    this.#events = events
    this.#whose = `the ${identity.scope} breaker ${identity.id}`
  }

  admits(): boolean {
    if (this.#circuit.passing) return true
    const admits = this.#circuit.admits(this.#clock.now())
    this.#announce()
    return admits
  }

  /** The generation that admits a request, or REFUSED. */
  admit(): number {
    if (this.#circuit.passing) return this.#circuit.generation
    const generation = this.#circuit.admit(this.#clock.now())
    this.#announce()
    return generation
  }

  answered(generation: number): void {
    this.#circuit.answered(generation)
  }

  /** The end of what `generation` admitted; `answered` as it was said. */
  settle(generation: number, outcome: Outcome, answered: boolean, now: number): void {
    if (outcome === 'neutral') {
      this.#circuit.giveBack(generation, answered)
      return
    }
    const failed = outcome === 'failed' || outcome === 'failed-slow'
    const slow = outcome === 'slow' || outcome === 'failed-slow'
    this.#circuit.record(generation, failed, slow, answered, now)
    this.#announce()
  }

  /** Retrying would only meet the same; the caller is told how long it stays open. */
  refusal(): ProxyError {
    const circuit = this.#circuit
    if (circuit.state !== 'open') {
      return new ProxyError('circuit_open', 'proxy', 'no', `${this.#whose} is half-open and waits for its probes`, 1)
    }
    const left = seconds(circuit.opensFor(this.#clock.now()))
    return new ProxyError('circuit_open', 'proxy', 'no', `${this.#whose} is open`, left)
  }

  force(state: 'open' | 'closed' | 'auto'): void {
    this.#circuit.force(state)
    this.#announce()
  }

  idle(now: number): boolean {
    return this.#circuit.idle(now)
  }

  snapshot(): BreakerSnapshot {
    const circuit = this.#circuit
    const now = this.#clock.now()
    circuit.window.forget(now)
    const probing = circuit.state === 'half_open'
    const calls = probing ? circuit.probes.ended : circuit.window.calls
    const failed = probing ? circuit.probes.failed : circuit.window.failed
    const slow = probing ? circuit.probes.slow : circuit.window.slow
    return {
      kind: 'breaker',
      ...(this.#identity.mode === 'shadow' && SHADOW),
      id: this.#identity.id,
      service: this.#identity.service,
      scope: this.#identity.scope,
      key: this.#identity.key,
      state: circuit.state,
      forced: circuit.forced,
      failureRatio: calls === 0 ? 0 : failed / calls,
      slowRatio: calls === 0 ? 0 : slow / calls,
      calls,
      opensFor: seconds(circuit.opensFor(now)),
    }
  }

  #announce(): void {
    const change = this.#circuit.change
    if (change === undefined) return
    this.#circuit.change = undefined
    this.#events.circuitChanged(this.snapshot(), change.from, `${this.#whose}: ${change.why}`)
  }
}
