/** An upstream that answers early and closes with the upload unread: a reset, behind an answer that the proxy has not read yet. */
import net from 'node:net'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { HEADERS, MAX_CONCURRENT_STREAMS } from '../../src/http2/frames.ts'
import { breakOff } from '../../src/net/encrypted.ts'
import { answer, post } from '../support/ask.ts'
import { Authority } from '../support/certificates.ts'
import {
  answering,
  block,
  data,
  goaway,
  headers,
  Http2Peer,
  reset,
  settings,
  SETTINGS_ACK,
} from '../support/http2-raw.ts'
import { services, startProxy } from '../support/proxy.ts'
import { connect, RawSocket, turn } from '../support/raw.ts'
import { listening, PemFolder } from '../support/tls.ts'

const authority = new Authority('root')
const POST = 'POST / HTTP/1.1\r\nHost: origin\r\nContent-Length: 100000\r\n\r\n'

interface World {
  client(): Promise<RawSocket>
  /** The first connection to the upstream. */
  readonly reached: Promise<net.Socket>
}

/** Connections behind the first one are of HTTP/2, and their requests are answered. */
async function world(t: Test, protocol: 'http1' | 'http2', encrypted: boolean, more = ''): Promise<World> {
  const { promise: reached, resolve } = Promise.withResolvers<net.Socket>()
  let connections = 0
  const begin = (socket: net.Socket) => {
    if (connections++ === 0) resolve(socket)
    else answering()(new Http2Peer(socket, true).send(settings()))
  }
  const ALPNProtocols = [protocol === 'http2' ? 'h2' : 'http/1.1']
  const server = encrypted
    ? tls.createServer({ ...authority.issue({ names: ['origin.test'] }), ALPNProtocols }, begin)
    : net.createServer(begin)
  const port = await listening(t, server)
  const ca = new PemFolder(t).write('ca.pem', authority.cert)
  const how = `protocol: ${protocol}\n${encrypted ? `tls: {ca: ${ca}, serverName: origin.test}\n` : ''}${more}`
  const proxy = await startProxy(services({ origin: port }).replace('endpoints:', `${how}endpoints:`))
  t.teardown(() => proxy.stop())
  const client = async () => {
    const made = await connect(proxy.outbound)
    t.teardown(() => made.destroy())
    return made
  }
  return { reached, client }
}

/** What was sent before is read, and what that causes is written. */
async function calm(): Promise<void> {
  for (let i = 0; i < 10; i++) await turn()
}

/** Two requests on one connection of HTTP/2, of which the heads have come. */
async function twoUploads(t: Test, encrypted: boolean) {
  const { client, reached } = await world(t, 'http2', encrypted)
  const [asker, other] = [await client(), await client()]
  asker.send(POST)
  const socket = await reached
  const peer = new Http2Peer(socket, true)
  peer.send(settings(), SETTINGS_ACK)
  await peer.frame('the head', ({ type, id }) => type === HEADERS && id === 1)
  other.send(POST)
  await peer.frame('the other', ({ type, id }) => type === HEADERS && id === 3)
  return { asker, other, socket, peer }
}

/** Bytes of which each piece is another. */
function told(size: number): string {
  return Array.from({ length: size / 8 }, (_, i) => String(i).padStart(8, '.')).join('')
}

