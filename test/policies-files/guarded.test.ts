/** The one thing that each file is for, seen from outside: files that refuse, queue, remember, or only watch. */
import t from 'tap'
import { answer, ask, eventually, field, get, metric, post, state, told } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { connect } from '../support/raw.ts'
import { noRedis, startRedis } from '../support/redis.ts'
import { at, origin, plain, saying, startFile, startTimed } from './file-world.ts'

const to = (host: string, path = '/', ...fields: string[]): string => get(path, `Host: ${host}`, ...fields)
const down = saying(() => plain(503))

t.test('timeout-only.yaml: nobody waits longer than a second', async (t) => {
  const silent = await origin(t, async (peer) => {
    await peer.request()
  })
  const { proxy, clock } = await startTimed(t, 'timeout-only.yaml', { replace: at(['127.0.0.1:8081', silent]) })
  const asked = ask(proxy.outbound, to('inventory'))
  await eventually('the request', () => silent.requests.length === 1)
  clock.advance(1010)
  t.match([(await asked).status, told(await asked).reason], [504, 'request_timeout'])
})

for (const file of ['avalanche.yaml', 'avalanche-fallback.yaml']) {
  t.test(`${file}: after ten failures nobody is asked any more`, async (t) => {
    const inventory = await origin(t, down)
    const { proxy } = await startTimed(t, file, { replace: at(['127.0.0.1:8081', inventory]) })
    for (let i = 0; i < 10; i++) t.equal((await ask(proxy.outbound, to('inventory', '/api/stock/a"1'))).status, 503)
    const refused = await ask(proxy.outbound, to('inventory', '/api/stock/a1'))
    t.equal(inventory.requests.length, 10)
    t.equal(field(refused, 'x-outrigger-reason'), 'circuit_open')
    t.equal(refused.status, file === 'avalanche.yaml' ? 503 : 202)
    if (refused.status === 202)
      t.same(JSON.parse(refused.body.toString()), { sku: 'a1', available: 'unknown', confirmed: 'later' })
  })
}

t.test('degradation.yaml: a copy, an honest placeholder, an empty list, and no word for writes', async (t) => {
  const orders = await origin(
    t,
    saying((n) => (n === 0 ? plain(200, '{"orderNo":"7"}') : plain(500))),
  )
  const { proxy } = await startTimed(t, 'degradation.yaml', { replace: at(['127.0.0.1:8080', orders]) })
  const said = async (text: string) => (await ask(proxy.outbound, text)).body.toString()
  t.equal(await said(to('orders', '/api/orders/7')), '{"orderNo":"7"}')
  t.equal(await said(to('orders', '/api/orders/7')), '{"orderNo":"7"}')
  t.equal(await said(to('orders', '/api/orders/8')), '{"orderNo":"8","status":"UNKNOWN"}')
  t.equal(await said(to('orders', '/api/orders?userId=1')), '[]')
  t.equal((await ask(proxy.outbound, post('/api/orders', 'buy', 'Host: orders'))).status, 500)
})

t.test('payment-writes.yaml, the caller: what has a key goes again, what has none does not', async (t) => {
  // The first of each two is lost after it was read.
  const payments = await origin(t, async (peer, index) => {
    await peer.request()
    if (index % 2 === 0) peer.reset()
    else peer.send(plain(201, 'paid', 'Connection: close'))
  })
  const proxy = await startFile(t, 'payment-writes.yaml', {
    name: 'orders',
    replace: at(['127.0.0.1:8090', payments]),
    random: { fraction: () => 0, word: () => 1 },
  })
  const pay = (...fields: string[]) => ask(proxy.outbound, post('/payments', '7', 'Host: payments', ...fields))
  t.equal((await pay('Idempotency-Key: "k"')).status, 201)
  t.equal(payments.requests.length, 2)
  t.equal((await pay()).status, 502)
  t.equal(payments.requests.length, 3)
})

t.test('payment-writes.yaml, payments: a key is carried out once, in all replicas', { skip: noRedis }, async (t) => {
  const redis = await startRedis(t)
  const application = await origin(
    t,
    saying((n) => plain(201, `payment ${n}`)),
  )
  const replica = () =>
    startFile(t, 'payment-writes.yaml', {
      name: 'payments',
      app: application.port,
      replace: { '127.0.0.1:6379': `127.0.0.1:${redis.port}`, 'timeout: 250ms': 'timeout: 10s' },
    })
  const [one, other] = [await replica(), await replica()]
  const pay = (port: number, ...fields: string[]) => ask(port, post('/payments/7', '9 EUR', ...fields))
  t.equal((await pay(one.inbound, 'Idempotency-Key: "k"')).body.toString(), 'payment 0')
  const again = await pay(other.inbound, 'Idempotency-Key: "k"')
  t.match([again.status, again.body.toString()], [201, 'payment 0'])
  t.equal(field(again, 'idempotent-replayed'), 'true')
  t.match(told(await pay(one.inbound)), { reason: 'idempotency_missing' })
  t.equal(application.requests.length, 1)
})

