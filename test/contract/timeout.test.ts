import type { Layer } from '../../src/core/exchange.ts'
import { timeout, type TimeoutConfig } from '../../src/policies/timeout/policy.ts'
import { scopeOf } from './scope.ts'
import { contractSuite } from './suite.ts'

const NONE: TimeoutConfig = {
  request: undefined,
  perTry: undefined,
  idle: undefined,
  connect: 1000,
  maxStream: undefined,
}

function suite(name: string, part: 'request' | 'picked', config: Partial<TimeoutConfig>): void {
  contractSuite(name, (env) => ({ layer: timeout.create({ ...NONE, ...config }, scopeOf(env))[part] as Layer }))
}

suite('timeout, defaults', 'request', {})
suite('timeout, short idle and streams', 'request', { idle: 40, maxStream: 100 })
suite('timeout, perTry', 'picked', { perTry: 50 })
suite('timeout, no perTry', 'picked', {})
