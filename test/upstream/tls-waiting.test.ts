/** What becomes of requests while the handshake that they wait for is under way. */
import net from 'node:net'
import t, { type Test } from 'tap'
import { answer, ask, eventually, field, get, post, state } from '../support/ask.ts'
import { Authority } from '../support/certificates.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { Gate } from '../support/gate.ts'
import { type Proxy as Sidecar, startProxy } from '../support/proxy.ts'
import { connect, turn } from '../support/raw.ts'
import { listening, type Origin, type OriginKind, PemFolder, tlsOrigin } from '../support/tls.ts'

const authority = new Authority('root')
const server = authority.issue({ names: ['shop.test'] })

interface Gated {
  readonly proxy: Sidecar
  readonly origin: Origin
  readonly gate: Gate
}

async function gated(
  t: Test,
  kind: OriginKind,
  service = '',
  clock?: FakeClock,
  connectTimeout = '3s',
): Promise<Gated> {
  const origin = await tlsOrigin(t, kind, server)
  const gate = new Gate(origin.port)
  const port = await listening(
    t,
    net.createServer((socket) => gate.take(socket)),
  )
  const ca = new PemFolder(t).write('ca.pem', authority.cert)
  const proxy = await startProxy(
    'kind: Sidecar\nname: test\naccessLog: {format: none}\n---\n' +
      `kind: Service\nname: shop\nendpoints: ["127.0.0.1:${port}"]\ntls: {ca: ${ca}, serverName: shop.test}\n${service}\n` +
      '---\nkind: Policy\nname: p\nmatch: {direction: outbound, service: shop}\n' +
      `timeout: {request: 1m, connect: ${connectTimeout}}\nretry: {max: 0}\n`,
    clock === undefined ? {} : { clock },
  )
  t.teardown(() => proxy.stop())
  return { proxy, origin, gate }
}

async function endpoint(proxy: Sidecar) {
  return (await state(proxy)).endpoints[0]
}

for (const kind of ['http1', 'http2'] as const) {
  t.test(
    `A handshake whose client has left goes on, and the next request finds the connection (${kind})`,
    async (t) => {
      const { proxy, origin, gate } = await gated(t, kind)
      const client = await connect(proxy.outbound)
      client.send(get('/', 'Host: shop'))
      await eventually('the handshake', () => gate.came === 1)
      t.match(await endpoint(proxy), { connections: 0, inflight: 1 })
      client.destroy()
      await eventually('nobody waiting', async () => (await endpoint(proxy))?.inflight === 0)
      gate.open()
      await eventually('an idle connection', async () => (await endpoint(proxy))?.idle === 1)
      t.equal((await ask(proxy.outbound, get('/', 'Host: shop'))).status, 200)
      t.equal(origin.reached.length, 1)
      t.equal(origin.requests.length, 1, 'what was given up was not sent')
    },
  )

  t.test(`An upload is held back while the handshake is under way, and then goes whole (${kind})`, async (t) => {
    const { proxy, gate } = await gated(t, kind)
    const client = await connect(proxy.outbound)
    client.send(post('/', 'x'.repeat(20_000_000), 'Host: shop'))
    await eventually('the handshake', () => gate.came === 1)
    let before = -1
    await eventually('a client that waits', async () => {
      const { writableLength } = client.socket
      const stands = writableLength === before
      before = writableLength
      await turn()
      return stands
    })
    t.ok(before > 4_000_000, `${before} bytes wait with the client`)
    gate.open()
    t.equal(field(await answer(client, 0, 'POST', 20_000), 'x-body'), '20000000')
    client.destroy()
  })

  t.test(`One handshake that takes too long fails all who wait for it (${kind})`, async (t) => {
    const clock = new FakeClock()
    const { proxy, gate } = await gated(t, kind, '', clock)
    const asked = [1, 2, 3].map(() => ask(proxy.outbound, get('/', 'Host: shop')))
    await eventually('three who wait', async () => (await endpoint(proxy))?.inflight === 3)
    t.equal(gate.came, 1)
    clock.advance(3100)
    for (const got of await Promise.all(asked)) t.equal(field(got, 'x-outrigger-reason'), 'connect_timeout')
    await eventually('nothing', async () => (await endpoint(proxy))?.inflight === 0)
  })
}

