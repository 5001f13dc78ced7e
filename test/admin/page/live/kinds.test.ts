import t from 'tap'
import { Kinds } from '../../../../src/admin/page/live/kinds.ts'
import type { EndedExchange } from '../../../../src/telemetry/index.ts'

function record(time: number, route = '/v1', endpoint = 'a:1', status = 503): EndedExchange {
  const attempt = { kind: 'first', endpoint, at: 0, ms: time, status, grpcStatus: '', reason: '', whyNext: '' } as const
  return {
    time,
    direction: 'outbound',
    service: 'inventory',
    route,
    method: 'GET',
    outcome: 'failed',
    status,
    grpcStatus: '',
    origin: 'upstream',
    reason: '',
    duration: time,
    attemptCount: 1,
    attempts: [attempt],
    shadow: [],
    path: '',
    cause: '',
    traceId: '',
  }
}

t.test('Requests that went the same way are one, whatever endpoint and time', (t) => {
  const kinds = new Kinds()
  kinds.take([record(1), record(2, '/v1', 'b:1'), record(3, '/v2')])
  kinds.take([record(4)])
  const list = kinds.list().map(({ newest, count, since }) => [newest.route, newest.time, count, since])
  t.strictSame(list, [
    ['/v1', 4, 3, 1],
    ['/v2', 3, 1, 3],
  ])
  t.end()
})

t.test('Another status is another kind, and a storm does not push it out', (t) => {
  const kinds = new Kinds()
  kinds.take([record(0, '/v1', 'a:1', 504)])
  for (let i = 1; i < 5000; i++) kinds.take([record(i)])
  t.strictSame(
    kinds.list().map(({ newest, count }) => [newest.status, count]),
    [
      [503, 4999],
      [504, 1],
    ],
  )
  t.end()
})

t.test('A hundred kinds are kept, those that were seen last', (t) => {
  const kinds = new Kinds()
  for (let i = 0; i < 150; i++) kinds.take([record(i, `/v${i}`)])
  const list = kinds.list()
  t.equal(list.length, 100)
  t.equal(list[0]?.newest.route, '/v149')
  t.equal(list.at(-1)?.newest.route, '/v50')
  kinds.clear()
  t.strictSame(kinds.list(), [])
  t.end()
})