for (const encrypted of [false, true]) {
  const layer = encrypted ? 'TLS' : 'TCP'

  t.test(`HTTP/1.1 over ${layer}: the next write is refused, and the answer comes all the same`, async (t) => {
    const { client, reached } = await world(t, 'http1', encrypted)
    const asker = await client()
    asker.send(POST)
    const socket = await reached
    const peer = new RawSocket(socket)
    await peer.until('\r\n\r\n')
    await calm()
    // The proxy finds the next piece first, and behind it the answer with the reset.
    asker.send(Buffer.alloc(1000))
    peer.send('HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig')
    breakOff(socket)
    t.match(await asker.until('big'), /^HTTP\/1\.1 413 /)
  })

  t.test(`HTTP/1.1 over ${layer}: so does what is longer than a read`, async (t) => {
    const { client, reached } = await world(t, 'http1', encrypted)
    const asker = await client()
    asker.send('GET / HTTP/1.1\r\nHost: origin\r\n\r\n')
    const socket = await reached
    const peer = new RawSocket(socket)
    await peer.until('\r\n\r\n')
    // So much that the kernel takes more at once from here on.
    const LARGE = 8 * 1024 * 1024
    let left = LARGE
    asker.socket.on('data', ({ length }) => (left -= length))
    peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${LARGE}\r\n\r\n`).send(Buffer.alloc(LARGE))
    while (left > 0) await turn()
    asker.send(POST)
    await peer.until('POST')
    await calm()
    const body = told(200_000)
    asker.send(Buffer.alloc(1000))
    peer.send(`HTTP/1.1 413 Content Too Large\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    breakOff(socket)
    await asker.untilEnded()
    // How much of it the kernel has taken when the reset comes is for the kernel to say, but more than one read.
    const got = asker.text.slice(asker.text.lastIndexOf('\r\n\r\n') + 4)
    t.ok(body.startsWith(got))
    t.ok(got.length > 70_000, `${got.length} bytes`)
  })

  t.test(`HTTP/2 over ${layer}: the next write is refused, and the answer comes all the same`, async (t) => {
    const { asker, other, socket, peer } = await twoUploads(t, encrypted)
    await calm()
    asker.send(Buffer.alloc(1000))
    peer.send(headers(1, block([[':status', '413']])), data(1, 'big', true), reset(1, 0), goaway(3, 0))
    breakOff(socket)
    t.match(await asker.until('big'), /^HTTP\/1\.1 413 /)
    t.match(await other.until('\r\n\r\n'), /^HTTP\/1\.1 50[23] /)
  })

  t.test(`HTTP/2 over ${layer}: who waits for a stream does not get one there that the answer frees`, async (t) => {
    const { client, reached } = await world(t, 'http2', encrypted, 'connections: {maxPerEndpoint: 1}\n')
    const [asker, waiting] = [await client(), await client()]
    asker.send(POST)
    const socket = await reached
    const peer = new Http2Peer(socket, true)
    peer.send(settings([[MAX_CONCURRENT_STREAMS, 1]]), SETTINGS_ACK)
    await peer.frame('the head', ({ type }) => type === HEADERS)
    await calm()
    waiting.send(post('/', 'x'))
    await calm()
    asker.send(Buffer.alloc(1000))
    peer.send(headers(1, block([[':status', '413']])), data(1, 'big', true), reset(1, 0))
    breakOff(socket)
    t.match(await asker.until('big'), /^HTTP\/1\.1 413 /)
    t.equal((await answer(waiting)).status, 200)
  })
}

t.test('TLS: a write that is refused while a read is passed on loses nothing of the rest of that read', async (t) => {
  const { client, reached } = await world(t, 'http2', true)
  const asker = await client()
  asker.send('GET / HTTP/1.1\r\nHost: origin\r\n\r\n')
  const socket = (await reached) as tls.TLSSocket
  const peer = new Http2Peer(socket, true)
  peer.send(settings(), SETTINGS_ACK)
  await peer.frame('the head', ({ type }) => type === HEADERS)
  await calm()
  // Records of which the first asks for credit, which can no longer be given, and the last is the end.
  socket.setMaxSendFragment(4096)
  const body = told(12_000)
  peer.send(headers(1, block([[':status', '200']])), data(1, body, true))
  breakOff(socket)
  t.equal((await answer(asker)).body.toString(), body)
})

t.test('TLS: a write that waited for another one and is refused then loses no answer', async (t) => {
  const { asker, other, socket, peer } = await twoUploads(t, true)
  // Who is answered in the same turn of the loop, behind both pieces.
  const { promise: called, resolve } = Promise.withResolvers<net.Socket>()
  const bell = net.createServer(resolve)
  const rings = await connect(await listening(t, bell))
  t.teardown(() => rings.destroy())
  const rung = await called
  await calm()
  rung.once('data', () => {
    peer.send(headers(1, block([[':status', '413']])), data(1, 'big', true), goaway(3, 0))
    breakOff(socket)
  })
  asker.send(Buffer.alloc(1000))
  other.send(Buffer.alloc(1000))
  rings.send('!')
  t.match(await asker.until('big'), /^HTTP\/1\.1 413 /)
})
