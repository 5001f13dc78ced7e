/** The one thing that each file is for, seen from outside: files for what we call. */
import t from 'tap'
import { ask, eventually, field, get, metric, post, request, state, told } from '../support/ask.ts'
import { Authority } from '../support/certificates.ts'
import { grpcOrigin, reply, session, unary } from '../support/grpc-call.ts'
import { connect, type RawSocket } from '../support/raw.ts'
import { PemFolder, tlsOrigin } from '../support/tls.ts'
import { at, origin, plain, saying, startFile, startTimed } from './file-world.ts'

const to = (host: string, path = '/', ...fields: string[]): string => get(path, `Host: ${host}`, ...fields)

t.test('standard.yaml: a 503 is asked again elsewhere, a write is not', async (t) => {
  const failsOnce = await origin(
    t,
    saying((n) => (n === 0 ? plain(503) : plain(200, 'well'))),
  )
  const replace = { ...at(['127.0.0.1:8081', failsOnce]), '- 127.0.0.1:8082\n': '' }
  const proxy = await startFile(t, 'standard.yaml', { replace })
  const answer = await ask(proxy.outbound, to('inventory'))
  t.match([answer.status, field(answer, 'x-outrigger-attempts')], [200, '2'])
  const down = await origin(
    t,
    saying(() => plain(503)),
  )
  const second = await startFile(t, 'standard.yaml', { replace: { ...replace, ...at(['127.0.0.1:8081', down]) } })
  t.equal((await ask(second.outbound, post('/', 'buy', 'Host: inventory'))).status, 503)
  t.equal(down.requests.length, 1)
})

t.test('rest-orders.yaml: 404 and 409 are answers, 503 is asked again', async (t) => {
  const orders = await origin(
    t,
    saying((_n, { target }) => plain(Number(target.slice(1)))),
  )
  const proxy = await startFile(t, 'rest-orders.yaml', { replace: at(['127.0.0.1:8080', orders]) })
  for (const [status, calls] of [
    [404, 1],
    [409, 1],
    [503, 3],
  ] as const) {
    const before = orders.requests.length
    t.equal((await ask(proxy.outbound, to('orders', `/${status}`))).status, status)
    t.equal(orders.requests.length - before, calls, `${status}`)
  }
})

t.test('retrying-client.yaml: while everything fails, ten requests bring one retry', async (t) => {
  const down = await origin(
    t,
    saying(() => plain(503)),
  )
  const { proxy } = await startTimed(t, 'retrying-client.yaml', {
    replace: at(['127.0.0.1:8081', down]),
    random: { fraction: () => 0, word: () => 1 },
  })
  for (let i = 0; i < 20; i++) await ask(proxy.outbound, to('inventory'))
  t.equal(down.requests.length, 22)
})

t.test('read-mostly.yaml: the last good answer is shown, with its age, when there is no new one', async (t) => {
  const catalogue = await origin(
    t,
    saying((n) => (n === 0 ? plain(200, 'a lamp') : plain(500))),
  )
  const { proxy, clock } = await startTimed(t, 'read-mostly.yaml', { replace: at(['127.0.0.1:8083', catalogue]) })
  t.equal((await ask(proxy.outbound, to('catalogue', '/products/7'))).body.toString(), 'a lamp')
  clock.advance(5000)
  const copy = await ask(proxy.outbound, to('catalogue', '/products/7'))
  t.match([copy.status, copy.body.toString()], [200, 'a lamp'])
  t.match([field(copy, 'age'), field(copy, 'x-outrigger-fallback')], ['5', 'cached'])
  t.equal((await ask(proxy.outbound, to('catalogue', '/products/8'))).status, 500, 'nothing is made up')
  t.equal((await ask(proxy.outbound, post('/products/7', 'x', 'Host: catalogue'))).status, 500)
})

t.test('hedged-reads.yaml: what takes longer than most is asked of the other endpoint, which wins', async (t) => {
  let hang = false
  const answered = (request: { fields: readonly string[] }) => !(hang && request.fields.includes('1'))
  const script = async (peer: Parameters<Parameters<typeof origin>[1]>[0]): Promise<void> => {
    for (;;) {
      const message = await peer.request()
      if (!answered(message)) continue
      if (!hang) world.clock.advance(10)
      peer.send(plain(200, 'seven'))
    }
  }
  const [a, b] = [await origin(t, script), await origin(t, script)]
  const replace = at(['127.0.0.1:8085', a], ['127.0.0.1:8086', b])
  const world = await startTimed(t, 'hedged-reads.yaml', { replace })
  for (let i = 0; i < 100; i++) await ask(world.proxy.outbound, to('prices', '/prices/7'))
  const before = a.requests.length + b.requests.length
  t.equal(before, 100, 'nothing is hedged before 100 answers are known')
  hang = true
  const slow = ask(world.proxy.outbound, to('prices', '/prices/7'))
  await eventually('the first attempt', () => a.requests.length + b.requests.length === before + 1)
  world.clock.advance(60)
  t.match([(await slow).status, field(await slow, 'x-outrigger-attempts')], [200, '2'])
  t.equal(await metric(world.proxy, 'outrigger_hedges_total', 'result="won"'), 1)
})

