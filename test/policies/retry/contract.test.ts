/** G1–G9 and byte-identical replays, through generated histories. */
import type { Layer } from '../../../src/core/exchange.ts'
import { ReplayAccount } from '../../../src/core/replay-buffer.ts'
import { type RetryConfig, retry } from '../../../src/policies/retry/policy.ts'
import { calls } from '../../contract/grpc-calls.ts'
import { contractSuite } from '../../contract/suite.ts'
import { testScope } from '../../support/stubs.ts'

const STATED: RetryConfig = {
  max: 3,
  when: ['connect_failure', 'upstream_reset', '5xx', 'timeout'],
  methods: 'any',
  unsafe: true,
  backoff: { base: 25, max: 250, jitter: 'full' },
  budget: { percent: 1, window: 10_000, minPerSecond: 100 },
  maxBodyBytes: 64 * 1024,
}

function suite(name: string, config: RetryConfig, limit = 1e6, around = (layer: Layer) => layer): void {
  contractSuite(name, ({ clock, random }) => {
    const replay = new ReplayAccount(limit)
    const { request } = retry.create(config, { ...testScope(), clock, random, replay })
    const atRest = () => (replay.used === 0 ? [] : [`${replay.used} bytes are still held for a replay`])
    return { layer: around(request!), atRest }
  })
}

suite('retry with max 3, any method', STATED)
suite('retry at once', { ...STATED, backoff: { base: 1, max: 1, jitter: 'full' } })
suite('retry of what fits 10 bytes', { ...STATED, maxBodyBytes: 10 })
suite('retry with little to keep bodies in', STATED, 30_000)
suite('retry with max 0', { ...STATED, max: 0, methods: 'idempotent', unsafe: false })

const PEEKING: RetryConfig = { ...STATED, when: ['connect_failure', 'upstream_reset', 'grpc:UNAVAILABLE'] }
suite('retry of gRPC calls', PEEKING, 1e6, calls)
suite('retry of gRPC calls at once', { ...PEEKING, backoff: { base: 1, max: 1, jitter: 'full' } }, 1e6, calls)
suite('retry of gRPC calls with little to keep bodies in', PEEKING, 30_000, calls)
