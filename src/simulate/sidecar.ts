/** A whole sidecar but for its sockets: the same routing, the same stacks, the same answers. */
import { CacheAccount } from '../core/cache-account.ts'
import type { Config } from '../config/model.ts'
import { DateField } from '../core/date-field.ts'
import type { Observable } from '../core/events.ts'
import type { Dispatch, Layer } from '../core/exchange.ts'
import type { Random } from '../core/random.ts'
import { ReplayAccount } from '../core/replay-buffer.ts'
import { Via } from '../core/via.ts'
import { finalRecipient } from '../server/max-forwards.ts'
import { Receiver } from '../server/receiver.ts'
import { createRescue } from '../server/rescue.ts'
import { Trust } from '../server/trust.ts'
import { type CompileContext, compile } from '../runtime/compile.ts'
import { KeptStates } from '../runtime/kept-state.ts'
import { adapted } from './adapt.ts'
import type { Accept } from './caller.ts'
import type { Engine } from './engine.ts'
import type { Recorder } from './record/recorder.ts'
import { SimulatedServices } from './services.ts'
import type { Ask } from './server.ts'
import type { Workload } from './workload.ts'

const NAME = 'outrigger-simulated'

export class SimulatedSidecar {
  readonly services: SimulatedServices
  readonly inbound: Accept
  readonly outbound: Accept
  readonly #states = new KeptStates()
  readonly #recorder: Recorder
  readonly #others = new WeakSet<Observable>()

  constructor(given: Config, workload: Workload, engine: Engine, random: Random, recorder: Recorder, ask: Ask) {
    this.#recorder = recorder
    const config: Config = adapted(given)
    const { sidecar } = config
    const upstream = {
      clock: engine,
      random,
      violation: () => {},
      defect: (where: string, error: unknown) => recorder.defect(where, error),
    }
    this.services = new SimulatedServices(config, { workload, engine, upstream, recorder, ask })
    const via = new Via(NAME)
    const rescue = createRescue(via, new DateField(engine))
    const outermost: Layer = (next) => recorder.exchange(rescue(next))
    const context: CompileContext = {
      clock: engine,
      random,
      events: recorder,
      replay: new ReplayAccount(sidecar.limits.maxReplayBytes),
      cache: new CacheAccount(sidecar.limits.maxCacheBytes),
      states: this.#states,
      attempt: recorder.attempt,
      upstream,
      services: this.services,
      passthrough: this.services,
      via,
      outermost,
    }
    const runtime = compile(config, context)
    const trust = new Trust(sidecar.trust)
    const receiver = (direction: 'inbound' | 'outbound', dispatch: Dispatch): Accept => {
      const made = new Receiver({
        direction,
        limits: sidecar.limits,
        clock: engine,
        random,
        trust,
        pseudonym: NAME,
        dispatch: () => dispatch,
        looped: dispatch,
        lastHop: outermost(finalRecipient),
        draining: () => false,
        refused: () => {},
        violation: () => {},
        defect: upstream.defect,
        closed: () => {},
      })
      return (head, connection, response) => made.accept(head, connection, response)
    }
    this.inbound = receiver('inbound', runtime.inbound[0] as Dispatch)
    this.outbound = receiver('outbound', runtime.outbound)
  }

  /** Bulkheads are fullest right behind an arrival. */
  look(): void {
    for (const observable of this.#states.observables()) this.#see(observable)
  }

  /** What is no bulkhead is asked once: a limiter's snapshot may be of any size. */
  #see(observable: Observable): void {
    if (this.#others.has(observable)) return
    const snapshot = observable.snapshot()
    if (snapshot.kind === 'bulkhead') this.#recorder.bulkhead(snapshot)
    else this.#others.add(observable)
  }
}
