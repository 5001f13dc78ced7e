/** The block `idempotency`: one effect per key. Inbound only, for it stands before the application that has the effect. */
import type { Dispatch } from '../../core/exchange.ts'
import type { PolicyModule, PolicyParts, PolicyScope } from '../../core/policy.ts'
import { ReplayAccount } from '../../core/replay-buffer.ts'
import { Door, type DoorRules } from './door.ts'
import { idempotencyLayer, reachedLayer } from './layer.ts'
import { MemoryStore } from './memory-store.ts'
import { RedisStore } from './redis/store.ts'
import type { RedisConfig } from './redis/connection.ts'
import { schema } from './schema.ts'
import { ShadowDoor } from './layer-shadow.ts'
import type { Store } from './store.ts'

/** The block after loading: ms and bytes. */
export interface IdempotencyConfig {
  readonly header: string
  readonly ttl: number
  readonly store: 'memory' | { readonly redis: RedisConfig }
  readonly onStoreError: 'refuse' | 'proceed'
  readonly required: boolean
  readonly maxBodyBytes: number
  readonly onConcurrent: 'wait' | 'refuse'
  readonly onUnknown: 'hold' | 'release'
}

/** Where nobody hands in an account of the process: the default of `limits.maxReplayBytes`. */
const DEFAULT_ACCOUNT = new ReplayAccount(32 * 1024 * 1024)

/** Of one memory store. A key takes about 400 bytes and its answer, so that these two bound it to some 70 MB. */
const MAX_KEYS = 100_000
const MAX_BYTES = 32 * 1024 * 1024

function create(config: IdempotencyConfig, scope: PolicyScope): PolicyParts {
  const { clock, events } = scope
  const rules: DoorRules = {
    field: config.header.toLowerCase(),
    required: config.required,
    maxBodyBytes: config.maxBodyBytes,
    waits: config.onConcurrent === 'wait',
    proceeds: config.onStoreError === 'proceed',
  }
  const account = scope.replay ?? DEFAULT_ACCOUNT
  if (scope.mode === 'shadow') {
    const seen = memory(config, scope, 'idempotency shadow')
    return {
      request: idempotencyLayer((next) => new ShadowDoor(rules, seen, events, next)),
      picked: reachedLayer,
    }
  }
  const store = storeOf(config, scope)
  const makeDoor = (next: Dispatch) => new Door({ rules, store, clock, events, account }, next)
  return { request: idempotencyLayer(makeDoor), picked: reachedLayer }
}

function storeOf(config: IdempotencyConfig, scope: PolicyScope): Store {
  const { service, policy, clock, random, events } = scope
  if (config.store === 'memory') return memory(config, scope, 'idempotency')
  const { redis } = config.store
  return scope.state('idempotency redis', service, () => {
    const { ttl } = config
    const options = { service, policy: policy.name, ttl, release: config.onUnknown === 'release', redis }
    return new RedisStore(options, clock, random, events)
  })
}

function memory(config: IdempotencyConfig, scope: PolicyScope, kind: string): MemoryStore {
  const { service, policy, clock, events } = scope
  const release = config.onUnknown === 'release'
  const options = { service, policy: policy.name, ttl: config.ttl, release, maxKeys: MAX_KEYS, maxBytes: MAX_BYTES }
  return scope.state(kind, service, () => new MemoryStore(options, clock, events))
}

export const idempotency: PolicyModule<IdempotencyConfig> = {
  name: 'idempotency',
  schema,
  directions: ['inbound'],
  shadow: true,
  create,
}
