/** G1–G9 through generated histories, for both parts of the policy. */
import type { Layer } from '../../../src/core/exchange.ts'
import { type TimeoutConfig, timeout } from '../../../src/policies/timeout/policy.ts'
import { calls } from '../../contract/grpc-calls.ts'
import { contractSuite } from '../../contract/suite.ts'
import { testScope } from '../../support/stubs.ts'
import { NOTHING } from './scene.ts'

function suite(
  name: string,
  part: 'request' | 'picked',
  config: TimeoutConfig,
  around = (layer: Layer) => layer,
): void {
  contractSuite(name, ({ clock }) => ({ layer: around(timeout.create(config, { ...testScope(), clock })[part]!) }))
}

function bounded(layer: Layer): Layer {
  return calls(layer, 150)
}

suite('the deadline layer with its defaults', 'request', NOTHING)
suite('the deadline layer with every limit', 'request', { ...NOTHING, request: 300, idle: 100, maxStream: 200 })
suite('the deadline layer of gRPC calls', 'request', { ...NOTHING, request: 300, idle: 100, maxStream: 200 }, bounded)
suite('the perTry layer with its defaults', 'picked', NOTHING)
suite('the perTry layer', 'picked', { ...NOTHING, perTry: 50 })
suite('the perTry layer of gRPC calls', 'picked', { ...NOTHING, perTry: 50 }, bounded)
