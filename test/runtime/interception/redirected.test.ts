import net from 'node:net'
import t from 'tap'
import { answer, get, metric } from '../../support/ask.ts'
import { Authority } from '../../support/certificates.ts'
import { services, startProxy } from '../../support/proxy.ts'
import { connect, turn } from '../../support/raw.ts'
import { answering, type Script, startRawOrigin } from '../../support/raw-origin.ts'
import { BARE, redirectedWorld } from '../../support/redirected-world.ts'
import { HI } from '../../support/scene.ts'
import { tlsConnect, tlsOrigin } from '../../support/tls.ts'

const OPEN = 'outrigger_opaque_connections_opened_total'
const ENDED = 'outrigger_opaque_connections_closed_total'

const greeting: Script = (peer) => void peer.send('220 hello\r\n')

t.test('On a listed port it is heard at once', async (t) => {
  const all = [{ from: 1, to: 65_535 }]
  const { proxy, client } = await redirectedWorld(t, greeting, BARE, { opaquePorts: all })
  await (await client('inbound')).until('220 hello')
  await (await client('outbound')).until('220 hello')
  t.equal(await metric(proxy, OPEN, 'direction="inbound"', 'why="listed"'), 1)
})

t.test('Bytes that are no HTTP pass at once, the first ones with them, and are counted', async (t) => {
  const { proxy, origin, client } = await redirectedWorld(
    t,
    async (peer) => void peer.send(`${await peer.until('PING')} PONG`),
  )
  const one = await client()
  one.send('*1\r\n$4\r\nPING')
  t.match(await one.until('PONG'), '*1\r\n$4\r\nPING PONG')
  one.halfClose()
  await (await origin.peer(0)).untilEnded()
  ;(await origin.peer(0)).halfClose()
  await one.untilClosed()
  t.equal(await metric(proxy, OPEN, 'why="not_http"'), 1)
  t.equal(await metric(proxy, ENDED, 'reason="finished"'), 1)
  t.equal(await metric(proxy, 'outrigger_opaque_bytes_total', 'flow="received"'), 12)
  t.equal(await metric(proxy, 'outrigger_opaque_bytes_total', 'flow="sent"'), 17)
  t.equal(await metric(proxy, 'outrigger_opaque_connections_active', 'direction="outbound"'), 0)
})

t.test('A client that has said all it will say still gets its answer', async (t) => {
  const { client } = await redirectedWorld(
    t,
    async (peer) => void peer.send(`${(await peer.untilEnded()).length} bytes`).halfClose(),
  )
  const one = await client()
  one.send(Buffer.alloc(100_000)).halfClose()
  t.equal((await one.untilEnded()).toString(), '100000 bytes')
})

t.test('FIN behind half a request line: what came passes, and the answer comes back', async (t) => {
  const { client } = await redirectedWorld(
    t,
    async (peer) => void peer.send(`got ${await peer.untilEnded()}`).halfClose(),
  )
  const one = await client()
  one.send('PUSH').halfClose()
  t.equal((await one.untilEnded()).toString(), 'got PUSH')
})

t.test('A reset on one side is a reset on the other', async (t) => {
  const { proxy, origin, client } = await redirectedWorld(t, async (peer) => {
    await peer.until('\x01')
    if (peer.text.includes('reset me')) peer.reset()
  })
  const one = await client()
  one.send('\x01reset me')
  await one.untilClosed()
  t.equal(one.ending, 'reset')
  const two = await client()
  two.send('\x01')
  await (await origin.peer(1)).until('\x01')
  two.reset()
  await (await origin.peer(1)).untilClosed()
  t.equal((await origin.peer(1)).ending, 'reset')
  t.equal(await metric(proxy, ENDED, 'reason="upstream_reset"'), 1)
  t.equal(await metric(proxy, ENDED, 'reason="client_reset"'), 1)
})

