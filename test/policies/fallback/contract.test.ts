import type { Layer } from '../../../src/core/exchange.ts'
import { fallback, type StaticFallback } from '../../../src/policies/fallback/policy.ts'
import { calls } from '../../contract/grpc-calls.ts'
import { restOf, scopeOf } from '../../contract/scope.ts'
import { contractSuite } from '../../contract/suite.ts'

const ANY: StaticFallback = {
  use: 'static',
  when: ['any'],
  status: 200,
  contentType: 'application/json',
  body: '{}',
  headers: {},
}

function suite(name: string, entries: Partial<StaticFallback>[], around = (layer: Layer) => layer): void {
  const config = entries.map((entry) => ({ ...ANY, ...entry }))
  contractSuite(name, (env) => {
    const scope = scopeOf(env)
    return { layer: around(fallback.create(config, scope).request as Layer), atRest: () => restOf(scope) }
  })
}

suite('fallback for everything', [{}])
suite('fallback without a body', [{ status: 204 }])
suite('fallback for statuses', [{ when: ['404', '503'] }])
suite('fallback of gRPC calls', [{}, { grpcStatus: 'UNAVAILABLE' }], calls)
