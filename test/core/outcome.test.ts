import t from 'tap'
import { ProxyError, REASON_LIST, type Reason } from '../../src/core/errors.ts'
import { ResponseHead } from '../../src/core/exchange.ts'
import { GRPC_STATUS } from '../../src/core/grpc-status.ts'
import { OutcomeSet, TIMEOUTS } from '../../src/core/outcome.ts'

function head(status: number, ...headers: string[]): ResponseHead {
  return new ResponseHead(status, '', headers, -1, 'upstream', '')
}

function error(reason: Reason): ProxyError {
  return new ProxyError(reason, 'upstream', 'no', '')
}

function statuses(set: OutcomeSet): number[] {
  return Array.from({ length: 600 }, (_, status) => status).filter((status) => set.hasHead(head(status), false))
}

function reasons(set: OutcomeSet): Reason[] {
  return REASON_LIST.filter((reason) => set.hasError(error(reason), false))
}

t.test('OutcomeSet of nothing holds nothing', async (t) => {
  const set = new OutcomeSet([])
  t.strictSame(statuses(set), [])
  t.strictSame(reasons(set), [])
  t.notOk(set.hasHead(head(200, 'grpc-status', '14'), true))
})

t.test('OutcomeSet takes each reason by its name alone', async (t) => {
  for (const reason of REASON_LIST) {
    const set = new OutcomeSet([reason])
    t.strictSame(reasons(set), [reason])
    t.strictSame(statuses(set), [], reason)
  }
})

t.test('OutcomeSet reads 5xx, single statuses and ranges, both ends included', async (t) => {
  const fives = Array.from({ length: 100 }, (_, i) => 500 + i)
  t.strictSame(statuses(new OutcomeSet(['5xx'])), fives)
  t.strictSame(statuses(new OutcomeSet(['503'])), [503])
  t.strictSame(statuses(new OutcomeSet(['502-504'])), [502, 503, 504])
  t.strictSame(statuses(new OutcomeSet(['429', '500-500', '599'])), [429, 500, 599])
  t.strictSame(reasons(new OutcomeSet(['5xx', '502-504'])), [], 'a status of ours is no status of the upstream')
})

t.test('OutcomeSet takes a status past 599 for a 5xx (RFC 9110 §15)', async (t) => {
  for (const status of [600, 999]) {
    for (const token of ['5xx', 'any']) t.ok(new OutcomeSet([token]).hasHead(head(status), false), token)
    for (const token of ['500', '100-598']) t.notOk(new OutcomeSet([token]).hasHead(head(status), false), token)
  }
})

t.test('OutcomeSet knows the group timeout', async (t) => {
  t.strictSame(reasons(new OutcomeSet(['timeout'])).sort(), [...TIMEOUTS].sort())
  t.strictSame([...TIMEOUTS].sort(), ['connect_timeout', 'per_try_timeout', 'request_timeout', 'stream_idle_timeout'])
})

t.test('OutcomeSet of any never holds what is an answer to the client', async (t) => {
  const set = new OutcomeSet(['any'])
  const left = REASON_LIST.filter((reason) => !set.hasError(error(reason), false))
  t.strictSame([...left].sort(), ['client_cancelled', 'denied', 'rate_limited', 'superseded', 'unauthorized'])
  t.ok(set.hasHead(head(500), false))
  t.ok(set.hasHead(head(599), false))
  t.notOk(set.hasHead(head(499), false))
  t.notOk(set.hasHead(head(404), false))
  t.notOk(set.hasHead(head(200), false))
})

t.test('OutcomeSet reads grpc:NAME from the head of an answer to a gRPC call', async (t) => {
  for (let code = 0; code < GRPC_STATUS.length; code++) {
    const set = new OutcomeSet([`grpc:${GRPC_STATUS[code]}`])
    for (let other = 0; other < GRPC_STATUS.length; other++) {
      const said = head(200, 'Grpc-Status', String(other))
      t.equal(set.hasHead(said, true), other === code, `${code} ${other}`)
      t.notOk(set.hasHead(said, false), 'to another request it is a field like any other')
    }
    t.notOk(set.hasHead(head(200), true), 'no grpc-status')
  }
})

t.test('OutcomeSet reads an HTTP status as gRPC clients do, where there is no other', async (t) => {
  const set = new OutcomeSet(['grpc:UNAVAILABLE'])
  const found = [200, 400, 404, 429, 500, 502, 503, 504].filter((status) => set.hasHead(head(status), true))
  t.strictSame(found, [429, 502, 503, 504])
  t.notOk(set.hasHead(head(503, 'grpc-status', '5'), true), 'its own status wins')
  t.notOk(set.hasHead(head(503), false))
})

t.test('OutcomeSet takes a call that its server cancels for CANCELLED, and for nothing else', async (t) => {
  const cancelled = new ProxyError('upstream_reset', 'upstream', 'unanswered', '', 0, 8)
  const refused = new ProxyError('upstream_reset', 'upstream', 'unanswered', '', 0, 2)
  const resets = new OutcomeSet(['upstream_reset', 'any'])
  t.notOk(resets.hasError(cancelled, true))
  t.ok(resets.hasError(cancelled, false), 'in plain HTTP it is a reset')
  t.ok(resets.hasError(refused, true))
  const named = new OutcomeSet(['grpc:CANCELLED'])
  t.ok(named.hasError(cancelled, true))
  t.notOk(named.hasError(cancelled, false))
  t.notOk(named.hasError(refused, true))
})

t.test('OutcomeSet reads grpc:NAME from trailers', async (t) => {
  const set = new OutcomeSet(['grpc:UNAVAILABLE'])
  t.ok(set.hasTrailers(['x', 'y', 'grpc-status', '14']))
  t.notOk(set.hasTrailers(['grpc-status', '0']))
  t.notOk(set.hasTrailers(['grpc-status', '5']))
  t.notOk(set.hasTrailers(undefined))
  const unknown = new OutcomeSet(['grpc:UNKNOWN'])
  t.ok(unknown.hasTrailers(undefined), 'a call that ends without a status is UNKNOWN to its client')
  t.ok(unknown.hasTrailers(['x', 'y']))
  t.notOk(new OutcomeSet(['5xx', 'timeout']).hasTrailers(undefined), 'no gRPC status is named')
})

t.test('OutcomeSet joins its tokens', async (t) => {
  const set = new OutcomeSet(['connect_failure', 'timeout', '503', 'grpc:INTERNAL'])
  t.equal(reasons(set).length, 5)
  t.strictSame(statuses(set), [503])
  t.ok(set.hasHead(head(200, 'grpc-status', '13'), true))
})