t.test('Nobody listens there: a reset, no answer that could be taken for one', async (t) => {
  const { proxy, origin, client } = await redirectedWorld(t, () => {})
  const { port } = origin
  await origin.close()
  const one = await client('outbound', { host: '127.0.0.1', port })
  one.send('\x01')
  await one.untilClosed()
  t.equal(one.ending, 'reset')
  t.equal(await metric(proxy, ENDED, 'reason="connect_failure"'), 1)
})

t.test('What is not read is not taken: a slow reader stops the writer, in both directions', async (t) => {
  const much = Buffer.alloc(1 << 20, 'x')
  const { origin, client } = await redirectedWorld(t, (peer) => void peer.socket.pause())
  const one = await client()
  one.send('\x01')
  const peer = await origin.peer(0)
  // Far more than the kernel and the proxy hold.
  for (let i = 0; i < 64; i++) one.send(much)
  for (let i = 0; i < 50; i++) await turn()
  t.ok(one.socket.writableLength > 40 << 20, `${one.socket.writableLength} bytes wait with their writer`)
  peer.socket.resume()
  one.halfClose()
  await peer.untilEnded(20_000)
  t.equal(peer.received.length, 64 * much.length + 1)
})

t.test('Idle for an hour, or for as long as the policy says, a connection ends by a reset', async (t) => {
  const yaml = services(
    { db: 1 },
    'kind: Policy\nname: db\nmatch: {direction: outbound, service: db}\ntimeout: {idle: 30m}\n',
  )
  const { proxy, origin, clock, client } = await redirectedWorld(
    t,
    (peer) => void peer.send('hello'),
    yaml.replace(':1"', ':ORIGIN"'),
  )
  const one = await client()
  one.send('\x01')
  await one.until('hello')
  clock.advance(29 * 60_000)
  one.send('\x02')
  await (await origin.peer(0)).until('\x02')
  clock.advance(29 * 60_000)
  await turn()
  t.equal(one.ending, 'open')
  clock.advance(2 * 60_000)
  await one.untilClosed()
  t.equal(one.ending, 'reset')
  await (await origin.peer(0)).untilClosed()
  t.equal(await metric(proxy, ENDED, 'destination="db"', 'reason="idle_timeout"'), 1)
  t.equal(await metric(proxy, 'outrigger_opaque_unguarded_total', 'destination="db"'), 0, 'its timeout holds for bytes')
})

t.test('Bytes to a Service with policies are told once, and counted each time', async (t) => {
  const policy = 'kind: Policy\nname: db\nmatch: {direction: outbound, service: db}\nbulkhead: {maxConcurrent: 1}\n'
  const { proxy, client } = await redirectedWorld(t, greeting, services({ db: 1 }, policy).replace(':1"', ':ORIGIN"'))
  for (let i = 0; i < 2; i++) await (await client()).send('\x01').until('220')
  t.equal(await metric(proxy, 'outrigger_opaque_unguarded_total', 'destination="db"'), 2)
  t.equal(proxy.log.filter((line) => line.includes('pass as bytes though policies match')).length, 1)
})

t.test('Strangers that are refused get nothing', async (t) => {
  const yaml = `${BARE}outbound: {transparent: true, unknownHosts: refuse}\n`
  const { proxy, origin, client } = await redirectedWorld(t, greeting, yaml)
  const one = await client()
  one.send('\x01')
  await one.untilClosed()
  t.equal(one.ending, 'reset')
  t.equal(origin.peers.length, 0)
  t.equal(await metric(proxy, 'outrigger_refused_total', 'direction="outbound"', 'reason="route_not_found"'), 1)
  const two = await client()
  two.send(get('/', 'Host: stranger'))
  t.equal((await answer(two)).status, 404)
})

