import type { Layer } from '../../../src/core/exchange.ts'
import { authorize } from '../../../src/policies/authorize/policy.ts'
import { restOf, scopeOf } from '../../contract/scope.ts'
import { contractSuite } from '../../contract/suite.ts'

contractSuite(
  'authorize of some methods',
  (env) => {
    const scope = scopeOf(env)
    const layer = authorize.create({ allow: [{ methods: ['GET'] }] }, scope).request as Layer
    return { layer, atRest: () => restOf(scope) }
  },
  { runs: 500 },
)
