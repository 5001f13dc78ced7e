/** Tunnels between the versions: WebSocket by Upgrade and by extended CONNECT (RFC 8441), and CONNECT. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import {
  ACK,
  CANCEL,
  CONNECT_ERROR,
  DATA,
  ENABLE_CONNECT_PROTOCOL,
  END_STREAM,
  HEADERS,
  INTERNAL_ERROR,
  PROTOCOL_ERROR,
  RST_STREAM,
  SETTINGS,
} from '../../../src/http2/frames.ts'
import { acceptOf } from '../../../src/http/websocket.ts'
import { get, metric } from '../../support/ask.ts'
import {
  block,
  data,
  type Fields,
  headers,
  http2Client,
  type Http2Peer,
  http2RawOrigin,
  reset,
  SETTINGS_ACK,
} from '../../support/http2-raw.ts'
import { type Proxy as Sidecar, services, startProxy } from '../../support/proxy.ts'
import { connect, type RawSocket } from '../../support/raw.ts'
import { type Script, startRawOrigin } from '../../support/raw-origin.ts'
import { firstOf, paired } from './message.ts'

/** The stream of the tunnel; an earlier one may have gone before. */
const ID = 3

function extended(more: Fields = [], protocol = 'websocket', path = '/chat?a=b'): Buffer {
  const pseudo: Fields = [
    [':method', 'CONNECT'],
    [':protocol', protocol],
    [':scheme', 'http'],
    [':authority', 'origin'],
    [':path', path],
  ]
  return headers(ID, block([...pseudo, ['sec-websocket-version', '13'], ...more]))
}

function bytesOf(peer: Http2Peer, id = ID): string {
  const own = peer.frames.filter((one) => one.type === DATA && one.id === id)
  return own.map(({ payload }) => payload.toString('latin1')).join('')
}

async function until(peer: Http2Peer, text: string, id = ID): Promise<void> {
  await peer.when(text, () => bytesOf(peer, id).includes(text))
}

async function sidecar(t: Test, port: number, protocol: string): Promise<Sidecar> {
  const yaml = services({ origin: port }).replace('name: origin\n', `name: origin\nprotocol: ${protocol}\n`)
  const proxy = await startProxy(yaml)
  t.teardown(() => proxy.stop())
  return proxy
}

// ---------------------------------------------------------------- extended CONNECT towards HTTP/1.1

const TUNNEL = block([
  [':method', 'CONNECT'],
  [':protocol', 'websocket'],
  [':scheme', 'http'],
  [':authority', 'origin'],
  [':path', '/'],
])

