import t from 'tap'
import { answer, eventually, field, get, metric, request, state } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { turn } from '../support/raw.ts'
import type { Script } from '../support/raw-origin.ts'
import { HI, policy, scene } from '../support/scene.ts'

const UPGRADE = [
  'Connection: Upgrade, X-Drop',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'X-Drop: 1',
]

/** Accepts, says `ready`, and sends back what comes. */
const ACCEPTS: Script = async (peer) => {
  await peer.request()
  const before = peer.received.length
  peer.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-A: b\r\n\r\nready')
  let at = before
  peer.socket.on('data', () => {
    peer.send(peer.received.subarray(at))
    at = peer.received.length
  })
  peer.socket.on('end', () => peer.send('bye').halfClose())
}

/** Not HTTP at all: says hello and echoes. */
const BYTES: Script = (peer) => {
  peer.send('hello ')
  peer.socket.on('data', (chunk) => peer.send(chunk))
  peer.socket.on('end', () => peer.send(' bye').halfClose())
}

for (const inbound of [false, true]) {
  t.test(`An upgrade that is accepted becomes a tunnel, ${inbound ? 'in' : 'out'}bound`, async (t) => {
    const { client, origin } = await scene(t, ACCEPTS, { inbound })
    const connection = await client()
    // Bytes right behind the request belong to the tunnel.
    connection.send(`${request('GET /ws', UPGRADE)}early `)
    await connection.until('ready')
    await connection.until('early')
    const head = connection.text.slice(0, connection.text.indexOf('ready'))
    t.match(head, /^HTTP\/1\.1 101 Switching Protocols\r\n/)
    t.match(head, /\r\nUpgrade: websocket\r\n/)
    t.match(head, /\r\nConnection: Upgrade\r\n/)
    t.match(head, /\r\nX-A: b\r\n/)
    const [got] = origin.requests
    t.equal(field(got!, 'upgrade'), 'websocket')
    t.equal(field(got!, 'connection'), 'Upgrade')
    t.equal(field(got!, 'x-drop'), undefined)
    t.equal(field(got!, 'sec-websocket-key'), 'dGhlIHNhbXBsZSBub25jZQ==')
    connection.send('GET / not http\0\xff')
    await connection.until('not http')
    connection.halfClose()
    await connection.untilEnded()
    t.ok(connection.text.endsWith('bye'), 'the other direction is flushed')
    t.equal(connection.ending, 'fin')
    t.strictSame(origin.errors, [])
  })
}

t.test('An upgrade that is refused goes on as HTTP', async (t) => {
  const { client, origin } = await scene(t, HI)
  const connection = await client()
  connection.send(`${request('GET /ws', UPGRADE)}${get('/next')}`)
  const first = await answer(connection)
  t.equal(first.body.toString(), 'hi!')
  t.equal((await answer(connection, first.next)).body.toString(), 'hi!')
  t.strictSame(
    origin.requests.map(({ target }) => target),
    ['/ws', '/next'],
  )
})

