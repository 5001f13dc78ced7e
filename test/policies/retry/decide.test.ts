import t from 'tap'
import { ProxyError, type Reason, type Retryable } from '../../../src/core/errors.ts'
import { ResponseHead } from '../../../src/core/exchange.ts'
import type { Headers } from '../../../src/core/headers.ts'
import { OutcomeSet } from '../../../src/core/outcome.ts'
import {
  type Backoff,
  backoffOf,
  fits,
  LONGEST_PUSHBACK,
  onAnswer,
  onFailure,
  pauseOf,
  type RetryRules,
  seriesAfter,
  type Standing,
  wouldRetry,
} from '../../../src/policies/retry/decide.ts'
import { NEVER } from '../../../src/core/pushback.ts'
import { type AskOptions, DEFAULTS, requestOf } from './scene.ts'

const FULL: Backoff = { base: 25, max: 250, jitter: 'full' }
const FRESH: Standing = { retries: 0, transparentUsed: false, whole: true, bodyBytes: 0 }

function rulesOf(rules: Partial<Omit<RetryRules, 'when'>> & { when?: readonly string[] } = {}): RetryRules {
  const { max = 2, methods = 'idempotent', maxBodyBytes = 64 * 1024 } = rules
  return { max, methods, maxBodyBytes, backoff: FULL, when: new OutcomeSet(rules.when ?? DEFAULTS.when) }
}

function failure(reason: Reason, retryable: Retryable, source: 'upstream' | 'proxy' | 'downstream' = 'upstream') {
  return new ProxyError(reason, source, retryable, '')
}

const GET: AskOptions = { method: 'GET' }
const POST: AskOptions = { method: 'POST', bodyLength: 3 }
const KEYED: AskOptions = { ...POST, headers: ['Idempotency-Key', '"1"'] }
const CALL: AskOptions = { ...POST, grpc: true }
const PUT: AskOptions = { method: 'PUT', bodyLength: 3 }
const MATCHED: AskOptions = { ...PUT, headers: ['If-Match', '"v1"'] }
const SOCKET: AskOptions = { method: 'GET', upgrade: 'websocket' }
const CONNECT: AskOptions = { method: 'CONNECT', bodyLength: -1 }

t.test('onFailure() takes a key that is honoured here for none', async (t) => {
  const request = requestOf(KEYED)
  request.exchange.guarded = true
  const lostRace = failure('upstream_reset', 'unanswered-reused')
  t.equal(onFailure(rulesOf({ max: 0 }), request, lostRace, FRESH), 'not_idempotent')
  // Whoever writes `keyed` says that the application knows it, too.
  t.equal(onFailure(rulesOf({ methods: 'keyed' }), request, lostRace, FRESH), 'retry')
  t.equal(onFailure(rulesOf({ max: 0 }), request, failure('upstream_reset', 'unsent-reused'), FRESH), 'transparent')
})

