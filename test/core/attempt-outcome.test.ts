import t from 'tap'
import { judgeFailure, judgeHead, judgeTrailers, type Outcome, type Rules } from '../../src/core/attempt-outcome.ts'
import { ProxyError, type Reason, type Retryable, type Source } from '../../src/core/errors.ts'
import { Attempt } from '../../src/core/exchange.ts'
import { OutcomeSet } from '../../src/core/outcome.ts'
import { schema } from '../../src/policies/breaker/schema.ts'
import { requestHead, responseHead } from '../support/stubs.ts'

const failures = new OutcomeSet(schema.properties?.failures?.default as string[])
const RULES: Rules = { failures, timeouts: true, slowAfter: 1000 }

t.test('judgeHead() counts the statuses and the time to the head', async (t) => {
  for (const [status, took, expected] of [
    [200, 10, 'good'],
    [200, 999, 'good'],
    [200, 1000, 'slow'],
    [404, 10, 'good'],
    [429, 10, 'good'],
    [499, 10, 'good'],
    [500, 10, 'failed'],
    [599, 10, 'failed'],
    [503, 2000, 'failed-slow'],
  ] as const) {
    t.equal(judgeHead(RULES, responseHead(status), false, took), expected, `${status} ${took}`)
  }
  t.equal(judgeHead(RULES, responseHead(200, ['grpc-status', '14']), true, 1), 'failed', 'UNAVAILABLE')
  t.equal(judgeHead(RULES, responseHead(200, ['grpc-status', '5']), true, 1), 'good', 'NOT_FOUND')
  t.equal(judgeHead(RULES, responseHead(200), true, 1), 'good', 'not said yet')
  t.equal(judgeHead(RULES, responseHead(200, ['grpc-status', '14']), false, 1), 'good', 'no gRPC call')
})

t.test('judgeTrailers() lets the status decide, and else what the head said', async (t) => {
  t.equal(judgeTrailers(RULES, ['grpc-status', '14'], 'good'), 'failed')
  t.equal(judgeTrailers(RULES, ['grpc-status', '14'], 'slow'), 'failed-slow')
  t.equal(judgeTrailers(RULES, undefined, 'good'), 'failed', 'no status at all is UNKNOWN')
  for (const code of [0, 1, 3, 5, 6, 7, 8, 9, 10, 11, 12, 16]) {
    t.equal(judgeTrailers(RULES, ['grpc-status', String(code)], 'good'), 'good', String(code))
    t.equal(judgeTrailers(RULES, ['grpc-status', String(code)], 'slow'), 'slow', String(code))
  }
})

interface Moment {
  readonly reason: Reason
  readonly source?: Source
  readonly retryable?: Retryable
  /** When the body was out, ms after the start at 1000; undefined: never. */
  readonly sent?: number | undefined
  readonly granted?: number
  readonly after: number
  readonly answered?: Outcome
  readonly bodyLength?: number
  /** On a connection that was made for it, as the transparent retry is. */
  readonly fresh?: boolean
  readonly rules?: Rules
}

function judge(moment: Moment): Outcome {
  const head = requestHead({ startedAt: 1000, bodyLength: moment.bodyLength ?? -1 })
  const request = head.forAttempt(new Attempt('first', false, moment.fresh ?? false), false)
  request.attempt.startedAt = head.attempt.startedAt
  request.attempt.sentAt = moment.sent === undefined ? 0 : 1000 + moment.sent
  request.attempt.granted = moment.granted ?? Number.POSITIVE_INFINITY
  const error = new ProxyError(moment.reason, moment.source ?? 'upstream', moment.retryable ?? 'no', '')
  return judgeFailure(moment.rules ?? RULES, error, request, moment.answered, 1000 + moment.after)
}