t.test('h2c, and an upgrade of a request with a body, are not asked for', async (t) => {
  const { client, origin } = await scene(t, HI)
  const connection = await client()
  connection.send(request('GET /1', ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAA']))
  const first = await answer(connection)
  connection.send(request('POST /2', ['Connection: Upgrade', 'Upgrade: websocket'], 'abc'))
  await answer(connection, first.next)
  for (const got of origin.requests) {
    t.equal(field(got, 'upgrade'), undefined)
    t.equal(field(got, 'connection'), undefined)
    t.equal(field(got, 'http2-settings'), undefined)
  }
})

t.test('A 101 nobody asked for is nonsense: 502', async (t) => {
  const { client } = await scene(t, async (peer) => {
    await peer.request()
    peer.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  })
  const connection = await client()
  connection.send(get('/'))
  t.match(await connection.until('}}\n'), /^HTTP\/1\.1 502 [\s\S]*protocol_error_upstream/)
})

t.test('A tunnel ends with either end, and frees everything', async (t) => {
  const { client, origin, proxy } = await scene(t, ACCEPTS)
  for (const ends of ['client', 'upstream'] as const) {
    const connection = await client()
    connection.send(request('GET /ws', UPGRADE))
    await connection.until('ready')
    const peer = await origin.peer(origin.peers.length - 1)
    if (ends === 'client') {
      connection.reset()
      await peer.untilEnded()
    } else {
      peer.reset()
      await connection.untilEnded()
      t.equal(connection.ending, 'reset', 'bytes that broke off do not look whole')
    }
    await eventually('nothing left', async () => {
      const found = await state(proxy)
      return found.connections.outbound === 0 && found.endpoints[0]?.connections === 0
    })
  }
  t.equal(await metric(proxy, 'http_server_active_requests'), 0)
})

t.test('CONNECT opens a tunnel of bytes to the endpoint, counted when it ends', async (t) => {
  const { client, origin, proxy } = await scene(t, BYTES)
  const connection = await client()
  connection.send('CONNECT origin:80 HTTP/1.1\r\nHost: origin:80\r\n\r\nping')
  await connection.until('ping')
  const text = connection.text
  t.match(text, /^HTTP\/1\.1 200 /)
  t.notMatch(text.slice(0, text.indexOf('\r\n\r\n')), /content-length|transfer-encoding/i)
  t.match(text.slice(text.indexOf('\r\n\r\n') + 4), /^hello ping$/)
  t.equal((await origin.peer(0)).text, 'ping', 'nothing of ours reaches the other end')
  connection.halfClose()
  await connection.untilEnded()
  t.ok(connection.text.endsWith('hello ping bye'))
  await eventually('the count', async () => (await metric(proxy, 'outrigger_tunnel_bytes_total')) > 0)
  t.equal(await metric(proxy, 'outrigger_tunnel_bytes_total', 'flow="received"'), 4)
  t.equal(await metric(proxy, 'outrigger_tunnel_bytes_total', 'flow="sent"'), 'hello ping bye'.length)
})

t.test('A tunnel in which nothing moves ends after timeout.idle; what moves keeps it', async (t) => {
  const clock = new FakeClock()
  const { client, origin } = await scene(t, BYTES, { clock, yaml: policy('timeout: {idle: 1s}') })
  const connection = await client()
  connection.send('CONNECT origin:80 HTTP/1.1\r\nHost: origin:80\r\n\r\n')
  await connection.until('hello')
  for (let i = 1; i <= 5; i++) {
    clock.advance(800)
    connection.send(`<${i}>`)
    await connection.until(`<${i}>`)
  }
  t.equal(connection.ending, 'open')
  clock.advance(1300)
  await turn()
  await connection.untilEnded()
  await (await origin.peer(0)).untilEnded()
})

t.test('CONNECT to nobody gets 502 connect_failure, and the connection goes on', async (t) => {
  const { client } = await scene(t, HI, { yaml: 'kind: Service\nname: nobody\nendpoints: ["127.0.0.1:1"]\n' })
  const connection = await client()
  connection.send('CONNECT nobody:80 HTTP/1.1\r\nHost: nobody:80\r\n\r\n')
  const got = await answer(connection)
  t.equal(got.status, 502)
  t.equal(field(got, 'x-outrigger-reason'), 'connect_failure')
  connection.send(get('/'))
  t.equal((await answer(connection, got.next)).status, 200)
})

t.test('CONNECT to a host no Service names gets 404', async (t) => {
  const { client, origin } = await scene(t, HI)
  const connection = await client()
  connection.send(`CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere:443\r\n\r\n`)
  t.equal((await answer(connection)).status, 404)
  t.equal(origin.peers.length, 0)
})

t.test('Inbound there is no CONNECT to elsewhere: it goes to the application, or is refused', async (t) => {
  const { client, origin } = await scene(t, HI, { inbound: true })
  const connection = await client()
  connection.send('CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere:443\r\n\r\n')
  const got = await answer(connection, 0, 'CONNECT')
  t.ok(got.status >= 400, `${got.status}`)
  t.equal(origin.peers.length, 0)
})
