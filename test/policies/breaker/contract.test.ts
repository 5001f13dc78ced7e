import type { Layer } from '../../../src/core/exchange.ts'
import { type BreakerConfig, breaker } from '../../../src/policies/breaker/policy.ts'
import { restOf, scopeOf } from '../../contract/scope.ts'
import { contractSuite } from '../../contract/suite.ts'

const NERVOUS: BreakerConfig = {
  scope: 'service',
  window: { type: 'count', size: 10, minimumCalls: 1 },
  failureRate: 0.5,
  slowCall: { threshold: 50, rate: 0.8 },
  open: { base: 20, max: 100, jitter: 0.2 },
  halfOpen: { probes: 1, maxWait: 100 },
  failures: ['5xx', 'connect_failure', 'upstream_reset'],
}

contractSuite(
  'breaker that opens at the first failure',
  (env) => {
    const scope = scopeOf(env)
    return { layer: breaker.create(NERVOUS, scope).attempt as Layer, atRest: () => restOf(scope) }
  },
  { askers: 5 },
)
