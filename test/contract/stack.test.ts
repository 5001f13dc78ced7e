/** All policies on top of each other in their real order, `checked()` between every two of them. */
import { DateField } from '../../src/core/date-field.ts'
import type { Mode } from '../../src/core/events.ts'
import type { Dispatch, EndpointInfo, Layer } from '../../src/core/exchange.ts'
import type { PolicyParts } from '../../src/core/policy.ts'
import type { BreakerConfig } from '../../src/policies/breaker/policy.ts'
import type { BulkheadConfig } from '../../src/policies/bulkhead/policy.ts'
import type { ConcurrencyConfig } from '../../src/policies/concurrency/policy.ts'
import type { FaultConfig } from '../../src/policies/fault/policy.ts'
import type { FallbackConfig } from '../../src/policies/fallback/policy.ts'
import {
  ATTEMPT_ORDER,
  MODULES,
  PICKED_ORDER,
  type Place,
  type PolicyName,
  REQUEST_ORDER,
} from '../../src/policies/index.ts'
import type { RateLimitConfig } from '../../src/policies/rate-limit/policy.ts'
import type { OutlierConfig } from '../../src/policies/outlier/outliers.ts'
import type { HedgeConfig } from '../../src/policies/hedge/policy.ts'
import type { RetryConfig } from '../../src/policies/retry/policy.ts'
import type { TimeoutConfig } from '../../src/policies/timeout/policy.ts'
import { Via } from '../../src/core/via.ts'
import { createRescue } from '../../src/server/rescue.ts'
import { checked } from './checked.ts'
import { calls } from './grpc-calls.ts'
import type { SubjectEnv } from './play.ts'
import { restOf, scopeOf } from './scope.ts'
import { contractSuite } from './suite.ts'

const CONFIGS = {
  fallback: [
    {
      use: 'static',
      when: ['circuit_open', 'bulkhead_full'],
      status: 200,
      contentType: 'text/plain',
      body: 'x',
      headers: {},
    },
  ] satisfies FallbackConfig,
  timeout: { request: 2000, perTry: 100, idle: 500, connect: 100, maxStream: 1000 } satisfies TimeoutConfig,
  bulkhead: {
    maxConcurrent: 2,
    maxQueue: 2,
    maxQueueWait: 200,
    maxStreams: 1,
    per: 'service',
  } satisfies BulkheadConfig,
  retry: {
    max: 2,
    when: ['connect_failure', 'upstream_reset', '5xx', 'timeout'],
    methods: 'any',
    unsafe: true,
    backoff: { base: 10, max: 50, jitter: 'full' },
    budget: { percent: 1, window: 10_000, minPerSecond: 100 },
    maxBodyBytes: 65_536,
  } satisfies RetryConfig,
  hedge: { after: 20, maxExtra: 2, budget: 1, methods: ['GET', 'HEAD', 'PUT'] } satisfies HedgeConfig,
  breaker: {
    scope: 'service',
    window: { type: 'count', size: 10, minimumCalls: 3 },
    failureRate: 0.8,
    slowCall: undefined,
    open: { base: 20, max: 100, jitter: 0.2 },
    halfOpen: { probes: 1, maxWait: 100 },
    failures: ['5xx', 'connect_failure', 'upstream_reset'],
  } satisfies BreakerConfig,
  fault: {
    percent: 0.3,
    delay: 20,
    abort: { status: 503 },
    at: 'attempt',
    until: Number.POSITIVE_INFINITY,
  } satisfies FaultConfig,
  outlier: { consecutive: 2, ejectFor: 50, maxEjected: 1, jitter: 0.2 } satisfies OutlierConfig,
  concurrency: { algorithm: 'gradient', min: 3, max: 3 } satisfies ConcurrencyConfig,
  rateLimit: { rate: 100, burst: 3, key: [], scope: 'replica' } satisfies RateLimitConfig,
} as const