t.test('batch.yaml: four at a time, and the fifth waits in line', async (t) => {
  const inventory = await origin(t, async (peer) => {
    await peer.request()
  })
  const { proxy, clock } = await startTimed(t, 'batch.yaml', {
    name: 'nightly-export',
    replace: at(['127.0.0.1:8081', inventory]),
  })
  const asked = []
  for (let i = 0; i < 5; i++) asked.push(ask(proxy.outbound, to('inventory', `/${i}`)))
  await eventually('four there, one in line', async () => {
    const [bulkhead] = (await state(proxy)).bulkheads
    return inventory.requests.length === 4 && bulkhead?.queued === 1
  })
  clock.advance(100_000)
  t.equal(inventory.requests.length, 4, 'minutes are nothing')
  for (const peer of inventory.peers) peer.send(plain(200, '', 'Connection: close'))
  await eventually('the fifth', () => inventory.requests.length === 5)
  inventory.peers.at(-1)!.send(plain(200, '', 'Connection: close'))
  t.same(
    (await Promise.all(asked)).map(({ status }) => status),
    [200, 200, 200, 200, 200],
  )
})

t.test('protect-ourselves.yaml: who may, how often, and nothing of it reaches the application', async (t) => {
  const application = await origin(
    t,
    saying(() => plain(200, 'in')),
  )
  const { proxy } = await startTimed(t, 'protect-ourselves.yaml', {
    app: application.port,
    replace: { '10.1.0.0/16': '127.0.0.0/8' },
  })
  const client = await connect(proxy.inbound)
  t.teardown(() => client.destroy())
  t.match(told(await ask(proxy.inbound, get('/admin'))), { reason: 'denied' })
  t.equal(application.requests.length, 0)
  for (let i = 0; i < 50; i++) {
    const from = client.received.length
    client.send(get('/api/orders'))
    t.equal((await answer(client, from)).status, 200)
  }
  const much = await ask(proxy.inbound, get('/api/orders'))
  t.match([much.status, told(much).reason, field(much, 'retry-after')], [429, 'rate_limited', '1'])
  t.equal(application.requests.length, 50)
})

t.test('protect-ourselves.yaml: what the application does not carry is refused at once', async (t) => {
  const application = await origin(t, async (peer) => {
    await peer.request()
  })
  const { proxy } = await startTimed(t, 'protect-ourselves.yaml', {
    app: application.port,
    replace: { '10.1.0.0/16': '127.0.0.0/8' },
  })
  // Where the limit begins, as long as nothing is known.
  for (let i = 0; i < 20; i++) {
    const client = await connect(proxy.inbound)
    t.teardown(() => client.destroy())
    client.send(get('/api/orders'))
  }
  await eventually('all of them', () => application.requests.length === 20)
  const more = await ask(proxy.inbound, get('/api/orders'))
  t.match([more.status, told(more).reason, field(more, 'retry-after')], [503, 'concurrency_limit', '1'])
  t.equal(application.requests.length, 20)
})

t.test('canary-shadow.yaml: a breaker that would have refused refuses nobody', async (t) => {
  const inventory = await origin(t, down)
  const { proxy } = await startTimed(t, 'canary-shadow.yaml', { replace: at(['127.0.0.1:8081', inventory]) })
  for (let i = 0; i < 15; i++) t.equal((await ask(proxy.outbound, to('inventory'))).status, 503)
  t.equal(inventory.requests.length, 15)
  const would = ['policy="breaker"', 'decision="circuit_open"', 'mode="shadow"']
  t.equal(await metric(proxy, 'outrigger_policy_decisions_total', ...would), 5)
})

t.test('game-day.yaml: retries carry what fails on purpose, until the time that stands there', async (t) => {
  const inventory = await origin(
    t,
    saying(() => plain(200, 'well')),
  )
  const replace = at(['127.0.0.1:8081', inventory])
  // The dice of each request's first attempt lie badly. What else draws gets numbers of the same kind.
  let fraction = 0.1
  const random = { fraction: () => fraction, word: () => 1 }
  const { proxy } = await startTimed(t, 'game-day.yaml', { name: 'orders', replace, random })
  fraction = 0
  const unlucky = ask(proxy.outbound, to('inventory'))
  t.match(told(await unlucky), { reason: 'fault_injected' })
  t.equal(inventory.requests.length, 0, 'nothing of it reaches the service')
  fraction = 0.9
  t.equal((await ask(proxy.outbound, to('inventory'))).status, 200)
  t.ok((await metric(proxy, 'outrigger_faults_injected_total', 'type="abort"')) >= 1)

  class Later extends FakeClock {
    override wallTime(): number {
      return Date.UTC(2031, 0)
    }
  }
  fraction = 0
  const over = await startFile(t, 'game-day.yaml', { name: 'orders', replace, random, clock: new Later() })
  t.equal((await ask(over.outbound, to('inventory'))).status, 200)
})