t.test('judgeFailure() counts what the upstream did, and nothing else', async (t) => {
  for (const [expected, moment] of [
    ['failed', { reason: 'connect_failure', after: 5 }],
    ['failed', { reason: 'connect_timeout', after: 500 }],
    ['failed', { reason: 'upstream_reset', after: 5, retryable: 'unanswered' }],
    ['failed-slow', { reason: 'upstream_reset', after: 1500 }],
    ['failed', { reason: 'upstream_reset', after: 1500, answered: 'good' }],
    ['failed-slow', { reason: 'upstream_reset', after: 9000, answered: 'slow' }],
    ['failed', { reason: 'stream_idle_timeout', after: 9000, answered: 'good' }],
    ['good', { reason: 'protocol_error_upstream', after: 5 }],
    ['neutral', { reason: 'upstream_reset', after: 5, retryable: 'unsent-reused' }],
    ['neutral', { reason: 'upstream_reset', after: 5, retryable: 'unanswered-reused' }],
    ['failed', { reason: 'upstream_reset', after: 5, retryable: 'unsent-reused', fresh: true }],
    ['neutral', { reason: 'no_endpoints', source: 'proxy', after: 5, retryable: 'unsent-reused', fresh: true }],
    ['neutral', { reason: 'superseded', source: 'proxy', after: 5000 }],
    ['neutral', { reason: 'bulkhead_full', source: 'proxy', after: 5 }],
    ['neutral', { reason: 'circuit_open', source: 'proxy', after: 5 }],
    ['neutral', { reason: 'no_endpoints', source: 'proxy', after: 5 }],
    ['neutral', { reason: 'pool_exhausted', source: 'proxy', after: 1000 }],
    ['neutral', { reason: 'protocol_error_downstream', source: 'downstream', after: 5 }],
    ['neutral', { reason: 'stream_idle_timeout', source: 'downstream', after: 9000 }],
  ] as readonly [Outcome, Moment][]) {
    t.equal(judge(moment), expected, JSON.stringify(moment))
  }
})

t.test('judgeFailure() counts a timeout only if the upstream had half of what the policy grants', async (t) => {
  for (const [expected, moment] of [
    ['failed', { reason: 'per_try_timeout', sent: 0, granted: 500, after: 500 }],
    ['failed', { reason: 'request_timeout', sent: 0, granted: 500, after: 250 }],
    ['neutral', { reason: 'request_timeout', sent: 0, granted: 500, after: 249 }],
    ['neutral', { reason: 'request_timeout', sent: 400, granted: 500, after: 500 }],
    ['failed', { reason: 'request_timeout', sent: 250, granted: 500, after: 500 }],
    ['neutral', { reason: 'request_timeout', sent: undefined, granted: 500, after: 500 }],
    ['neutral', { reason: 'request_timeout', sent: 0, after: 500 }],
    ['slow', { reason: 'request_timeout', sent: 0, after: 1000 }],
    ['failed-slow', { reason: 'request_timeout', sent: 0, granted: 1000, after: 1000 }],
    ['failed', { reason: 'request_timeout', bodyLength: 0, granted: 500, after: 500 }],
    ['failed', { reason: 'request_timeout', sent: 0, granted: 500, after: 500, answered: 'good' }],
    ['neutral', { reason: 'request_timeout', sent: 0, granted: 5000, after: 500, answered: 'good' }],
  ] as readonly [Outcome, Moment][]) {
    t.equal(judge(moment), expected, JSON.stringify(moment))
  }
})

t.test('judgeFailure() takes a client that leaves late as slow or timed out, an early one as nothing', async (t) => {
  const unjudged: Rules = { ...RULES, slowAfter: Number.POSITIVE_INFINITY }
  const left = { reason: 'client_cancelled', source: 'downstream' } as const
  for (const [expected, moment] of [
    ['neutral', { ...left, sent: 0, after: 999 }],
    ['slow', { ...left, sent: 0, after: 1000 }],
    ['slow', { ...left, bodyLength: 0, after: 1000 }],
    ['neutral', { ...left, bodyLength: 0, after: 999 }],
    ['neutral', { ...left, sent: undefined, after: 5000 }],
    ['failed', { ...left, sent: 0, granted: 500, after: 500 }],
    ['neutral', { ...left, sent: 900, after: 1500 }],
    ['failed', { ...left, sent: 0, granted: 500, after: 600 }],
    ['failed-slow', { ...left, sent: 0, granted: 500, after: 1600 }],
    ['neutral', { ...left, sent: 0, after: 5000, rules: unjudged }],
    ['failed', { ...left, sent: 0, granted: 500, after: 600, rules: unjudged }],
    ['neutral', { ...left, sent: 0, granted: 500, after: 600, rules: { ...RULES, timeouts: false } }],
    ['neutral', { ...left, sent: 0, after: 5000, answered: 'good' }],
    ['slow', { ...left, sent: 0, after: 5000, answered: 'slow' }],
  ] as readonly [Outcome, Moment][]) {
    t.equal(judge(moment), expected, JSON.stringify(moment))
  }
})

t.test('judgeFailure() says nothing of an attempt that found no endpoint', async (t) => {
  const error = new ProxyError('client_cancelled', 'downstream', 'no', '')
  t.equal(judgeFailure(RULES, error, requestHead(), undefined, 99_999), 'neutral')
})
