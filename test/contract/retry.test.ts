import type { Layer } from '../../src/core/exchange.ts'
import { retry, type RetryConfig } from '../../src/policies/retry/policy.ts'
import { restOf, scopeOf } from './scope.ts'
import { contractSuite } from './suite.ts'

const MANY: RetryConfig = {
  max: 3,
  when: ['connect_failure', 'upstream_reset', 'connect_timeout', '5xx'],
  methods: 'any',
  unsafe: true,
  backoff: { base: 25, max: 100, jitter: 'full' },
  budget: { percent: 1, window: 10_000, minPerSecond: 100 },
  maxBodyBytes: 65_536,
}

function suite(name: string, config: Partial<RetryConfig>): void {
  contractSuite(name, (env) => {
    const scope = scopeOf(env)
    return { layer: retry.create({ ...MANY, ...config }, scope).request as Layer, atRest: () => restOf(scope) }
  })
}

suite('retry, the transparent one only', { max: 0 })
suite('retry of everything', {})
suite('retry without a pause', { backoff: { base: 0, max: 0, jitter: 'none' } })
suite('retry of small bodies only', { maxBodyBytes: 50 })
suite('retry with a small budget', { budget: { percent: 0, window: 1000, minPerSecond: 1 } })
