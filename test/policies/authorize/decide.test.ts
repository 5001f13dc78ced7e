import t from 'tap'
import { type Allowed, AllowList, type Verdict } from '../../../src/policies/authorize/decide.ts'

const LIST: readonly Allowed[] = [
  { source: ['frontend', 'batch'], methods: ['GET', 'HEAD'], paths: ['/v1/**'] },
  { source: ['batch'], methods: ['POST'], paths: ['/v1/orders', '/shop.Orders/*'] },
  { paths: ['/healthz'] },
]

for (const [source, method, path, expected] of [
  ['frontend', 'GET', '/v1/orders/7', 'allowed'],
  ['frontend', 'HEAD', '/v1', 'allowed'],
  ['frontend', 'get', '/v1/orders/7', 'denied'],
  ['frontend', 'POST', '/v1/orders', 'denied'],
  ['batch', 'POST', '/v1/orders', 'allowed'],
  ['batch', 'POST', '/v1/orders/', 'denied'],
  ['batch', 'POST', '/shop.Orders/Create', 'allowed'],
  ['frontend', 'POST', '/shop.Orders/Create', 'denied'],
  ['frontend', 'GET', '/v2/orders', 'denied'],
  ['', 'GET', '/v1/orders/7', 'unauthorized'],
  ['', 'DELETE', '/v1/orders/7', 'denied'],
  ['', 'GET', '/healthz', 'allowed'],
  ['stranger', 'GET', '/healthz', 'allowed'],
  ['', 'OPTIONS', '*', 'denied'],
] as const satisfies readonly (readonly [string, string, string, Verdict])[]) {
  t.test(`judge(): '${source}' ${method} ${path} is ${expected}`, async (t) => {
    t.equal(new AllowList(LIST).judge(source, method, path), expected)
  })
}

t.test('judge(): an empty list allows nothing, an empty entry everything', async (t) => {
  t.equal(new AllowList([]).judge('frontend', 'GET', '/'), 'denied')
  t.equal(new AllowList([]).judge('', 'GET', '/'), 'denied')
  t.equal(new AllowList([{}]).judge('', 'TRACE', '/any'), 'allowed')
})

t.test('judge(): a source of the empty name is not who is unknown', async (t) => {
  t.equal(new AllowList([{ source: [''] }]).judge('', 'GET', '/'), 'unauthorized')
})
