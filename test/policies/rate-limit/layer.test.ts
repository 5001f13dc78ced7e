import t from 'tap'
import { type RateLimitConfig, rateLimit } from '../../../src/policies/rate-limit/policy.ts'
import {
  Client,
  type RequestOptions,
  requestHead,
  routeInfo,
  type ScopeOptions,
  settled,
  testScope,
  Upstream,
} from '../../support/stubs.ts'

const TWO: RateLimitConfig = { rate: 1, burst: 2, key: [], scope: 'replica' }

function world(config: Partial<RateLimitConfig>, options: ScopeOptions = {}) {
  const scope = testScope({ direction: 'inbound', ...options })
  const upstream = new Upstream()
  const { request, picked } = rateLimit.create({ ...TWO, ...config }, scope)
  const dispatch = (request ?? picked)!(upstream.dispatch)
  const ask = async (asked: RequestOptions = {}) => {
    const client = new Client()
    const body = dispatch(requestHead(asked), client)
    await settled()
    return { client, body }
  }
  return { scope, upstream, ask }
}

t.test('It is around the request inbound, and inside the attempt outbound', async (t) => {
  t.same(Object.keys(rateLimit.create(TWO, testScope({ direction: 'inbound' }))), ['request'])
  t.same(Object.keys(rateLimit.create(TWO, testScope({ direction: 'outbound' }))), ['picked'])
})

t.test('Past the burst requests are refused, and told when to come back', async (t) => {
  const { upstream, ask, scope } = world({})
  await ask()
  await ask()
  const { client } = await ask()
  t.same(client.log, ['fail rate_limited'])
  t.match(client.error, { source: 'proxy', retryable: 'no', retryAfter: 1 })
  t.same(client.error?.fields, [
    'ratelimit-policy',
    '"inventory";q=2;w=2',
    'ratelimit',
    '"inventory";r=0;t=1',
    'x-ratelimit-limit',
    '2',
    'x-ratelimit-remaining',
    '0',
    'x-ratelimit-reset',
    '1',
  ])
  t.same(scope.events.log, ['rateLimit limited'])
  scope.clock.advance(1000)
  await ask()
  t.equal(upstream.calls.length, 3)
  scope.clock.advance(500)
  t.equal((await ask()).client.error?.retryAfter, 0.5)
})

t.test('An abort takes the place of a refusal that is on its way', async (t) => {
  const scope = testScope({ direction: 'inbound' })
  const upstream = new Upstream()
  const dispatch = rateLimit.create({ ...TWO, burst: 1 }, scope).request!(upstream.dispatch)
  dispatch(requestHead(), new Client())
  const client = new Client()
  dispatch(requestHead(), client).abort({ reason: 'client_cancelled' } as never)
  await settled()
  t.same(client.log, ['fail client_cancelled'])
})

t.test('Each key has a bucket of its own', async (t) => {
  const { upstream, ask } = world({ key: ['source', 'header:x-tenant'], burst: 1 })
  await ask({ source: 'shop', headers: ['x-tenant', 'a'] })
  await ask({ source: 'shop', headers: ['x-tenant', 'b'] })
  await ask({ source: 'batch', headers: ['x-tenant', 'a'] })
  t.equal(upstream.calls.length, 3)
  const { client } = await ask({ source: 'shop', headers: ['X-Tenant', 'a'] })
  t.same(client.log, ['fail rate_limited'])
})

t.test('Routes of one policy share its buckets, unless the path is part of the key', async (t) => {
  for (const [key, reached] of [
    [[], 1],
    [['path'], 2],
  ] as const) {
    const scope = testScope({ direction: 'inbound' })
    const upstream = new Upstream()
    for (const template of ['/a', '/b']) {
      const route = { ...scope, route: routeInfo('inventory', template) }
      const dispatch = rateLimit.create({ ...TWO, burst: 1, key }, route).request!(upstream.dispatch)
      dispatch(requestHead(), new Client())
      dispatch(requestHead(), new Client())
    }
    await settled()
    t.equal(upstream.calls.length, reached)
  }
})

t.test('A fleet of replicas shares rate and burst', async (t) => {
  const { upstream, ask } = world({ rate: 4, burst: 8, scope: 'fleet', replicas: 4 })
  for (let i = 0; i < 5; i++) await ask()
  t.equal(upstream.calls.length, 2)
})

t.test('In shadow mode every request passes, and the bucket is what it would have been', async (t) => {
  const { upstream, ask, scope } = world({ burst: 1 }, { mode: 'shadow' })
  for (let i = 0; i < 3; i++) await ask()
  t.equal(upstream.calls.length, 3)
  t.same(scope.events.log, ['rateLimit would limited', 'rateLimit would limited'])
  scope.clock.advance(1000)
  await ask()
  t.equal(scope.events.log.length, 2)
})

t.test('After a reload of the unchanged block the buckets are as they were', async (t) => {
  const before = world({ burst: 1 })
  await before.ask()
  const after = world({ burst: 1 }, { after: before.scope })
  t.same((await after.ask()).client.log, ['fail rate_limited'])
})

t.test('snapshot() tells keys, overflow and what passed on each route', async (t) => {
  const { ask, scope } = world({ key: ['header:k'] })
  await ask({ headers: ['k', '1'] })
  await ask({ headers: ['k', '2'] })
  const [limiter] = [...scope.states.values()] as { snapshot(): unknown }[]
  t.match(limiter?.snapshot(), {
    kind: 'rateLimit',
    direction: 'inbound',
    service: 'inventory',
    policy: 'inventory',
    rate: 1,
    burst: 2,
    keys: 2,
    overflowed: 0,
    routes: [{ route: '*', allowed: 2 }],
  })
})
