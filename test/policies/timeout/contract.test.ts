/** G1–G9 through generated histories, for both parts of the policy. */
import { type TimeoutConfig, timeout } from '../../../src/policies/timeout/policy.ts'
import { contractSuite } from '../../contract/suite.ts'
import { testScope } from '../../support/stubs.ts'
import { NOTHING } from './scene.ts'

function suite(name: string, part: 'request' | 'picked', config: TimeoutConfig): void {
  contractSuite(name, ({ clock }) => ({ layer: timeout.create(config, { ...testScope(), clock })[part]! }))
}

suite('the deadline layer with its defaults', 'request', NOTHING)
suite('the deadline layer with every limit', 'request', { ...NOTHING, request: 300, idle: 100, maxStream: 200 })
suite('the perTry layer with its defaults', 'picked', NOTHING)
suite('the perTry layer', 'picked', { ...NOTHING, perTry: 50 })
