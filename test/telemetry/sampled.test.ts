import t from 'tap'
import type { Exchange } from '../../src/core/exchange.ts'
import type { AttemptRecord } from '../../src/telemetry/attempt-layer.ts'
import { MOST_ATTEMPTS, SampledExchange } from '../../src/telemetry/sampled.ts'
import type { TraceContext } from '../../src/telemetry/trace-context.ts'
import { requestHead } from '../support/stubs.ts'

t.test('SampledExchange.attempts are the newest, as many as the access log tells of', (t) => {
  const request = requestHead({})
  for (let n = 0; n < MOST_ATTEMPTS + 5; n++) tried(request.exchange, n, 'a span')
  const sampled = new SampledExchange({} as TraceContext, request, undefined)
  t.equal(MOST_ATTEMPTS, 20)
  t.same(
    sampled.attempts.map(({ startedAt }) => startedAt),
    Array.from({ length: MOST_ATTEMPTS }, (_, index) => index + 5),
  )
  t.end()
})

t.test('An attempt that told its upstream nothing of the trace has no span', (t) => {
  const request = requestHead({})
  tried(request.exchange, 0, 'a span')
  tried(request.exchange, 1, '')
  t.same(
    new SampledExchange({} as TraceContext, request, undefined).attempts.map(({ startedAt }) => startedAt),
    [0],
  )
  t.end()
})

t.test('SampledExchange.decided() keeps the first 128 decisions', (t) => {
  const sampled = new SampledExchange({} as TraceContext, requestHead({}), undefined)
  const other = new SampledExchange({} as TraceContext, requestHead({}), undefined)
  for (let at = 0; at < 200; at++) sampled.decided({ name: 'x', at, attributes: {} })
  t.equal(sampled.events.length, 128)
  t.equal(sampled.events[127]?.at, 127)
  t.equal(other.events.length, 0)
  t.end()
})

function tried(exchange: Exchange, startedAt: number, spanId: string): void {
  exchange.attemptLog = { startedAt, spanId, previous: exchange.attemptLog } as AttemptRecord
}