t.test(
  'A handshake may take as long as who waits for it says, and ten seconds where nobody waits any more',
  async (t) => {
    const clock = new FakeClock()
    const { proxy, gate } = await gated(t, 'http1', 'connections: {maxPerEndpoint: 1}', clock, '30s')
    const patient = ask(proxy.outbound, get('/', 'Host: shop'))
    await eventually('the handshake', () => gate.came === 1)
    clock.advance(25_000)
    gate.open()
    t.equal((await patient).status, 200)
    gate.shut()
    await eventually('no connection', async () => (await endpoint(proxy))?.connections === 0)
    const client = await connect(proxy.outbound)
    client.send(get('/', 'Host: shop'))
    await eventually('another handshake', () => gate.came === 2)
    client.destroy()
    await eventually('nobody waiting', async () => (await endpoint(proxy))?.inflight === 0)
    const next = ask(proxy.outbound, get('/', 'Host: shop'))
    await eventually('one in the line', async () => (await endpoint(proxy))?.inflight === 1)
    clock.advance(10_100)
    await eventually('a handshake in the place of what was given up', () => gate.came === 3)
    gate.open()
    t.equal((await next).status, 200)
  },
)

t.test('Who waits for one handshake waits as long as its own route says', async (t) => {
  const clock = new FakeClock()
  const route = (path: string, limit: string) =>
    `---\nkind: Policy\nname: ${path}\nmatch: {direction: outbound, service: shop, routes: [{path: "/${path}"}]}\n` +
    `timeout: {request: 1m, connect: ${limit}}\n`
  const { proxy, gate } = await gated(t, 'http2', `${route('hasty', '1s')}${route('patient', '20s')}`, clock)
  const waiting = async (count: number) =>
    eventually(`${count} who wait`, async () => (await endpoint(proxy))?.inflight === count)
  const first = ask(proxy.outbound, get('/hasty', 'Host: shop'))
  await waiting(1)
  clock.advance(900)
  const patient = ask(proxy.outbound, get('/patient', 'Host: shop'))
  const hasty = ask(proxy.outbound, get('/hasty', 'Host: shop'))
  await waiting(3)
  clock.advance(200)
  t.equal(field(await first, 'x-outrigger-reason'), 'connect_timeout')
  await waiting(2)
  clock.advance(900)
  t.equal(field(await hasty, 'x-outrigger-reason'), 'connect_timeout')
  clock.advance(17_000)
  await waiting(1)
  t.equal(gate.came, 1)
  gate.open()
  t.equal((await patient).status, 200)
})

t.test('More requests than one HTTP/2 connection may carry wait for a second handshake', async (t) => {
  const { proxy, origin, gate } = await gated(t, 'http2', 'connections: {http2Streams: 2}')
  const asked = [1, 2, 3, 4, 5].map(() => ask(proxy.outbound, get('/', 'Host: shop')))
  await eventually('three handshakes', () => gate.came === 3)
  gate.open()
  for (const got of await Promise.all(asked)) t.equal(got.status, 200)
  t.equal(origin.reached.length, 3)
})

t.test('At maxPerEndpoint handshakes count as connections', async (t) => {
  const { proxy, origin, gate } = await gated(t, 'http1', 'protocol: http1\nconnections: {maxPerEndpoint: 2}')
  const asked = [1, 2, 3, 4].map(() => ask(proxy.outbound, get('/', 'Host: shop')))
  await eventually('four who wait', async () => (await endpoint(proxy))?.inflight === 4)
  t.equal(gate.came, 2)
  const fifth = await ask(proxy.outbound, get('/', 'Host: shop'))
  t.equal(field(fifth, 'x-outrigger-reason'), 'pool_exhausted')
  gate.open()
  for (const got of await Promise.all(asked)) t.equal(got.status, 200)
  t.equal(origin.reached.length, 2)
})

t.test('A stop while a handshake is under way leaves nothing behind', async (t) => {
  const { proxy, gate } = await gated(t, 'http2')
  const client = await connect(proxy.outbound)
  client.send(get('/', 'Host: shop'))
  await eventually('the handshake', () => gate.came === 1)
  await proxy.stop()
  await client.untilEnded()
  client.destroy()
})