t.test('onFailure() keeps every row of the matrix', async (t) => {
  const unsent = failure('connect_failure', 'unsent')
  const race = failure('upstream_reset', 'unsent-reused')
  const lost = failure('upstream_reset', 'unanswered')
  const lostRace = failure('upstream_reset', 'unanswered-reused')
  const slow = failure('per_try_timeout', 'unanswered')
  const gone = failure('no_endpoints', 'unsent-reused', 'proxy')
  const rows: [string, AskOptions, ProxyError, Parameters<typeof rulesOf>[0], Partial<Standing>, string][] = [
    ['connect failed: any method', POST, unsent, {}, {}, 'retry'],
    ['connect failed: a conditional write, too', MATCHED, unsent, {}, {}, 'retry'],
    ['connect failed: a tunnel, too', SOCKET, unsent, {}, {}, 'retry'],
    ['connect failed, but not listed', POST, unsent, { when: ['503'] }, {}, 'pass'],
    ['connect failed, no policy', GET, unsent, { max: 0 }, {}, 'pass'],
    ['connect failed, a body too long to keep', POST, unsent, {}, { whole: false }, 'body_too_large'],
    ['connect failed, one read beyond maxBodyBytes', POST, unsent, { maxBodyBytes: 2 }, { bodyBytes: 3 }, 'retry'],
    ['connect failed for the third time', GET, unsent, {}, { retries: 2 }, 'limit'],
    ['the first write failed: any method, at once', POST, race, {}, {}, 'transparent'],
    ['the first write failed, no policy', POST, race, { max: 0 }, {}, 'transparent'],
    ['the first write failed, not listed', POST, race, { when: ['503'] }, {}, 'transparent'],
    ['the first write failed, retries used up', POST, race, {}, { retries: 2 }, 'transparent'],
    ['the first write failed: a tunnel', SOCKET, race, { max: 0 }, {}, 'transparent'],
    ['the first write failed twice', POST, race, {}, { transparentUsed: true }, 'retry'],
    ['the first write failed twice, no policy', POST, race, { max: 0 }, { transparentUsed: true }, 'pass'],
    ['the first write failed, nothing kept', POST, race, { max: 0 }, { whole: false }, 'body_too_large'],
    ['ended unanswered when reused: idempotent', GET, lostRace, { max: 0 }, {}, 'transparent'],
    ['ended unanswered when reused: keyed', KEYED, lostRace, { max: 0 }, {}, 'transparent'],
    ['ended unanswered when reused: neither', POST, lostRace, { max: 0 }, {}, 'not_idempotent'],
    ['ended unanswered when reused: neither, not listed', POST, lostRace, { when: ['503'] }, {}, 'not_idempotent'],
    ['ended unanswered when reused: any method allowed', POST, lostRace, { methods: 'any' }, {}, 'retry'],
    ['ended unanswered when reused: conditional write', MATCHED, lostRace, { max: 0 }, {}, 'not_idempotent'],
    ['ended unanswered when reused: tunnel', SOCKET, lostRace, {}, {}, 'not_idempotent'],
    ['ended unanswered when reused: tunnel, no policy', SOCKET, lostRace, { max: 0 }, {}, 'pass'],
    ['ended unanswered when reused, twice', GET, lostRace, {}, { transparentUsed: true }, 'retry'],
    ['reset after the write: idempotent', PUT, lost, {}, {}, 'retry'],
    ['reset after the write: POST', POST, lost, {}, {}, 'not_idempotent'],
    ['reset after the write: a key does not count', KEYED, lost, {}, {}, 'not_idempotent'],
    ['reset after the write: unless keys count', KEYED, lost, { methods: 'keyed' }, {}, 'retry'],
    ['reset after the write: keys count, but none', POST, lost, { methods: 'keyed' }, {}, 'not_idempotent'],
    ['reset after the write: anything goes', POST, lost, { methods: 'any' }, {}, 'retry'],
    ['reset after the write: a gRPC call', CALL, lost, {}, {}, 'retry'],
    ['reset after the write: conditional write', MATCHED, lost, {}, {}, 'not_idempotent'],
    ['reset after the write: CONNECT', CONNECT, lost, { methods: 'any' }, {}, 'not_idempotent'],
    ['reset after the write: no policy', GET, lost, { max: 0 }, {}, 'pass'],
    [
      'reset after the write: body past maxBodyBytes',
      PUT,
      lost,
      { maxBodyBytes: 2 },
      { bodyBytes: 3 },
      'body_too_large',
    ],
    ['perTry ran out: not listed by default', GET, slow, {}, {}, 'pass'],
    ['perTry ran out: listed', GET, slow, { when: ['timeout'] }, {}, 'retry'],
    ['perTry ran out: listed, POST', POST, slow, { when: ['timeout'] }, {}, 'not_idempotent'],
    ['something had been answered', GET, failure('upstream_reset', 'no'), {}, {}, 'committed'],
    ['our own refusal', GET, failure('circuit_open', 'unsent', 'proxy'), { when: ['circuit_open'] }, {}, 'pass'],
    ['the client left', GET, failure('client_cancelled', 'no', 'downstream'), {}, {}, 'pass'],
    ['the endpoint was taken away: any method', POST, gone, { max: 0 }, {}, 'transparent'],
    ['the endpoint was taken away, twice', POST, gone, { max: 0 }, { transparentUsed: true }, 'transparent'],
    ['the endpoint was taken away, nothing kept', POST, gone, { max: 0 }, { whole: false }, 'body_too_large'],
    ['no endpoint at all', GET, failure('no_endpoints', 'unsent', 'proxy'), {}, {}, 'pass'],
    ['no endpoint for a retry', GET, failure('no_endpoints', 'unsent', 'proxy'), {}, { retries: 1 }, 'no_endpoint'],
  ]
  for (const [name, asked, error, rules, standing, verdict] of rows) {
    t.equal(onFailure(rulesOf(rules), requestOf(asked), error, { ...FRESH, ...standing }), verdict, name)
  }
})

function answer(status: number, headers: Headers = []): ResponseHead {
  return new ResponseHead(status, '', headers, -1, 'upstream', '')
}

