import type { Layer } from '../../../src/core/exchange.ts'
import { fault, type FaultConfig } from '../../../src/policies/fault/policy.ts'
import { calls } from '../../contract/grpc-calls.ts'
import { restOf, scopeOf } from '../../contract/scope.ts'
import { contractSuite } from '../../contract/suite.ts'

function suite(name: string, config: Partial<FaultConfig>, around = (layer: Layer) => layer): void {
  contractSuite(
    name,
    (env) => {
      const scope = scopeOf(env)
      const { picked } = fault.create({ percent: 0.6, at: 'attempt', until: Infinity, ...config }, scope)
      return { layer: around(picked as Layer), atRest: () => restOf(scope) }
    },
    { runs: 700 },
  )
}

suite('fault that aborts', { abort: { status: 503 } })
suite('fault that delays', { delay: 30 })
suite('fault that delays, then aborts', { delay: 30, abort: { status: 500 } })
suite('fault that aborts gRPC calls', { abort: { status: 503 } }, calls)