t.test('many-endpoints.yaml: one of three is bad, no client notices, and soon nobody asks it', async (t) => {
  const well = saying(() => plain(200, 'well'))
  const bad = await origin(
    t,
    saying(() => plain(500)),
  )
  const replace = {
    ...at(
      ['127.0.0.1:8081', bad],
      ['127.0.0.1:8082', await origin(t, well)],
      ['127.0.0.1:8083', await origin(t, well)],
    ),
    // So that the bad one has its turn five times; ewma leaves it after the first.
    'algorithm: ewma': 'algorithm: roundRobin',
  }
  const { proxy } = await startTimed(t, 'many-endpoints.yaml', {
    replace,
    random: { fraction: () => 0, word: () => 1 },
  })
  for (let i = 0; i < 30; i++) t.equal((await ask(proxy.outbound, to('inventory'))).status, 200)
  t.equal(bad.requests.length, 5)
  t.match(
    (await state(proxy)).endpoints.filter(({ address }) => address === `127.0.0.1:${bad.port}`),
    [{ state: 'ejected' }],
  )
})

t.test('grpc-unary.yaml: UNAVAILABLE is asked again, INTERNAL is not', async (t) => {
  let calls = 0
  const port = await grpcOrigin(t, (stream, head) => {
    const status = head[':path'] === '/shop.Inventory/Broken' ? '13' : calls === 0 ? '14' : '0'
    calls++
    if (status === '0') return reply(stream)
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': status }, { endStream: true })
  })
  const proxy = await startFile(t, 'grpc-unary.yaml', {
    replace: { ...at(['127.0.0.1:9090', { port }]), '- 127.0.0.1:9091\n': '' },
  })
  const client = session(t, proxy.outbound)
  t.equal((await unary(client, '/shop.Inventory/Get', { ':authority': 'inventory' })).status, '0')
  t.equal(calls, 2)
  t.equal((await unary(client, '/shop.Inventory/Broken', { ':authority': 'inventory' })).status, '13')
  t.equal(calls, 3)
})

t.test('streaming.yaml: streams are counted by themselves, and end when they fall silent', async (t) => {
  const feed = await origin(t, async (peer) => {
    for (;;) {
      const { target } = await peer.request()
      if (target === '/short') peer.send(plain(200, 'short'))
      else
        peer.send(
          'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n: hi\n\r\n',
        )
    }
  })
  const { proxy, clock } = await startTimed(t, 'streaming.yaml', { replace: at(['127.0.0.1:8084', feed]) })
  const clients: RawSocket[] = []
  for (let i = 0; i < 50; i++) {
    const client = await connect(proxy.outbound)
    t.teardown(() => client.destroy())
    client.send(to('feed', '/events/7'))
    await client.until(': hi')
    clients.push(client)
  }
  const full = await ask(proxy.outbound, to('feed', '/events/7'))
  t.match([full.status, told(full).reason], [503, 'bulkhead_full'])
  t.equal(feed.requests.length, 50)
  t.equal((await ask(proxy.outbound, to('feed', '/short'))).status, 200, 'streams take no slot from the short ones')
  clock.advance(90_000 * 1.125 + 1000)
  await eventually('the end of the silent streams', () => clients.every(({ ending }) => ending !== 'open'))
  const late = await connect(proxy.outbound)
  t.teardown(() => late.destroy())
  late.send(to('feed', '/events/7'))
  await late.until(': hi')
})

t.test('third-party.yaml: TLS, no inner names, and no more calls than the contract allows', async (t) => {
  const authority = new Authority('cards root')
  const cards = await tlsOrigin(t, 'http1', authority.issue({ names: ['api.cards.example'] }))
  const ca = new PemFolder(t).write('ca.pem', authority.cert)
  const { proxy } = await startTimed(t, 'third-party.yaml', {
    replace: {
      'dns: {name: api.cards.example, port: 443, refresh: 30s}': `endpoints: ["127.0.0.1:${cards.port}"]`,
      'tls: {': `tls: {ca: ${ca}, `,
    },
  })
  const inner = ['traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'baggage: user=7']
  for (let i = 0; i < 10; i++) {
    const paid = request('POST /v1/charges', ['Host: api.cards.example', ...inner], 'x')
    t.equal((await ask(proxy.outbound, paid)).status, 200)
  }
  const names = Object.keys(cards.requests[0]!.headers)
  t.same(
    names.filter((name) => /^(?:traceparent|tracestate|baggage|x-outrigger-.*)$/.test(name)),
    [],
  )
  const much = await ask(proxy.outbound, to('api.cards.example'))
  t.match([much.status, told(much).reason, field(much, 'retry-after')], [429, 'rate_limited', '1'])
  t.equal(cards.requests.length, 10)
})
