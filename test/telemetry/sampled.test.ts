import t from 'tap'
import type { AttemptRecord } from '../../src/telemetry/attempt-layer.ts'
import { MOST_ATTEMPTS, SampledExchange } from '../../src/telemetry/sampled.ts'
import type { TraceContext } from '../../src/telemetry/trace-context.ts'
import { requestHead } from '../support/stubs.ts'

t.test('SampledExchange.tried() keeps the newest attempts, as many as the access log tells of', (t) => {
  const sampled = new SampledExchange({} as TraceContext, requestHead({}), '')
  for (let n = 0; n < MOST_ATTEMPTS + 5; n++) sampled.tried({ startedAt: n } as AttemptRecord)
  t.equal(MOST_ATTEMPTS, 20)
  t.same(
    sampled.attempts.map(({ startedAt }) => startedAt),
    Array.from({ length: MOST_ATTEMPTS }, (_, index) => index + 5),
  )
  t.end()
})
