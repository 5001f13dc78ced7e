import t from 'tap'
import type { Exchange } from '../../src/core/exchange.ts'
import type { AttemptRecord } from '../../src/telemetry/attempt-layer.ts'
import { MOST_ATTEMPTS } from '../../src/telemetry/sampled.ts'
import { tracedAttempts } from '../../src/telemetry/traced-attempts.ts'
import { requestHead } from '../support/stubs.ts'

t.test('tracedAttempts() are the newest, as many as the access log tells of', (t) => {
  const request = requestHead({})
  for (let n = 0; n < MOST_ATTEMPTS + 5; n++) tried(request.exchange, n, 'a span')
  t.equal(MOST_ATTEMPTS, 20)
  t.same(
    tracedAttempts(request.exchange).map(({ startedAt }) => startedAt),
    Array.from({ length: MOST_ATTEMPTS }, (_, index) => index + 5),
  )
  t.end()
})

t.test('An attempt that told its upstream nothing of the trace has no span', (t) => {
  const request = requestHead({})
  tried(request.exchange, 0, 'a span')
  tried(request.exchange, 1, '')
  t.same(
    tracedAttempts(request.exchange).map(({ startedAt }) => startedAt),
    [0],
  )
  t.end()
})

function tried(exchange: Exchange, startedAt: number, spanId: string): void {
  exchange.attemptLog = { startedAt, spanId, previous: exchange.attemptLog } as AttemptRecord
}