t.test('A connection that was not redirected, or to one of our own listeners, is closed', async (t) => {
  const { proxy, client } = await redirectedWorld(t, greeting)
  const isReset = async (...to: Parameters<typeof client>) => {
    const one = await client(...to).catch((error: NodeJS.ErrnoException) => error)
    if (one instanceof Error) return one.code === 'ECONNRESET'
    await one.untilClosed()
    return one.ending === 'reset'
  }
  const local = (port: number) => ({ host: '127.0.0.1', port })
  for (const to of ['nowhere' as const, local(proxy.admin), local(proxy.outbound)]) {
    t.ok(await isReset('inbound', to))
    t.ok(await isReset('outbound', to))
  }
  t.ok(await isReset('inbound', { host: '192.0.2.1', port: 80 }))
  t.equal(await metric(proxy, 'outrigger_refused_total', 'direction="inbound"', 'reason="loop_detected"'), 3)
  t.equal(await metric(proxy, 'outrigger_refused_total', 'direction="outbound"', 'reason="loop_detected"'), 3)
  t.equal(await metric(proxy, 'outrigger_refused_total', 'direction="inbound"', 'reason="route_not_found"'), 1)
})

t.test('Inbound, a policy in force makes its port HTTP only', async (t) => {
  const http = answering(() => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
  const policy = '---\nkind: Policy\nname: p\nmatch: {direction: inbound}\nrateLimit: {rate: 1000/s}\n'
  const { proxy, clock, client } = await redirectedWorld(t, http, BARE + policy)
  const silent = await client('inbound')
  clock.advance(9000)
  await turn()
  t.equal(silent.ending, 'open', 'it is waited for')
  clock.advance(1100)
  await silent.untilEnded()
  const bytes = await client('inbound')
  bytes.send('\x00\x01\x02')
  await bytes.untilEnded()
  t.match(bytes.text, /^HTTP\/1\.1 400/)
  const tls = await client('inbound')
  tls.send(Buffer.from('1603010200010001fc0303', 'hex'))
  await tls.untilEnded()
  t.equal(tls.text, '')
  const good = await client('inbound')
  good.send(get('/'))
  t.equal((await answer(good)).status, 200)
  t.equal(await metric(proxy, 'outrigger_refused_total', 'direction="inbound"', 'reason="head_timeout"'), 1)
  t.equal(await metric(proxy, OPEN, 'direction="inbound"'), 0)
})

t.test('Inbound, ports follow their policies; a declared port passes bytes', async (t) => {
  const policy = '---\nkind: Policy\nname: p\nmatch: {direction: inbound}\nrateLimit: {rate: 1000/s}\n'
  const { origin, client } = await redirectedWorld(t, greeting, BARE + policy, {
    appPorts: { get: () => 'tcp' } as never,
  })
  await (await client('inbound')).until('220 hello')
  t.equal(origin.peers.length, 1)
})

t.test('TLS passes to the Service that its server name means, where that speaks TLS', async (t) => {
  const authority = new Authority('shop')
  const secure = await tlsOrigin(t, 'http1', authority.issue({ names: ['inventory.shop.test'] }))
  const service = `kind: Service\nname: inventory\nhosts: [inventory.shop.test]\nendpoints: ["127.0.0.1:${secure.port}"]\ntls: {}\n`
  const { proxy, clock, client } = await redirectedWorld(t, greeting, `${BARE}---\n${service}`)
  const one = await client('outbound', { host: '192.0.2.1', port: 443 })
  const ca = authority.cert
  const socket = await tlsConnect(t, 0, { socket: one.socket, servername: 'inventory.shop.test', ca })
  socket.write('GET / HTTP/1.1\r\nHost: inventory.shop.test\r\nConnection: close\r\n\r\n')
  await new Promise((resolve) => socket.once('data', resolve))
  t.equal(secure.reached[0]?.serverName, 'inventory.shop.test')
  t.equal(await metric(proxy, OPEN, 'destination="inventory"', 'why="tls"'), 1)
  clock.advance(1)
})

t.test('A forward proxy is asked in its own form, unless the request is for a Service', async (t) => {
  const { proxy, origin, client } = await redirectedWorld(
    t,
    async (peer) => void peer.send(`saw ${await peer.until('\r\n\r\n')}`),
    services({ inventory: 1 }, 'kind: Service\nname: stock\nhosts: ["stock:80"]\nendpoints: ["127.0.0.1:1"]\n'),
  )
  const one = await client()
  one.send('CONNECT elsewhere.test:443 HTTP/1.1\r\nHost: elsewhere.test:443\r\n\r\n')
  await one.until('saw CONNECT elsewhere.test:443')
  const two = await client()
  two.send('GET http://elsewhere.test/x HTTP/1.1\r\nHost: elsewhere.test\r\n\r\n')
  await two.until('saw GET http://elsewhere.test/x')
  const three = await client()
  three.send('GET http://inventory/x HTTP/1.1\r\nHost: inventory\r\n\r\n')
  t.equal((await answer(three)).status, 502, 'the Service, at which nobody is')
  const four = await client()
  four.send('GET http://stock/x HTTP/1.1\r\nHost: stock\r\n\r\n')
  t.equal((await answer(four)).status, 502, 'http means port 80')
  t.equal(origin.peers.length, 2)
  t.equal(await metric(proxy, OPEN, 'why="not_http"'), 2)
})

t.test(
  'A request that names no host belongs to the Service that has the address among its hosts, as bytes do',
  async (t) => {
    const service = (host: string) => `kind: Service\nname: shop\nhosts: ["${host}"]\nendpoints: ["127.0.0.1:1"]\n`
    const { origin, client } = await redirectedWorld(t, HI, `${BARE}---\n${service('127.0.0.1:ORIGIN')}`)
    for (const [text, status] of [
      ['GET / HTTP/1.0\r\n\r\n', 502],
      ['GET / HTTP/1.1\r\nHost:\r\n\r\n', 502],
      ['GET / HTTP/1.0\r\nHost: elsewhere.test\r\n\r\n', 200],
    ] as const) {
      const one = await client()
      one.send(text)
      t.equal((await answer(one)).status, status, text)
    }
    t.equal(origin.requests.length, 1)
  },
)

t.test('h2c with prior knowledge is HTTP', async (t) => {
  const { origin, client } = await redirectedWorld(t, () => {})
  const one = await client()
  one.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00')
  await one.when('SETTINGS', () => one.received.length >= 9)
  t.equal(one.received[3], 4)
  t.equal(origin.peers.length, 0)
})

t.test('A drain waits for bytes that pass, and its end ends them', async (t) => {
  const { proxy, clock, client } = await redirectedWorld(t, greeting, `${BARE}drain: {wait: 1ms, timeout: 2s}\n`)
  const one = await client()
  one.send('\x01')
  await one.until('220')
  const drained = proxy.drain()
  for (let i = 0; i < 10; i++) await turn()
  clock.advance(1000)
  await turn()
  t.equal(one.ending, 'open')
  for (let i = 0; i < 20; i++) {
    clock.advance(100)
    await turn()
  }
  await drained
  await proxy.stop()
  await one.untilClosed()
  t.equal(one.ending, 'reset')
})

t.test('protocol: tcp passes bytes to the application without any redirection', async (t) => {
  const origin = await startRawOrigin(greeting)
  const yaml = `${BARE}inbound: [{listen: "127.0.0.1:0", app: "127.0.0.1:${origin.port}", protocol: tcp}]\n`
  const proxy = await startProxy(yaml)
  t.teardown(async () => {
    await proxy.stop()
    await origin.close()
  })
  await (await connect(proxy.inbound)).until('220 hello')
  t.equal(await metric(proxy, OPEN, 'direction="inbound"', 'destination="orders"', 'why="declared"'), 1)
})

t.test('[::] is every address of both families', async (t) => {
  const origin = await startRawOrigin(greeting)
  const yaml = `${BARE}inbound: [{listen: "[::]:0", app: "127.0.0.1:${origin.port}", protocol: tcp}]\n`
  const proxy = await startProxy(yaml)
  t.teardown(async () => {
    await proxy.stop()
    await origin.close()
  })
  await (await connect(proxy.inbound)).until('220 hello')
  const v6 = net.connect({ host: '::1', port: proxy.inbound })
  const heard = await new Promise((resolve) => v6.once('data', resolve).once('error', resolve))
  v6.destroy()
  if ((heard as NodeJS.ErrnoException).code === 'EADDRNOTAVAIL') t.comment('no IPv6 here')
  else t.equal(String(heard), '220 hello\r\n')
})
