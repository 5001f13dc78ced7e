/** An upgrade to an upstream in HTTP/2 of which nothing is known yet: it waits for SETTINGS (RFC 8441 §3). */
import http2 from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { acceptOf } from '../../src/http/websocket.ts'
import { DATA, ENABLE_CONNECT_PROTOCOL, HEADERS, MAX_CONCURRENT_STREAMS } from '../../src/http2/frames.ts'
import { ask, field, get, settled, told } from '../support/ask.ts'
import { Authority } from '../support/certificates.ts'
import { FakeClock } from '../support/fake-clock.ts'
import {
  block,
  data,
  headers,
  http2Client,
  type Http2Peer,
  type Http2RawOrigin,
  http2RawOrigin,
  settings,
} from '../support/http2-raw.ts'
import { type LoggedShop, loggedShop } from '../support/logged-shop.ts'
import type { Proxy as Sidecar, ProxyOptions } from '../support/proxy.ts'
import { connect, type RawSocket, turn } from '../support/raw.ts'
import { listening, PemFolder } from '../support/tls.ts'

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const HANDSHAKE = get(
  '/chat',
  'Host: shop',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${KEY}`,
)
const EXTENDED = block([
  [':method', 'CONNECT'],
  [':protocol', 'websocket'],
  [':scheme', 'http'],
  [':authority', 'shop'],
  [':path', '/chat'],
])
const ALLOWED = settings([[ENABLE_CONNECT_PROTOCOL, 1]])

const POLICY = 'timeout: {request: 1m, connect: 3s}\nretry: {max: 0}\n'

function start(t: Test, port: number, service: string, options: ProxyOptions = {}): Promise<LoggedShop> {
  return loggedShop(t, port, service, POLICY, options)
}

async function websocket(t: Test, proxy: Sidecar): Promise<RawSocket> {
  const client = await connect(proxy.outbound)
  t.teardown(() => client.destroy())
  client.send(`${HANDSHAKE}early `)
  return client
}

/** Takes every tunnel, and sends back what comes in it. */
function echo(peer: Http2Peer): void {
  peer.onFrame = ({ type, id, payload }) => {
    if (type === HEADERS) peer.send(headers(id, block([[':status', '200']])))
    else if (type === DATA) peer.send(data(id, payload))
  }
}

async function peerOf(origin: Http2RawOrigin, n = 0): Promise<Http2Peer> {
  while (origin.peers.length <= n) await turn()
  return origin.peers[n] as Http2Peer
}

t.test('The first request to an HTTP/2 upstream may be a WebSocket: over HTTP/1.1', async (t) => {
  const origin = await http2RawOrigin(t, echo, { settings: [[ENABLE_CONNECT_PROTOCOL, 1]] })
  const { proxy } = await start(t, origin.port, 'protocol: http2')
  const client = await websocket(t, proxy)
  await client.until('early ')
  t.match(client.text, /^HTTP\/1\.1 101 Switching Protocols\r\n/)
  t.match(client.text, `Sec-WebSocket-Accept: ${acceptOf(KEY)}`)
  client.send('and more')
  await client.until('and more')
  const [peer] = origin.peers as [Http2Peer]
  const asked = await peer.head(1)
  t.match(asked, [
    [':method', 'CONNECT'],
    [':protocol', 'websocket'],
  ])
  t.equal(origin.peers.length, 1, 'one connection')
})

for (const protocol of ['http2', 'auto']) {
  t.test(
    `The first request to an HTTP/2 upstream may be a WebSocket: over HTTP/2, protocol: ${protocol}`,
    async (t) => {
      const origin = await http2RawOrigin(t, echo, { settings: [[ENABLE_CONNECT_PROTOCOL, 1]] })
      const { proxy } = await start(t, origin.port, `protocol: ${protocol}`)
      const client = await http2Client(t, proxy.outbound)
      client.send(headers(1, EXTENDED), data(1, 'early '))
      t.equal(await client.status(1), 200)
      await client.when('the echo', () => client.dataBytes === 'early '.length)
    },
  )
}

t.test(
  'A WebSocket over HTTP/1.1 without a key that is one gets a 400, where we would have to prove ourselves with it',
  async (t) => {
    const origin = await http2RawOrigin(t, echo, { settings: [[ENABLE_CONNECT_PROTOCOL, 1]] })
    const { proxy } = await start(t, origin.port, 'protocol: http2')
    const line = `Sec-WebSocket-Key: ${KEY}\r\n`
    for (const key of ['', 'Sec-WebSocket-Key: \r\n', 'Sec-WebSocket-Key: c2hvcnQ=\r\n', line + line]) {
      const got = await ask(proxy.outbound, HANDSHAKE.replace(line, key))
      t.equal(got.status, 400, key)
      t.equal(field(got, 'x-outrigger-reason'), 'protocol_error_downstream')
    }
    t.equal(origin.peers.length, 0)
  },
)

t.test('Upgrades wait for the SETTINGS of one connection; one whose client leaves is never sent', async (t) => {
  const origin = await http2RawOrigin(t, echo, { silent: true })
  const { proxy } = await start(t, origin.port, 'protocol: http2')
  const first = await websocket(t, proxy)
  const leaving = await websocket(t, proxy)
  const third = await websocket(t, proxy)
  const peer = await peerOf(origin)
  await peer.settled()
  await settled(proxy)
  leaving.destroy()
  await settled(proxy)
  t.equal(peer.frames.filter(({ type }) => type === HEADERS).length, 0, 'nothing is sent before')
  peer.send(ALLOWED)
  await first.until('early ')
  await third.until('early ')
  t.equal(origin.peers.length, 1)
  t.equal(peer.frames.filter(({ type }) => type === HEADERS).length, 2)
})

t.test('More upgrades than the upstream allows streams go over further connections', async (t) => {
  const pairs = [
    [ENABLE_CONNECT_PROTOCOL, 1],
    [MAX_CONCURRENT_STREAMS, 1],
  ] as const
  const origin = await http2RawOrigin(t, echo, { settings: pairs })
  const { proxy } = await start(t, origin.port, 'protocol: http2')
  const clients = await Promise.all([1, 2, 3].map(() => websocket(t, proxy)))
  for (const client of clients) await client.until('early ')
  t.equal(origin.peers.length, 3)
})

t.test('An upstream that allows no stream for now is waited for, on its one connection', async (t) => {
  const clock = new FakeClock()
  const none = [
    [ENABLE_CONNECT_PROTOCOL, 1],
    [MAX_CONCURRENT_STREAMS, 0],
  ] as const
  const origin = await http2RawOrigin(t, echo, { settings: none })
  const { proxy } = await start(t, origin.port, 'protocol: http2', { clock })
  const client = await websocket(t, proxy)
  const peer = await peerOf(origin)
  await peer.settled()
  await settled(proxy)
  peer.send(settings([[MAX_CONCURRENT_STREAMS, 1]]))
  await client.until('early ')
  t.equal(origin.peers.length, 1)
  const late = await websocket(t, proxy)
  peer.send(settings([[MAX_CONCURRENT_STREAMS, 0]]))
  await peerOf(origin, 1)
  await (origin.peers[1] as Http2Peer).settled()
  await settled(proxy)
  clock.advance(3100)
  await late.until('}}\n')
  t.match(late.text, /^HTTP\/1\.1 503 /)
  t.match(late.text, /\r\nx-outrigger-reason: pool_exhausted\r\n/)
  t.equal(origin.peers.length, 2)
})

t.test('Upgrades that wait for SETTINGS keep to http2Streams', async (t) => {
  const origin = await http2RawOrigin(t, echo, { silent: true })
  const { proxy } = await start(t, origin.port, 'protocol: http2\nconnections: {http2Streams: 1}')
  const clients = await Promise.all([1, 2, 3].map(() => websocket(t, proxy)))
  await peerOf(origin, 2)
  for (const peer of origin.peers) {
    await peer.settled()
    peer.send(ALLOWED)
  }
  for (const client of clients) await client.until('early ')
  t.same(
    origin.peers.map((peer) => peer.frames.filter(({ type }) => type === HEADERS).length),
    [1, 1, 1],
  )
})

t.test('A connection that was reset before its SETTINGS says nothing of HTTP/2', async (t) => {
  const first: string[] = []
  const server = net.createServer((socket) => {
    socket.once('data', (chunk) => {
      first.push(chunk.toString('latin1', 0, 3))
      // It restarts, and what it had accepted is reset. From then on it is there, and speaks HTTP/2 alone.
      if (first.length === 1 || first.at(-1) !== 'PRI') socket.resetAndDestroy()
      else socket.write(ALLOWED)
    })
  })
  const { proxy } = await start(t, await listening(t, server), 'protocol: http2')
  t.equal((await ask(proxy.outbound, HANDSHAKE)).status, 502)
  t.same(first, ['PRI', 'GET'], 'the one that met it had a second way')
  await websocket(t, proxy)
  while (first.length < 3) await turn()
  t.equal(first.at(-1), 'PRI')
})

t.test('No SETTINGS within the connect timeout is a 504 connect_timeout', async (t) => {
  const clock = new FakeClock()
  const origin = await http2RawOrigin(t, () => {}, { silent: true })
  const { proxy, log } = await start(t, origin.port, 'protocol: http2', { clock })
  const client = await websocket(t, proxy)
  await (await peerOf(origin)).settled()
  await settled(proxy)
  clock.advance(3100)
  await client.until('}}\n')
  t.match(client.text, /^HTTP\/1\.1 504 /)
  t.match(client.text, /\r\nx-outrigger-reason: connect_timeout\r\n/)
  t.match(await log(), 'connected, and no SETTINGS came in time')
})

t.test('An upstream that is down is a 502 connect_failure, once', async (t) => {
  const { proxy } = await start(t, 1, 'protocol: http2')
  const got = await ask(proxy.outbound, HANDSHAKE)
  t.equal(got.status, 502)
  t.equal(field(got, 'x-outrigger-reason'), 'connect_failure')
})

/** Speaks HTTP/1.1 alone, or beside HTTP/2 whose SETTINGS allow nothing. */
async function dual(t: Test, http2: boolean): Promise<{ port: number; prefaces: () => number }> {
  let prefaces = 0
  const server = net.createServer((socket) => {
    socket.once('data', (chunk) => {
      if (!chunk.toString('latin1').startsWith('PRI ')) {
        socket.write('HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n')
        socket.write(`Sec-WebSocket-Accept: ${acceptOf(KEY)}\r\n\r\nhello `)
        return
      }
      prefaces++
      if (http2) socket.write(settings())
      else socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')
    })
  })
  return { port: await listening(t, server), prefaces: () => prefaces }
}

for (const both of [true, false]) {
  const who = both ? 'that allows no extended CONNECT' : 'that knows no HTTP/2'
  t.test(`An upstream ${who} is asked over HTTP/1.1, and for a minute at once`, async (t) => {
    const clock = new FakeClock()
    const origin = await dual(t, both)
    const { proxy } = await start(t, origin.port, 'protocol: http2', { clock })
    const upgraded = async () => {
      const client = await websocket(t, proxy)
      await client.until('hello ')
      t.match(client.text, /^HTTP\/1\.1 101 /)
      client.destroy()
    }
    await upgraded()
    t.equal(origin.prefaces(), 1)
    // Until the connection that said so is idle for too long.
    for (let i = 0; i < 50; i++) {
      clock.advance(1000)
      await turn()
    }
    await upgraded()
    t.equal(origin.prefaces(), 1, 'remembered')
    for (let i = 0; i < 11; i++) {
      clock.advance(1000)
      await turn()
    }
    await upgraded()
    t.equal(origin.prefaces(), 2, 'forgotten')
  })
}

t.test('Where neither version takes it, the answer is a 502, and the log says both', async (t) => {
  const origin = await http2RawOrigin(t, () => {})
  const { proxy, log } = await start(t, origin.port, 'protocol: http2')
  const got = await ask(proxy.outbound, HANDSHAKE)
  t.equal(got.status, 502)
  t.equal(told(got)['reason'], 'protocol_error_upstream')
  t.match(field(got, 'proxy-status'), 'error=http_protocol_error')
  t.match(await log(), 'no HTTP/1.1 answer; over HTTP/2 its SETTINGS allow no extended CONNECT (RFC 8441)')
})

// ---------------------------------------------------------------- TLS

const authority = new Authority('root')

/** Node's own server; extended CONNECT is a stream like any other to it. */
async function tlsUpstream(t: Test, connects: boolean, allowHTTP1: boolean) {
  const { cert, key } = authority.issue({ names: ['shop.test'] })
  const options = { cert, key, allowHTTP1, settings: { enableConnectProtocol: connects } }
  const server = http2.createSecureServer(options)
  const over: string[] = []
  server.on('stream', (stream: http2.ServerHttp2Stream, fields) => {
    over.push(`h2 ${fields[':method']} ${fields[':protocol']}`)
    stream.on('error', () => {})
    stream.respond({ ':status': 200 })
    stream.pipe(stream)
  })
  server.on('upgrade', (_request, socket, head) => {
    over.push('http/1.1')
    socket.write('HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n')
    socket.write(`Sec-WebSocket-Accept: ${acceptOf(KEY)}\r\n\r\n`)
    socket.write(head)
    socket.pipe(socket)
  })
  server.on('sessionError', () => {})
  await listening(t, server as never)
  const ca = new PemFolder(t).write('ca.pem', authority.cert)
  return { port: (server.address() as AddressInfo).port, over, service: `tls: {ca: ${ca}, serverName: shop.test}` }
}

for (const [connects, allowHTTP1, over] of [
  [true, false, 'h2 CONNECT websocket'],
  [true, true, 'h2 CONNECT websocket'],
  [false, true, 'http/1.1'],
] as const) {
  const name = `HTTP/2${connects ? ' with' : ' without'} extended CONNECT${allowHTTP1 ? ', and HTTP/1.1' : ' alone'}`
  t.test(`Over TLS the first request may be a WebSocket: ${name}`, async (t) => {
    const upstream = await tlsUpstream(t, connects, allowHTTP1)
    const { proxy } = await start(t, upstream.port, upstream.service)
    const client = await websocket(t, proxy)
    await client.until('early ')
    t.match(client.text, /^HTTP\/1\.1 101 /)
    t.strictSame(upstream.over, [over])
  })
}

t.test('Over TLS, HTTP/2 alone without extended CONNECT is a 502, and the log says why', async (t) => {
  const upstream = await tlsUpstream(t, false, false)
  const { proxy, log } = await start(t, upstream.port, upstream.service)
  const got = await ask(proxy.outbound, HANDSHAKE)
  t.equal(got.status, 502)
  t.equal(field(got, 'x-outrigger-reason'), 'tls_failure')
  const logged = await log()
  t.match(logged, 'speaks none of the protocols offered (ALPN)')
  t.match(logged, 'its SETTINGS allow no extended CONNECT (RFC 8441)')
})
