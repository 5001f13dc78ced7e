/** The rate limit through a whole sidecar, whose clock stands still: no token comes back unless told. */
import grpc from '@grpc/grpc-js'
import t from 'tap'
import { fields, world } from '../grpc/orders.ts'
import { ask, field, get, metric, post, state, told } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { session, unary } from '../support/grpc-call.ts'
import { answering } from '../support/raw-origin.ts'
import { HI, policy, scene } from '../support/scene.ts'

const INBOUND = '{direction: inbound}'

t.test('Inbound by a header: 429 with all that a client needs to come back in time', async (t) => {
  const clock = new FakeClock()
  const { port, proxy, origin } = await scene(t, HI, {
    inbound: true,
    clock,
    yaml: policy('rateLimit: {rate: 1/s, burst: 2, key: ["header:x-tenant"]}', INBOUND),
  })
  for (let i = 0; i < 2; i++) {
    const passed = await ask(port, get('/', 'X-Tenant: gold'))
    t.equal(passed.status, 200)
    t.equal(field(passed, 'ratelimit'), undefined)
  }
  const got = await ask(port, post('/', 'body', 'X-Tenant: gold'))
  t.equal(got.status, 429)
  t.equal(field(got, 'retry-after'), '1')
  t.equal(field(got, 'ratelimit-policy'), '"p";q=2;w=2')
  t.equal(field(got, 'ratelimit'), '"p";r=0;t=1')
  t.equal(field(got, 'x-ratelimit-limit'), '2')
  t.equal(field(got, 'x-ratelimit-remaining'), '0')
  t.equal(field(got, 'x-ratelimit-reset'), '1')
  t.equal(field(got, 'x-outrigger-reason'), 'rate_limited')
  t.match(field(got, 'proxy-status'), 'error=http_request_denied; details="rate_limited"')
  t.match(told(got), { reason: 'rate_limited', retryAfter: 1 })
  t.equal((await ask(port, get('/', 'X-Tenant: silver'))).status, 200)
  t.equal(origin.requests.length, 3)
  clock.advance(1000)
  t.equal((await ask(port, get('/', 'X-Tenant: gold'))).status, 200)
  const total = (decision: string) => metric(proxy, 'outrigger_rate_limit_total', `decision="${decision}"`)
  t.equal(await total('allowed'), 4)
  t.equal(await total('limited'), 1)
  t.equal(await metric(proxy, 'outrigger_policy_decisions_total', 'policy="rateLimit"'), 0)
  t.equal(await metric(proxy, 'outrigger_rate_limit_keys', 'policy="p"', 'direction="inbound"'), 2)
  t.match(await state(proxy), { rateLimits: [{ policy: 'p', keys: 2, routes: [{ route: '*', allowed: 4 }] }] })
})

t.test(
  'By the host, which HTTP/2 says in :authority: each has a bucket of its own, however it is written',
  async (t) => {
    const { port, origin } = await scene(t, HI, {
      inbound: true,
      clock: new FakeClock(),
      yaml: policy('rateLimit: {rate: 1/s, burst: 1, key: ["header:host"]}', INBOUND),
    })
    for (const host of ['a.test', 'b.test']) t.equal((await ask(port, get('/', `Host: ${host}`))).status, 200)
    t.equal((await ask(port, get('/', 'Host: A.test'))).status, 429)
    const stream = session(t, port).request({ ':path': '/', ':authority': 'b.test' })
    const head = await new Promise<Record<string, unknown>>((resolve) => stream.on('response', resolve))
    t.equal(head[':status'], 429)
    t.equal(origin.requests.length, 2)
  },
)

t.test('Over HTTP/2 it is the same answer, and a gRPC call gets status 8 with a pushback', async (t) => {
  const { port } = await scene(t, HI, {
    inbound: true,
    clock: new FakeClock(),
    yaml: policy('rateLimit: {rate: 1/s, burst: 1}', INBOUND),
  })
  await ask(port, get('/'))
  const client = session(t, port)
  const stream = client.request({ ':path': '/', ':authority': 'origin' })
  const head = await new Promise<Record<string, unknown>>((resolve) => stream.on('response', resolve))
  t.match(head, { ':status': 429, 'retry-after': '1', ratelimit: '"p";r=0;t=1', 'x-outrigger-reason': 'rate_limited' })
  const call = await unary(client, '/shop.Orders/Get')
  t.equal(call.status, '8')
  t.ok(call.trailersOnly)
  t.match(call.head, { 'grpc-retry-pushback-ms': '1000', 'x-outrigger-reason': 'rate_limited' })
})

