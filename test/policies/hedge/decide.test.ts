import t from 'tap'
import { ProxyError, type Reason, type Source } from '../../../src/core/errors.ts'
import { NEVER } from '../../../src/core/pushback.ts'
import {
  type HedgeRules,
  judgeError,
  judgeHead,
  judgeTrailers,
  mayHedge,
  pauseAfter,
  peeks,
  type Verdict,
  waitedFor,
} from '../../../src/policies/hedge/decide.ts'
import { type RequestOptions, requestHead, responseHead, routeInfo } from '../../support/stubs.ts'

const RULES: HedgeRules = { after: 40, maxExtra: 1, methods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST'] }
const KEY = ['Idempotency-Key', '"1"']

const MAY: readonly (readonly [what: string, request: RequestOptions, may: boolean])[] = [
  ['GET', {}, true],
  ['HEAD', { method: 'HEAD' }, true],
  ['a method that is not listed', { method: 'DELETE' }, false],
  ['a PUT that is listed', { method: 'PUT', bodyLength: 5 }, true],
  ['a conditional PUT', { method: 'PUT', headers: ['If-Match', '"a"'] }, false],
  ['a POST that is listed', { method: 'POST' }, false],
  ['a POST with a key', { method: 'POST', headers: KEY }, true],
  ['a gRPC call where POST is listed', { method: 'POST', grpc: true }, true],
  ['an upgrade', { upgrade: 'websocket' }, false],
  ['a route that the file calls a stream', { route: routeInfo('inventory', '*', true) }, false],
  ['a route that the file calls unary', { route: routeInfo('inventory', '*', false) }, true],
]

for (const [what, request, may] of MAY) {
  t.test(`mayHedge() ${may ? 'hedges' : 'does not hedge'} ${what}`, async (t) => {
    t.equal(mayHedge(RULES, requestHead(request)), may)
  })
}

t.test('mayHedge() hedges no gRPC call where POST is not listed, and no CONNECT at all', async (t) => {
  t.notOk(mayHedge({ ...RULES, methods: ['GET'] }, requestHead({ method: 'POST', grpc: true })))
  t.notOk(mayHedge({ ...RULES, methods: ['CONNECT'] }, requestHead({ method: 'CONNECT' })))
})

const reason = (name: string) => ['x-outrigger-reason', name]
const status = (code: number) => ['grpc-status', String(code)]

const HEADS: readonly (readonly [status: number, headers: string[], grpc: boolean, Verdict])[] = [
  [200, [], false, 'wins'],
  [304, [], false, 'wins'],
  [404, [], false, 'wins'],
  [409, [], false, 'wins'],
  [429, [], false, 'wins'],
  [500, [], false, 'fails'],
  [503, [], false, 'fails'],
  [599, [], false, 'fails'],
  [503, reason('connect_failure'), false, 'fails'],
  [503, reason('overload'), false, 'stops'],
  [429, reason('rate_limited'), false, 'stops'],
  [503, reason('circuit_open'), false, 'stops'],
  [409, reason('idempotency_in_flight'), false, 'stops'],
  [409, reason('idempotency_unknown'), false, 'wins'],
  [200, [], true, 'wins'],
  [200, status(0), true, 'wins'],
  [200, status(14), true, 'fails'],
  [200, status(13), true, 'fails'],
  [200, status(5), true, 'wins'],
  [200, status(8), true, 'wins'],
  [200, [...status(14), ...reason('bulkhead_full')], true, 'stops'],
  [200, [...status(10), ...reason('idempotency_in_flight')], true, 'stops'],
  [503, [], true, 'fails'],
  [404, [], true, 'wins'],
]

for (const [code, headers, grpc, verdict] of HEADS) {
  t.test(`judgeHead() of ${grpc ? 'gRPC ' : ''}${code} ${headers.join(' ')}: ${verdict}`, async (t) => {
    t.equal(judgeHead(responseHead(code, headers), grpc), verdict)
  })
}

t.test('judgeTrailers() reads the status, and takes its absence for UNKNOWN', async (t) => {
  t.equal(judgeTrailers(status(0)), 'wins')
  t.equal(judgeTrailers(status(5)), 'wins')
  t.equal(judgeTrailers(status(14)), 'fails')
  t.equal(judgeTrailers([...status(14), ...reason('overload')]), 'stops')
  t.equal(judgeTrailers(undefined), 'fails')
})

t.test('judgeError() asks elsewhere after an upstream failed, not after a refusal of our own', async (t) => {
  const error = (name: Reason, source: Source) => new ProxyError(name, source, 'no', '')
  t.equal(judgeError(error('upstream_reset', 'upstream'), true), 'fails')
  t.equal(judgeError(error('per_try_timeout', 'upstream'), true), 'fails')
  t.equal(judgeError(error('protocol_error_upstream', 'upstream'), true), 'fails')
  t.equal(judgeError(error('circuit_open', 'proxy'), true), 'stops')
  t.equal(judgeError(error('no_endpoints', 'proxy'), true), 'stops')
})

t.test('peeks() holds the head of a gRPC answer that has no status yet', async (t) => {
  t.ok(peeks(responseHead(200), true))
  t.notOk(peeks(responseHead(200, status(0)), true))
  t.notOk(peeks(responseHead(200), false))
})

t.test('pauseAfter() is at once, as asked for, or never', async (t) => {
  t.equal(pauseAfter('fails', undefined), 0)
  t.equal(pauseAfter('fails', 250), 250)
  t.equal(pauseAfter('fails', NEVER), NEVER)
  t.equal(pauseAfter('stops', undefined), NEVER)
})

t.test('waitedFor() names the delay, and the percentile it is', async (t) => {
  const said = (after: number, delay: number) => waitedFor({ after, maxExtra: 1, methods: [] }, delay)
  t.equal(said(40, 40), '40ms')
  t.equal(said(0.95, 40.2), 'p95 (40ms)')
  t.equal(said(0.999, 1200), 'p99.9 (1200ms)')
})
