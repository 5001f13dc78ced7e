import t from 'tap'
import { matches, type TapFilter } from '../../../src/admin/tap/filter.ts'
import { readFilter } from '../../../src/admin/tap/read-filter.ts'
import { NO_STATUS } from '../../../src/core/grpc-status.ts'
import type { RouteRows } from '../../../src/telemetry/index.ts'
import { requestHead } from '../../support/stubs.ts'

const read = (query: string) => readFilter(new URLSearchParams(query), (field) => `--${field}`)

interface Ended {
  readonly method?: string
  readonly service?: string
  readonly route?: string
  readonly status?: number
  readonly rpcStatus?: number
  readonly reason?: string
  readonly took?: number
}

function passes(query: string, ended: Ended): boolean {
  const { method = 'GET', service = 'inventory', route = '/v1/**', status = 200, rpcStatus = NO_STATUS } = ended
  const { reason = '', took = 10 } = ended
  const request = requestHead({ method })
  const rows = { service, template: route } as RouteRows
  const now = request.exchange.startedAt + took
  return matches(read(query) as TapFilter, { request, rows, status, rpcStatus, origin: 'upstream', reason, now })
}

t.test('matches(): one of a list has to fit, and every field', async (t) => {
  const cases: [query: string, ended: Ended, passes: boolean][] = [
    ['', {}, true],
    ['status=503', { status: 503 }, true],
    ['status=503', { status: 502 }, false],
    ['status=5xx', { status: 599 }, true],
    ['status=5xx', { status: 499 }, false],
    ['status=404,500-503', { status: 502 }, true],
    ['status=404&status=500-503', { status: 404 }, true],
    ['status=500-503', { status: 504 }, false],
    ['status=grpc:UNAVAILABLE', { rpcStatus: 14 }, true],
    ['status=grpc:UNAVAILABLE', { rpcStatus: 13 }, false],
    ['status=grpc:OK', {}, false],
    ['reason=circuit_open', { reason: 'circuit_open' }, true],
    ['reason=circuit_open', { reason: 'bulkhead_full' }, false],
    ['reason=any', { reason: 'bulkhead_full' }, true],
    ['reason=any', { reason: '' }, false],
    ['reason=503', { reason: '503' }, true],
    ['route=/v1/**', {}, true],
    ['route=/v2/**', {}, false],
    ['route=/a,b', { route: '/a,b' }, true],
    ['service=orders,inventory', {}, true],
    ['method=post', { method: 'POST' }, true],
    ['method=post', {}, false],
    ['direction=outbound', {}, true],
    ['direction=inbound', {}, false],
    ['slower-than=1s', { took: 999 }, false],
    ['slower-than=1s', { took: 1000 }, true],
    ['status=5xx&slower-than=1s', { status: 503, took: 10 }, false],
  ]
  for (const [query, ended, wanted] of cases) t.equal(passes(query, ended), wanted, `${query} ${JSON.stringify(ended)}`)
})

t.test('readFilter() says in one sentence what is wrong', async (t) => {
  const cases: [query: string, sentence: RegExp][] = [
    ['status=abc', /^--status must be a status such as 503, 5xx, 500-503 or grpc:UNAVAILABLE, found 'abc'$/],
    ['status=5xx-503', /--status must be .* found '5xx-503'/],
    ['status=503-500', /--status must be/],
    ['status=grpc:NOPE', /--status must be/],
    ['reason=nonsense', /--reason must be any, a reason .* found 'nonsense'/],
    ['direction=up', /--direction must be inbound or outbound, found 'up'/],
    ['slower-than=5', /--slower-than must be a duration such as 250ms, .* found '5'/],
    ['limit=0', /--limit must be a whole number from 1 on, found '0'/],
    ['limit=ten', /--limit must be/],
    ['colour=red', /^there is no --colour; there are --route, --service, /],
  ]
  for (const [query, sentence] of cases) t.match(read(query), sentence)
})

t.test('readFilter() takes what is empty for what is not there', async (t) => {
  t.match(read('status=&limit=&slower-than=&route='), { statuses: [], routes: [], slowerThan: 0, limit: Infinity })
  t.match(read('limit=3'), { limit: 3 })
})

t.test('readFilter() takes fifty words of a field, and no more', async (t) => {
  const many = (words: number) => Array(words).fill('5xx').join(',')
  t.type(read(`status=${many(50)}`), 'object')
  t.equal(read(`status=${many(51)}`), '--status may hold at most 50 words')
  t.equal(read('route=/a&'.repeat(51)), '--route may hold at most 50 words')
})