function wrap(order: readonly Place[], parts: ReadonlyMap<PolicyName, PolicyParts>, env: SubjectEnv, inner: Dispatch) {
  return order.reduceRight((next, { policy, part }) => {
    const layer = parts.get(policy)?.[part] as Layer | undefined
    return layer === undefined ? next : checked(layer, `${policy}.${part}`, env.ledger)(next)
  }, inner)
}

/** In the place of the balancer: always the same endpoint. */
function pick(env: SubjectEnv): Layer {
  const endpoint: EndpointInfo = {
    address: '127.0.0.1:1',
    states: new Map(),
    meter: undefined,
    warmingSince: Number.NEGATIVE_INFINITY,
  }
  return (next) => (request, response) => {
    const { attempt, exchange } = request
    attempt.endpoint = endpoint
    attempt.number = ++exchange.attempts
    attempt.startedAt = env.clock.now()
    return next(request, response)
  }
}

function stack(configs: Partial<typeof CONFIGS>, mode: Mode = 'enforce'): Parameters<typeof contractSuite>[1] {
  return (env) => {
    const scope = { ...scopeOf(env), mode }
    const parts = new Map<PolicyName, PolicyParts>()
    for (const [name, config] of Object.entries(configs)) {
      parts.set(name as PolicyName, MODULES[name as PolicyName].create(config as never, scope))
    }
    const layer: Layer = (next) => {
      const picked = wrap(PICKED_ORDER, parts, env, next)
      const attempt = wrap(ATTEMPT_ORDER, parts, env, pick(env)(picked))
      return wrap(REQUEST_ORDER, parts, env, attempt)
    }
    return { layer, atRest: () => restOf(scope) }
  }
}

const { fallback, timeout, concurrency, bulkhead, hedge, retry, breaker, outlier, rateLimit, fault } = CONFIGS

contractSuite(
  'the whole stack',
  stack({ fallback, timeout, concurrency, bulkhead, retry, breaker, outlier, rateLimit, fault }),
  {
    askers: 5,
    runs: 1000,
  },
)
/** What a hedge leaves of retry. */
const transparent = { ...retry, max: 0 } as never
contractSuite(
  'the whole stack with a hedge',
  stack({ fallback, timeout, bulkhead, hedge, retry: transparent, breaker, outlier, rateLimit, fault }),
  { askers: 5, runs: 1000 },
)
contractSuite(
  'a hedge, a breaker and a bulkhead of each endpoint',
  stack({
    timeout,
    hedge,
    retry: transparent,
    bulkhead: { ...bulkhead, per: 'endpoint' } as never,
    breaker: { ...breaker, scope: 'endpoint' } as never,
  }),
  { askers: 4, runs: 1000 },
)
contractSuite('timeout over retry', stack({ timeout, retry }), { runs: 1000 })
contractSuite('bulkhead over retry', stack({ bulkhead, retry }), { askers: 4, runs: 1000 })
contractSuite('breaker of each endpoint', stack({ retry, breaker: { ...breaker, scope: 'endpoint' } as never }), {
  runs: 1000,
})
contractSuite('bulkhead of each endpoint', stack({ retry, bulkhead: { ...bulkhead, per: 'endpoint' } as never }), {
  askers: 4,
  runs: 1000,
})
const rescue = (env: SubjectEnv) => createRescue(new Via('test'), new DateField(env.clock))
contractSuite('rescue', (env) => ({ layer: rescue(env) }), { runs: 1000 })
contractSuite('rescue of gRPC calls', (env) => ({ layer: calls(rescue(env)) }), { runs: 1000 })
contractSuite(
  'the whole stack in shadow mode',
  stack({ fallback, timeout, concurrency, bulkhead, retry, breaker, outlier }, 'shadow'),
  {
    askers: 5,
    runs: 300,
  },
)
contractSuite(
  'shadows of each endpoint',
  stack(
    { retry, breaker: { ...breaker, scope: 'endpoint' } as never, bulkhead: { ...bulkhead, per: 'endpoint' } as never },
    'shadow',
  ),
  { askers: 4, runs: 200 },
)