/** Accepts as RFC 6455 has it, and sends back what comes, with a bye. */
const accepts: Script = async (peer) => {
  const { fields } = await peer.request()
  const key = fields[fields.indexOf('Sec-WebSocket-Key') + 1] as string
  peer.send(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nX-A: b\r\nSec-WebSocket-Accept: ${acceptOf(key)}\r\n\r\nready `,
  )
  if (peer.rest.length > 0) peer.send(peer.rest)
  peer.socket.on('data', (chunk) => peer.send(chunk))
  peer.socket.on('end', () => peer.send('bye').halfClose())
}

t.test(
  'HTTP/2 to HTTP/1.1: an extended CONNECT is an upgrade with a key of ours, and a 200 where a 101 came',
  async (t) => {
    const origin = await startRawOrigin(accepts)
    t.teardown(() => origin.close())
    const proxy = await sidecar(t, origin.port, 'http1')
    const client = await http2Client(t, proxy.outbound)
    // Bytes right behind the head are held until it is known whose they are.
    client.send(extended([['sec-websocket-protocol', 'chat']]), data(ID, 'early '))
    t.equal(await client.status(ID), 200)
    const names = (await client.head(ID)).map(([name]) => name)
    for (const name of ['upgrade', 'connection', 'sec-websocket-accept', 'content-length'])
      t.notOk(names.includes(name), name)
    t.equal(firstOf(await client.head(ID), 'x-a'), 'b')
    await until(client, 'ready early ')
    client.send(data(ID, 'GET / not http\0\xff'))
    await until(client, 'not http\0\xff')
    client.send(data(ID, 'last ', true))
    await client.finished(ID)
    t.ok(bytesOf(client).endsWith('last bye'), 'the other direction is flushed')
    const [asked] = origin.requests
    const fields = paired(asked?.fields ?? [])
    t.equal(firstOf(fields, 'upgrade'), 'websocket')
    t.equal(firstOf(fields, 'connection'), 'Upgrade')
    t.equal(firstOf(fields, 'sec-websocket-protocol'), 'chat')
    for (const name of ['content-length', 'transfer-encoding']) t.equal(firstOf(fields, name), undefined)
    t.strictSame(origin.errors, [])
  },
)

t.test('HTTP/2 to HTTP/1.1: an end that comes before the tunnel is open is a FIN once it is', async (t) => {
  const origin = await startRawOrigin(accepts)
  t.teardown(() => origin.close())
  const proxy = await sidecar(t, origin.port, 'http1')
  for (const frames of [
    [extended(), data(ID, '', true)],
    [extended(), data(ID, 'x', true)],
  ]) {
    const client = await http2Client(t, proxy.outbound)
    client.send(...frames)
    t.equal(await client.status(ID), 200)
    await client.finished(ID)
    t.match(bytesOf(client), /^ready x?bye$/)
  }
})

t.test('HTTP/2 to HTTP/1.1: a reset of either side is one on the other, CANCEL towards HTTP/2', async (t) => {
  const origin = await startRawOrigin(accepts)
  t.teardown(() => origin.close())
  const proxy = await sidecar(t, origin.port, 'http1')
  for (const who of ['client', 'origin'] as const) {
    const client = await http2Client(t, proxy.outbound)
    client.send(extended())
    await until(client, 'ready ')
    const peer = origin.peers.at(-1)!
    if (who === 'origin') {
      peer.reset()
      t.equal(await client.resetCode(ID), CANCEL, 'RFC 8441 §5')
    } else {
      client.send(reset(ID, CANCEL))
      await peer.untilEnded()
      t.equal(peer.ending, 'reset')
    }
  }
})

t.test('HTTP/2 to HTTP/1.1: limits.maxRequestBytes is about bodies, and a tunnel has none', async (t) => {
  const origin = await startRawOrigin(accepts)
  t.teardown(() => origin.close())
  const yaml = `${services({ origin: origin.port }).replace('---\n', 'limits: {maxRequestBytes: 1KiB}\n---\n')}protocol: http1\n`
  const proxy = await startProxy(yaml)
  t.teardown(() => proxy.stop())
  const client = await http2Client(t, proxy.outbound)
  client.send(extended())
  await until(client, 'ready ')
  client.send(data(ID, 'x'.repeat(5000)), data(ID, 'last', true))
  await client.finished(ID)
  t.equal(bytesOf(client).length, 'ready '.length + 5000 + 'last'.length + 'bye'.length)
})

t.test('HTTP/2 to HTTP/1.1: a 101 without the proof is a 502', async (t) => {
  const origin = await startRawOrigin(async (peer) => {
    await peer.request()
    const accept = acceptOf('another key')
    peer.send(`HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`)
  })
  t.teardown(() => origin.close())
  const proxy = await sidecar(t, origin.port, 'http1')
  const client = await http2Client(t, proxy.outbound)
  client.send(extended())
  t.equal(await client.status(ID), 502)
})

for (const protocol of ['http1', 'http2']) {
  t.test(
    `HTTP/2 to ${protocol}: a tunnel that is refused is heard, body and fields, and nothing of it is forwarded`,
    async (t) => {
      const { port } = await refusing(t, protocol, 403)
      const proxy = await sidecar(t, port, protocol)
      const client = await http2Client(t, proxy.outbound)
      // Once an answer came, the upstream's SETTINGS are known.
      if (protocol === 'http2') await ask(client, 1)
      client.send(extended([], 'websocket', '/refused'), data(ID, 'GET /smuggled HTTP/1.1\r\nHost: origin\r\n\r\n'))
      t.equal(await client.status(ID), 403)
      await client.finished(ID)
      t.equal(bytesOf(client), 'no!')
      // Its client still sends, and nobody reads it.
      t.equal(await client.resetCode(ID), 0)
      t.equal(await ask(client, 9), 200)
    },
  )
}

t.test('HTTP/2 to HTTP/1.1: a 200 that is no tunnel is not told as one', async (t) => {
  const { port } = await refusing(t, 'http1', 200)
  const proxy = await sidecar(t, port, 'http1')
  const client = await http2Client(t, proxy.outbound)
  client.send(extended([], 'websocket', '/refused'))
  t.equal(await client.resetCode(ID), INTERNAL_ERROR)
  t.notOk(client.frames.some(({ type, id }) => type === HEADERS && id === ID))
  t.equal(await ask(client, 9), 200)
})

async function ask(client: Http2Peer, id: number): Promise<number> {
  client.send(
    headers(
      id,
      block([
        [':method', 'GET'],
        [':scheme', 'http'],
        [':authority', 'origin'],
        [':path', '/'],
      ]),
      true,
    ),
  )
  await client.finished(id)
  return client.status(id)
}

/** Refuses `/refused` with a body, and says hi otherwise. */
async function refusing(t: Test, protocol: string, status: number): Promise<{ port: number }> {
  if (protocol === 'http1') {
    const origin = await startRawOrigin(async (peer) => {
      for (;;) {
        const { target } = await peer.request(60_000)
        peer.send(`HTTP/1.1 ${target === '/refused' ? status : 200} X\r\nContent-Length: 3\r\n\r\nno!`)
      }
    })
    t.teardown(() => origin.close())
    return { port: origin.port }
  }
  return http2RawOrigin(
    t,
    (peer) => {
      peer.onFrame = (one) => {
        if (one.type === SETTINGS && (one.flags & ACK) === 0) peer.send(SETTINGS_ACK)
        else if (one.type === HEADERS) {
          const refused = firstOf(peer.fieldsOf(one), ':path') === '/refused'
          peer.send(headers(one.id, block([[':status', refused ? String(status) : '200']])), data(one.id, 'no!', true))
        }
      }
    },
    { settings: [[ENABLE_CONNECT_PROTOCOL, 1]] },
  )
}

// ---------------------------------------------------------------- towards HTTP/2

interface Tunnelled {
  readonly port: number
  /** Heads of extended CONNECT that came. */
  readonly asked: Fields[]
  readonly peers: readonly Http2Peer[]
}

/** Takes extended CONNECT where `allowed`, and sends back what comes; says hi to everything else. */
async function echoing(t: Test, allowed: boolean): Promise<Tunnelled> {
  const asked: Fields[] = []
  const play = (peer: Http2Peer): void => {
    const tunnels = new Set<number>()
    peer.onFrame = (one) => {
      const { type, id, flags, payload } = one
      const end = (flags & END_STREAM) !== 0
      if (type === SETTINGS && (flags & ACK) === 0) peer.send(SETTINGS_ACK)
      else if (type === DATA && tunnels.has(id))
        peer.send(data(id, end ? Buffer.concat([payload, Buffer.from('bye')]) : payload, end))
      else if (type === HEADERS && firstOf(peer.fieldsOf(one), ':method') === 'CONNECT') {
        tunnels.add(id)
        asked.push(peer.fieldsOf(one))
        // A length, a proof of its own: neither means anything here.
        const fields: Fields = [
          [':status', '200'],
          ['x-a', 'b'],
          ['content-length', '5'],
          ['sec-websocket-accept', 'x'],
        ]
        peer.send(headers(id, block(fields)))
      } else if (type === HEADERS) peer.send(headers(id, block([[':status', '200']])), data(id, 'hi!', true))
    }
  }
  const { port, peers } = await http2RawOrigin(t, play, { settings: allowed ? [[ENABLE_CONNECT_PROTOCOL, 1]] : [] })
  return { port, asked, peers }
}

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const HANDSHAKE = `GET /chat?a=b HTTP/1.1\r\nHost: origin\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nContent-Length: 0\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`

/** A client of HTTP/1.1 that had an answer already, so that the upstream's SETTINGS are known. */
async function answered(t: Test, allowed: boolean): Promise<{ origin: Tunnelled; client: RawSocket }> {
  const origin = await echoing(t, allowed)
  const proxy = await sidecar(t, origin.port, 'http2')
  const client = await connect(proxy.outbound)
  t.teardown(() => client.destroy())
  client.send(get('/'))
  await client.until('hi!')
  return { origin, client }
}

t.test(
  'HTTP/1.1 to HTTP/2: an upgrade is an extended CONNECT, and a 101 with the proof where a 200 came',
  async (t) => {
    const { origin, client } = await answered(t, true)
    const before = client.text.length
    client.send(`${HANDSHAKE}early `)
    await client.until('early ')
    const head = client.text.slice(before, client.text.indexOf('\r\n\r\n', before) + 4)
    t.match(head, /^HTTP\/1\.1 101 Switching Protocols\r\n/)
    t.match(head, /\r\nConnection: Upgrade\r\n/)
    t.match(head, /\r\nUpgrade: WebSocket\r\n/)
    t.match(head, /\r\nx-a: b\r\n/)
    t.strictSame(head.match(/sec-websocket-accept: .*/gi), [`Sec-WebSocket-Accept: ${acceptOf(KEY)}`])
    t.notMatch(head, /content-length|:status/i)
    const [asked = []] = origin.asked
    t.equal(firstOf(asked, ':protocol'), 'websocket')
    t.equal(firstOf(asked, ':path'), '/chat?a=b')
    t.equal(firstOf(asked, 'sec-websocket-version'), '13')
    for (const name of ['sec-websocket-key', 'upgrade', 'connection', 'content-length'])
      t.equal(firstOf(asked, name), undefined)
    client.send('GET / not http\0\xff').halfClose()
    await client.untilEnded()
    t.ok(client.text.endsWith('GET / not http\0\xffbye'))
    t.equal(client.ending, 'fin')
  },
)

t.test('HTTP/2 to HTTP/2: a tunnel is a tunnel, with half-closes', async (t) => {
  const origin = await echoing(t, true)
  const proxy = await sidecar(t, origin.port, 'http2')
  const client = await http2Client(t, proxy.outbound)
  await ask(client, 1)
  client.send(extended(), data(ID, 'early '))
  t.equal(await client.status(ID), 200)
  const names = (await client.head(ID)).map(([name]) => name)
  for (const name of ['upgrade', 'sec-websocket-accept', 'content-length']) t.notOk(names.includes(name), name)
  await until(client, 'early ')
  client.send(data(ID, 'last ', true))
  await client.finished(ID)
  t.equal(bytesOf(client), 'early last bye')
})

t.test('HTTP/2 to HTTP/2: who resets a tunnel ends it on the other side', async (t) => {
  const origin = await echoing(t, true)
  const proxy = await sidecar(t, origin.port, 'http2')
  const client = await http2Client(t, proxy.outbound)
  await ask(client, 1)
  client.send(extended())
  t.equal(await client.status(ID), 200)
  client.send(reset(ID, 8))
  const [peer] = origin.peers as [Http2Peer]
  const { id } = await peer.frame('RST_STREAM', ({ type }) => type === RST_STREAM)
  client.send(
    headers(
      5,
      block([
        [':method', 'CONNECT'],
        [':protocol', 'websocket'],
        [':scheme', 'http'],
        [':authority', 'origin'],
        [':path', '/'],
      ]),
    ),
  )
  t.equal(await client.status(5), 200)
  peer.send(reset(id + 2, 2))
  t.equal(await client.resetCode(5), 2)
})

t.test(
  'HTTP/2 to HTTP/2: HEADERS in an open tunnel are a stream error, whoever sends them (RFC 9113 §8.5)',
  async (t) => {
    const origin = await echoing(t, true)
    const proxy = await sidecar(t, origin.port, 'http2')
    const client = await http2Client(t, proxy.outbound)
    await ask(client, 1)
    const [peer] = origin.peers as [Http2Peer]
    const trailers = block([['x-a', 'b']])
    for (const id of [ID, ID + 2]) {
      client.send(headers(id, TUNNEL))
      t.equal(await client.status(id), 200)
      if (id === ID) {
        client.send(headers(id, trailers, true))
        t.equal(await client.resetCode(id), PROTOCOL_ERROR)
      } else {
        // Our ids towards the upstream follow each other too.
        peer.send(headers(id, trailers, true))
        await peer.frame('RST_STREAM', ({ type, id: of }) => type === RST_STREAM && of === id)
        t.ok((await client.resetCode(id)) > 0)
      }
    }
    t.equal(await ask(client, 9), 200)
  },
)

t.test('An upgrade to a list of protocols is no extended CONNECT', async (t) => {
  const { origin, client } = await answered(t, true)
  client.send(HANDSHAKE.replace('WebSocket', 'websocket, chat/2'))
  // This origin speaks no HTTP/1.1, so nothing comes of it but the attempt.
  while (origin.peers.length < 2) await new Promise(setImmediate)
  const [peer] = origin.peers.slice(-1) as [Http2Peer]
  await peer.when('bytes that are no frames', () => peer.frames.length > 0 || peer.ended || peer.socket.bytesRead > 50)
  t.strictSame(origin.asked, [])
})

t.test('An upstream that allows no extended CONNECT is sent none', async (t) => {
  const { origin, client } = await answered(t, false)
  client.send(HANDSHAKE)
  while (origin.peers.length < 2) await new Promise(setImmediate)
  t.strictSame(origin.asked, [])
})

t.test('A request other than GET does not upgrade', async (t) => {
  const { origin, client } = await answered(t, true)
  client.send(HANDSHAKE.replace('GET', 'DELETE'))
  await client.when('the answer', () => client.text.split('hi!').length === 3)
  t.strictSame(origin.asked, [])
})

// ---------------------------------------------------------------- WebSocket with a client and a server that know nothing of us

/** Two sidecars in line, HTTP/2 between them: the upgrade becomes an extended CONNECT and an upgrade again. */
t.test('WebSocket over HTTP/1.1, HTTP/2 and HTTP/1.1', async (t) => {
  const server = new WebSocketServer({ noServer: true })
  server.on('connection', (socket) => socket.on('message', (message, binary) => socket.send(message, { binary })))
  const origin = http.createServer((_request, response) => response.end('plain'))
  origin.on('upgrade', (request, socket, head) =>
    server.handleUpgrade(request, socket, head, (opened) => server.emit('connection', opened, request)),
  )
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
  const { port } = origin.address() as AddressInfo
  const inner = await startProxy(
    `kind: Sidecar\nname: inner\ninbound: [{app: "127.0.0.1:${port}", protocol: http1}]\naccessLog: {format: none}\n`,
    { app: port },
  )
  const outer = await sidecar(t, inner.inbound, 'http2')
  t.teardown(async () => {
    await inner.stop()
    origin.closeAllConnections()
    await new Promise((resolve) => origin.close(resolve))
  })
  const first = await connect(outer.outbound)
  first.send(get('/', 'Host: origin'))
  await first.until('plain')
  first.destroy()
  const socket = new WebSocket(`ws://127.0.0.1:${outer.outbound}/chat`, { headers: { Host: 'origin' } })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  for (const text of ['hello', 'ä€𝄞', 'y'.repeat(70_000), 'z'.repeat(2_000_000)]) {
    const back = new Promise((resolve) => socket.once('message', (message) => resolve(String(message))))
    socket.send(text)
    t.ok((await back) === text)
  }
  const closed = new Promise((resolve) => socket.once('close', (code) => resolve(code)))
  socket.close(4001, 'bye')
  t.equal(await closed, 4001)
  t.equal(
    await metric(inner, 'http_server_request_duration_seconds_count', '"101"'),
    1,
    'it came as an extended CONNECT',
  )
})

