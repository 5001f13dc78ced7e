import t from 'tap'
import { ProxyError, REASON_LIST, type Reason } from '../../src/core/errors.ts'
import { ResponseHead } from '../../src/core/exchange.ts'
import { GRPC_STATUS, OutcomeSet, TIMEOUTS } from '../../src/core/outcome.ts'

function head(status: number, ...headers: string[]): ResponseHead {
  return new ResponseHead(status, '', headers, -1, 'upstream', '')
}

function error(reason: Reason): ProxyError {
  return new ProxyError(reason, 'upstream', 'no', '')
}

function statuses(set: OutcomeSet): number[] {
  return Array.from({ length: 600 }, (_, status) => status).filter((status) => set.hasHead(head(status)))
}

function reasons(set: OutcomeSet): Reason[] {
  return REASON_LIST.filter((reason) => set.hasError(error(reason)))
}

t.test('OutcomeSet of nothing holds nothing', async (t) => {
  const set = new OutcomeSet([])
  t.strictSame(statuses(set), [])
  t.strictSame(reasons(set), [])
  t.notOk(set.hasHead(head(200, 'grpc-status', '14')))
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

t.test('OutcomeSet does not fall over a status past 599', async (t) => {
  for (const token of ['5xx', '599', 'any']) {
    t.notOk(new OutcomeSet([token]).hasHead(head(600)))
    t.notOk(new OutcomeSet([token]).hasHead(head(999)))
  }
})

t.test('OutcomeSet knows the group timeout', async (t) => {
  t.strictSame(reasons(new OutcomeSet(['timeout'])).sort(), [...TIMEOUTS].sort())
  t.strictSame([...TIMEOUTS].sort(), ['connect_timeout', 'per_try_timeout', 'request_timeout', 'stream_idle_timeout'])
})

t.test('OutcomeSet of any never holds what is an answer to the client', async (t) => {
  const set = new OutcomeSet(['any'])
  const left = REASON_LIST.filter((reason) => !set.hasError(error(reason)))
  t.strictSame([...left].sort(), ['client_cancelled', 'denied', 'rate_limited', 'superseded', 'unauthorized'])
  t.ok(set.hasHead(head(500)))
  t.ok(set.hasHead(head(599)))
  t.notOk(set.hasHead(head(499)))
  t.notOk(set.hasHead(head(404)))
  t.notOk(set.hasHead(head(200)))
})

t.test('OutcomeSet reads grpc:NAME from the head, whatever the HTTP status', async (t) => {
  for (let code = 0; code < GRPC_STATUS.length; code++) {
    const set = new OutcomeSet([`grpc:${GRPC_STATUS[code]}`])
    for (let other = 0; other < GRPC_STATUS.length; other++) {
      t.equal(set.hasHead(head(200, 'Grpc-Status', String(other))), other === code, `${code} ${other}`)
    }
    t.notOk(set.hasHead(head(200)), 'no grpc-status')
  }
})

t.test('OutcomeSet takes no nonsense for a gRPC status', async (t) => {
  const set = new OutcomeSet(['grpc:OK', 'grpc:UNAVAILABLE'])
  for (const value of ['17', '-1', 'UNAVAILABLE', '14.5', 'NaN', '99999999999']) {
    t.notOk(set.hasHead(head(200, 'grpc-status', value)), value)
  }
})

t.test('GRPC_STATUS lists the codes of gRPC in order', async (t) => {
  t.equal(GRPC_STATUS.length, 17)
  t.equal(GRPC_STATUS.indexOf('DEADLINE_EXCEEDED'), 4)
  t.equal(GRPC_STATUS.indexOf('UNIMPLEMENTED'), 12)
  t.equal(GRPC_STATUS.indexOf('UNAVAILABLE'), 14)
  t.equal(GRPC_STATUS.indexOf('UNAUTHENTICATED'), 16)
})

t.test('OutcomeSet joins its tokens', async (t) => {
  const set = new OutcomeSet(['connect_failure', 'timeout', '503', 'grpc:INTERNAL'])
  t.equal(reasons(set).length, 5)
  t.strictSame(statuses(set), [503])
  t.ok(set.hasHead(head(200, 'grpc-status', '13')))
})
