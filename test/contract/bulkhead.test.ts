import type { BulkheadSnapshot, Observable } from '../../src/core/events.ts'
import type { Layer } from '../../src/core/exchange.ts'
import { bulkhead, type BulkheadConfig } from '../../src/policies/bulkhead/policy.ts'
import { type ContractScope, ROUTE, restOf, scopeOf } from './scope.ts'
import { calls } from './grpc-calls.ts'
import { contractSuite } from './suite.ts'

const NARROW: BulkheadConfig = { maxConcurrent: 1, maxQueue: 2, maxQueueWait: 200, per: 'service' }

function taken(scope: ContractScope): string[] {
  const snapshots = [...scope.states.values()].map((state) => (state as Observable).snapshot() as BulkheadSnapshot)
  return snapshots.flatMap(({ inflight, queued, streams }) => {
    return inflight + queued + streams === 0 ? [] : [`${inflight} in flight, ${queued} queued, ${streams} streams`]
  })
}

function suite(
  name: string,
  config: Partial<BulkheadConfig>,
  stream?: boolean,
  around = (layer: Layer) => layer,
): void {
  contractSuite(
    name,
    (env) => {
      const scope = scopeOf(env, { ...ROUTE, stream })
      const layer = bulkhead.create({ ...NARROW, ...config }, scope).request as Layer
      return { layer: around(layer), atRest: () => [...restOf(scope), ...taken(scope)] }
    },
    { askers: 5 },
  )
}

suite('bulkhead of one slot and a queue', {})
suite('bulkhead without a queue', { maxConcurrent: 2, maxQueue: 0 })
suite('bulkhead with places for streams', { maxStreams: 1 })
suite('bulkhead of streams', { maxStreams: 1 }, true)
suite('bulkhead of gRPC calls', { maxStreams: 1 }, undefined, calls)
