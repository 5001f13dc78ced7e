import type { ConcurrencySnapshot, Observable } from '../../../src/core/events.ts'
import type { Layer } from '../../../src/core/exchange.ts'
import { concurrency } from '../../../src/policies/concurrency/policy.ts'
import { calls } from '../../contract/grpc-calls.ts'
import { restOf, scopeOf } from '../../contract/scope.ts'
import { contractSuite } from '../../contract/suite.ts'

function suite(name: string, mode: 'enforce' | 'shadow', around = (layer: Layer) => layer): void {
  contractSuite(
    name,
    (env) => {
      const scope = { ...scopeOf(env), mode }
      const layer = concurrency.create({ algorithm: 'gradient', min: 2, max: 2 }, scope).request as Layer
      const taken = () => {
        const snapshots = [...scope.states.values()].map((it) => (it as Observable).snapshot() as ConcurrencySnapshot)
        return snapshots.flatMap(({ inflight }) => (inflight === 0 ? [] : [`${inflight} in flight`]))
      }
      return { layer: around(layer), atRest: () => [...restOf(scope), ...taken()] }
    },
    { askers: 5, runs: 500 },
  )
}

suite('concurrency of two', 'enforce')
suite('concurrency of two gRPC calls', 'enforce', calls)
suite('concurrency in shadow mode', 'shadow')
