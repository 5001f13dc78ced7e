import type { IdempotencySnapshot, Observable } from '../../src/core/events.ts'
import type { Timer } from '../../src/core/clock.ts'
import type { Dispatch, Layer } from '../../src/core/exchange.ts'
import { ReplayAccount } from '../../src/core/replay-buffer.ts'
import { Door } from '../../src/policies/idempotency/door.ts'
import { reachedLayer } from '../../src/policies/idempotency/layer.ts'
import { MemoryStore } from '../../src/policies/idempotency/memory-store.ts'
import { idempotency, type IdempotencyConfig } from '../../src/policies/idempotency/policy.ts'
import { type Asker, FAILED, type StoreLater } from '../../src/policies/idempotency/store.ts'
import type { SubjectEnv } from './play.ts'
import { restOf, scopeOf } from './scope.ts'
import { contractSuite } from './suite.ts'

const CONFIG: IdempotencyConfig = {
  header: 'Idempotency-Key',
  ttl: 300,
  store: 'memory',
  onStoreError: 'refuse',
  required: false,
  maxBodyBytes: 30_000,
  onConcurrent: 'wait',
  onUnknown: 'hold',
}

/** Every write has one of two keys; whose POST is whose is told by nothing else, so that payloads differ as well. */
function keyed(layer: Layer, inner: Layer): Layer {
  return (next) => {
    const dispatch = layer(inner(next))
    return (request, response) => {
      const key = request.method === 'POST' ? ['Idempotency-Key', `key-${request.bodyLength % 3}`] : []
      return dispatch(request.withHeaders(Object.freeze([...request.headers, ...key])), response)
    }
  }
}

function leased(states: Iterable<unknown>): string[] {
  return [...states].flatMap((state) => {
    const { leased } = (state as Observable).snapshot() as IdempotencySnapshot
    return leased === 0 ? [] : [`${leased} keys are still leased`]
  })
}

/** Memory that takes its time, and now and then says nothing or fails, as a store on the network does. */
class SlowStore implements StoreLater {
  readonly atOnce = false
  readonly #memory: MemoryStore
  readonly #env: SubjectEnv
  readonly #asking = new Map<Asker, Timer | undefined>()

  constructor(memory: MemoryStore, env: SubjectEnv) {
    this.#memory = memory
    this.#env = env
  }

  acquire(key: string, asker: Asker): void {
    const answer = () => {
      if (!this.#asking.delete(asker)) return
      asker.told(this.#env.random.chance(0.1) ? FAILED : this.#memory.look(key))
    }
    const quick = this.#env.random.chance(0.5)
    if (quick) queueMicrotask(answer)
    this.#asking.set(asker, quick ? undefined : this.#env.clock.schedule(30, { expired: answer }))
  }

  wait(key: string, asker: Asker): void {
    this.#memory.wait(key, asker)
  }

  forget(asker: Asker): void {
    this.#env.clock.cancel(this.#asking.get(asker))
    this.#asking.delete(asker)
    this.#memory.forget(asker)
  }

  snapshot(): IdempotencySnapshot {
    return this.#memory.snapshot()
  }
}

function suite(name: string, config: Partial<IdempotencyConfig>): void {
  contractSuite(
    name,
    (env) => {
      env.ledger.outliving.add('subject')
      const scope = scopeOf(env)
      const parts = idempotency.create({ ...CONFIG, ...config }, scope)
      const layer = keyed(parts.request as Layer, parts.picked as Layer)
      return { layer, atRest: () => [...restOf(scope), ...leased(scope.states.values())] }
    },
    { askers: 5 },
  )
}

function slow(name: string, rules: { readonly waits: boolean; readonly proceeds: boolean }): void {
  contractSuite(
    name,
    (env) => {
      env.ledger.outliving.add('subject')
      const { clock, events } = scopeOf(env)
      const options = { service: 's', policy: 'p', ttl: 300, release: true, maxKeys: 2, maxBytes: 100_000 }
      const memory = new MemoryStore(options, clock, events)
      const store = new SlowStore(memory, env)
      const account = new ReplayAccount(50_000)
      const stated = { field: 'idempotency-key', required: false, maxBodyBytes: 30_000, ...rules }
      const door = (next: Dispatch) => new Door({ rules: stated, store, clock, events, account }, next)
      const layer: Layer = (next) => {
        const made = door(next)
        return (request, response) => made.dispatch(request, response)
      }
      const held = () => (account.used === 0 ? [] : [`${account.used} bytes are held`])
      return { layer: keyed(layer, reachedLayer), atRest: () => [...held(), ...leased([memory])] }
    },
    { askers: 5 },
  )
}

suite('idempotency whose duplicates wait', {})
suite('idempotency whose duplicates are refused', { onConcurrent: 'refuse', required: true })
suite('idempotency that forgets what it does not know', { onUnknown: 'release', maxBodyBytes: 3000 })
slow('idempotency with a store that takes its time', { waits: true, proceeds: false })
slow('idempotency that goes on without its store', { waits: false, proceeds: true })