// ---------------------------------------------------------------- CONNECT

const CONNECT_BLOCK = block([
  [':method', 'CONNECT'],
  [':authority', 'origin:80'],
])
const CONNECT = headers(ID, CONNECT_BLOCK)

t.test('CONNECT from an HTTP/2 client: bytes both ways, half-closes, and their count', async (t) => {
  const origin = await startRawOrigin((peer) => {
    peer.send('hello ')
    peer.socket.on('data', (chunk) => peer.send(chunk))
    peer.socket.on('end', () => peer.send(' bye').halfClose())
  })
  t.teardown(() => origin.close())
  const proxy = await sidecar(t, origin.port, 'auto')
  const client = await http2Client(t, proxy.outbound)
  client.send(CONNECT, data(ID, 'early '))
  t.equal(await client.status(ID), 200)
  t.strictSame(
    (await client.head(ID)).filter(([name]) => name === 'content-length' || name === 'upgrade'),
    [],
  )
  await until(client, 'hello ')
  await until(client, 'early ')
  client.send(data(ID, 'last', true))
  await client.finished(ID)
  t.match(bytesOf(client), /^hello early last bye$/)
  t.equal(bytesOf(await half(t, proxy)), 'hello  bye', 'an end before the tunnel is open')
})

/** A CONNECT that ends with its head. */
async function half(t: Test, proxy: Sidecar): Promise<Http2Peer> {
  const client = await http2Client(t, proxy.outbound)
  client.send(headers(ID, CONNECT_BLOCK, true))
  await client.finished(ID)
  return client
}

t.test('CONNECT: whoever breaks off breaks the other side off', async (t) => {
  const origin = await startRawOrigin((peer) => void peer.send('hello'))
  t.teardown(() => origin.close())
  const proxy = await sidecar(t, origin.port, 'auto')
  const client = await http2Client(t, proxy.outbound)
  client.send(CONNECT)
  await until(client, 'hello')
  client.send(reset(ID, CANCEL))
  const peer = await origin.peer(0)
  await peer.untilEnded()
  t.equal(peer.ending, 'reset', 'RFC 9113 §8.5')
  client.send(headers(5, CONNECT_BLOCK))
  await until(client, 'hello', 5)
  ;(await origin.peer(1)).reset()
  t.equal(await client.resetCode(5), CONNECT_ERROR)
  client.send(headers(7, CONNECT_BLOCK))
  await until(client, 'hello', 7)
  client.send(headers(7, block([['x-a', 'b']]), true))
  t.equal(await client.resetCode(7), PROTOCOL_ERROR, 'HEADERS in a tunnel')
})