t.test('onAnswer() repeats listed answers of idempotent requests', async (t) => {
  const shed = answer(503, ['x-outrigger-reason', 'bulkhead_full'])
  const rows: [string, AskOptions, ResponseHead, Parameters<typeof rulesOf>[0], Partial<Standing>, string][] = [
    ['503', GET, answer(503), {}, {}, 'retry'],
    ['503 of a write', POST, answer(503), {}, {}, 'not_idempotent'],
    ['503 of a write that may be repeated', POST, answer(503), { methods: 'any' }, {}, 'retry'],
    ['503 of a keyed write', KEYED, answer(503), { methods: 'keyed' }, {}, 'retry'],
    ['503 of a conditional write', MATCHED, answer(503), {}, {}, 'not_idempotent'],
    ['503 to an upgrade', SOCKET, answer(503), {}, {}, 'pass'],
    ['503 for the third time', GET, answer(503), {}, { retries: 2 }, 'limit'],
    ['503, and the body is gone', PUT, answer(503), {}, { whole: false }, 'body_too_large'],
    ['503, no policy', GET, answer(503), { max: 0 }, {}, 'pass'],
    ['500 is not listed', GET, answer(500), {}, {}, 'pass'],
    ['5xx', GET, answer(500), { when: ['5xx'] }, {}, 'retry'],
    ['200', GET, answer(200), {}, {}, 'pass'],
    ['409 of a state machine', PUT, answer(409), {}, {}, 'pass'],
    ['429 is not listed', GET, answer(429), {}, {}, 'pass'],
    ['429 listed', GET, answer(429), { when: ['429'] }, {}, 'retry'],
    ['a peer that sheds load', GET, shed, {}, {}, 'pushback'],
    ['a peer whose upstream is down', GET, answer(503, ['x-outrigger-reason', 'no_endpoints']), {}, {}, 'retry'],
    ['UNAVAILABLE of a gRPC call', CALL, answer(200, ['grpc-status', '14']), {}, {}, 'retry'],
    ['another gRPC status', CALL, answer(200, ['grpc-status', '5']), {}, {}, 'pass'],
    ['a gRPC status of no gRPC call', KEYED, answer(200, ['grpc-status', '14']), {}, {}, 'pass'],
    ['503 of a gRPC call: `methods` does not apply', CALL, answer(503), { when: ['503'] }, {}, 'retry'],
    ['502 is UNAVAILABLE to a gRPC client', CALL, answer(502), {}, {}, 'retry'],
  ]
  for (const [name, asked, head, rules, standing, verdict] of rows) {
    t.equal(onAnswer(rulesOf(rules), requestOf(asked), head, { ...FRESH, ...standing }), verdict, name)
  }
  const reasons = ['overload', 'concurrency_limit', 'rate_limited', 'bulkhead_queue_timeout', 'circuit_open']
  for (const reason of reasons) {
    t.equal(onAnswer(rulesOf(), requestOf(GET), answer(503, ['X-Outrigger-Reason', reason]), FRESH), 'pushback', reason)
  }
})

t.test('fits() takes a body of maxBodyBytes, if all of it is at hand', async (t) => {
  const fitting = (bodyBytes: number, whole = true) =>
    fits(rulesOf({ maxBodyBytes: 10 }), { ...FRESH, bodyBytes, whole })
  t.same([fitting(0), fitting(10), fitting(11), fitting(10, false)], [true, true, false, false])
})

t.test('wouldRetry() is for listed failures of the upstream under a policy', async (t) => {
  t.equal(wouldRetry(rulesOf(), failure('upstream_reset', 'no'), false), true)
  t.equal(wouldRetry(rulesOf(), failure('upstream_reset', 'no', 'downstream'), false), false)
  t.equal(wouldRetry(rulesOf(), failure('protocol_error_upstream', 'no'), false), false)
  t.equal(wouldRetry(rulesOf({ max: 0 }), failure('upstream_reset', 'no'), false), false)
})

t.test('backoffOf() doubles up to its ceiling', async (t) => {
  const none = (n: number) => backoffOf({ ...FULL, jitter: 'none' }, n, 0.9)
  t.strictSame([1, 2, 3, 4, 5, 10].map(none), [25, 75, 175, 250, 250, 250])
})

t.test('backoffOf() throws the dice as the jitter says', async (t) => {
  t.equal(backoffOf(FULL, 2, 0), 0)
  t.equal(backoffOf(FULL, 2, 0.5), 37.5)
  const equal = { ...FULL, jitter: 'equal' } as const
  t.equal(backoffOf(equal, 2, 0), 37.5)
  t.equal(backoffOf(equal, 2, 0.5), 56.25)
  t.ok(backoffOf(FULL, 9, 0.999999) < 250, 'never the ceiling itself')
})

t.test('pauseOf() never sleeps past the deadline', async (t) => {
  const at = (deadline: number, pushback?: number) =>
    pauseOf({ ...FULL, jitter: 'none' }, { now: 1000, deadline, pushback, n: 1, dice: 0 })
  t.equal(at(Infinity), 25)
  t.equal(at(1026), 25)
  t.equal(at(1025), 'deadline')
  t.equal(at(900), 'deadline')
  t.equal(at(Infinity, 500), 500, 'Retry-After is kept to the letter')
  t.equal(at(1501, 500), 500)
  t.equal(at(1500, 500), 'pushback')
  t.equal(at(3000, 60_000), 'pushback')
  t.equal(at(Infinity, 0), 0, 'at once, to the letter')
  t.equal(at(1000, 0), 'pushback')
  t.equal(at(Infinity, NEVER), 'pushback')
  t.equal(at(Infinity, LONGEST_PUSHBACK), LONGEST_PUSHBACK)
  t.equal(at(Infinity, LONGEST_PUSHBACK + 1), 'pushback')
})

t.test('seriesAfter() restarts the backoff after a pushback', async (t) => {
  t.equal(seriesAfter(2, undefined), 2)
  t.equal(seriesAfter(2, 0), 0)
  t.equal(seriesAfter(2, 1000), 0)
})
