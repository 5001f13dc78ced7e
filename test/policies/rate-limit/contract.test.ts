import type { Layer } from '../../../src/core/exchange.ts'
import { rateLimit } from '../../../src/policies/rate-limit/policy.ts'
import { restOf, scopeOf } from '../../contract/scope.ts'
import { contractSuite } from '../../contract/suite.ts'

contractSuite(
  'rateLimit of one request in 20 ms',
  (env) => {
    const scope = scopeOf(env)
    const layer = rateLimit.create({ rate: 50, burst: 1, key: ['source'], scope: 'replica' }, scope).picked as Layer
    return { layer, atRest: () => restOf(scope) }
  },
  { askers: 5, runs: 700 },
)