t.test('Outbound each attempt takes a token, and the refusal of one ends the retries', async (t) => {
  const { port, origin, proxy } = await scene(
    t,
    answering(() => 'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'),
    { yaml: policy('rateLimit: {rate: 1/h, burst: 2}\nretry: {max: 5, backoff: {base: 1ms, max: 1ms}}') },
  )
  const got = await ask(port, get('/'))
  t.equal(got.status, 429)
  t.equal(field(got, 'x-outrigger-attempts'), '3')
  t.equal(origin.requests.length, 2)
  t.equal(await metric(proxy, 'outrigger_rate_limit_total', 'direction="outbound"', 'decision="limited"'), 1)
})

t.test('Outbound a breaker does not count it, and a fallback that names it answers', async (t) => {
  const { port, proxy } = await scene(t, HI, {
    clock: new FakeClock(),
    yaml: policy(
      'rateLimit: {rate: 1/s, burst: 1}\nbreaker: {scope: service, window: {type: count, size: 4, minimumCalls: 2}}\n' +
        'fallback: [{when: [rate_limited], use: static, status: 200, body: later}]',
    ),
  })
  await ask(port, get('/'))
  for (let i = 0; i < 4; i++) t.equal((await ask(port, get('/'))).body.toString(), 'later')
  t.match((await state(proxy)).breakers, [{ state: 'closed', calls: 1, failureRatio: 0 }])
})

t.test('gRPC outbound: RESOURCE_EXHAUSTED, with grpc-js on both sides', async (t) => {
  const { get: call } = await world(t, {
    clock: new FakeClock(),
    policy: 'rateLimit: {rate: 10/m, burst: 1}',
    get: (_call, done) => done(null, 'answer', fields({})),
  })
  t.equal((await call()).code, grpc.status.OK)
  const { code, metadata } = await call()
  t.equal(code, grpc.status.RESOURCE_EXHAUSTED)
  t.equal(metadata.get('grpc-retry-pushback-ms')[0]?.toString(), '6000')
})

t.test('In shadow mode nobody is refused, and the metric tells who would have been', async (t) => {
  const { port, proxy } = await scene(t, HI, {
    clock: new FakeClock(),
    inbound: true,
    yaml: policy('rateLimit: {rate: 1/s, burst: 1, mode: shadow}', INBOUND),
  })
  for (let i = 0; i < 3; i++) t.equal((await ask(port, get('/'))).status, 200)
  const shadow = ['policy="rateLimit"', 'decision="limited"', 'mode="shadow"']
  t.equal(await metric(proxy, 'outrigger_policy_decisions_total', ...shadow), 2)
  t.equal(await metric(proxy, 'outrigger_rate_limit_total'), 0)
})

t.test('A reload leaves the buckets of an unchanged block as they were', async (t) => {
  const { port, proxy } = await scene(t, HI, {
    clock: new FakeClock(),
    inbound: true,
    yaml: policy('rateLimit: {rate: 1/s, burst: 1}', INBOUND),
  })
  await ask(port, get('/'))
  t.ok(proxy.reload())
  t.equal((await ask(port, get('/'))).status, 429)
})

t.test('What a peer has limited is not asked again, whatever retry.when says', async (t) => {
  const { port, origin, proxy } = await scene(
    t,
    answering(
      () => 'HTTP/1.1 429 No\r\nX-Outrigger-Reason: rate_limited\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n',
    ),
    { service: 'sidecar: true', yaml: policy('retry: {max: 3, when: [429]}') },
  )
  t.equal((await ask(port, get('/'))).status, 429)
  t.equal(origin.requests.length, 1)
  t.equal(await metric(proxy, 'outrigger_retry_skipped_total', 'reason="pushback"'), 1)
})
