/** Who does not read holds the other side back, in every pairing, and loses nothing of what came whole. */
import http2 from 'node:http2'
import t from 'tap'
import { INITIAL_WINDOW_SIZE, NO_ERROR } from '../../../src/http2/frames.ts'
import { eventually, request } from '../../support/ask.ts'
import { pour, untilSteady } from '../../support/flow.ts'
import {
  block,
  data,
  headers,
  http2Client,
  http2RawOrigin,
  request as request2,
  reset,
  windowUpdate,
} from '../../support/http2-raw.ts'
import { services, startProxy } from '../../support/proxy.ts'
import { connect } from '../../support/raw.ts'
import { startRawOrigin } from '../../support/raw-origin.ts'
import { HEADERS } from '../../../src/http2/frames.ts'
import { PAIRINGS } from './ends.ts'
import type { Version } from './clients.ts'

interface Test {
  teardown(fn: () => unknown): unknown
}

const MIB = 1024 * 1024
const SIZE = 64 * MIB
const BOUND = 16 * MIB
const PIECE = Buffer.alloc(256 * 1024, 'a')

function held(): number {
  global.gc?.()
  return process.memoryUsage().arrayBuffers
}

/** A stream of either version that is written to as fast as it takes it, or read. */
interface Duplex {
  write(piece: Buffer): boolean
  once(event: string, listener: () => void): unknown
  on(event: 'data', listener: (piece: Buffer) => void): unknown
  pause(): unknown
  resume(): unknown
}

function count(stream: Duplex): { bytes: number } {
  const state = { bytes: 0 }
  stream.on('data', (piece) => {
    state.bytes += piece.length
  })
  stream.resume()
  return state
}

/** Where the origin's end of one request appears, with its head answered. */
async function origin(t: Test, version: Version): Promise<{ port: number; stream: Promise<Duplex> }> {
  const { promise, resolve } = Promise.withResolvers<Duplex>()
  if (version === 'http1') {
    const one = await startRawOrigin(async (peer) => {
      await peer.head()
      peer.socket.removeAllListeners('data')
      peer.socket.pause()
      peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`)
      resolve(peer.socket)
    })
    t.teardown(() => one.close())
    return { port: one.port, stream: promise }
  }
  const server = http2.createServer()
  server.on('stream', (stream: http2.ServerHttp2Stream) => {
    stream.on('error', () => {})
    stream.respond({ ':status': 200, 'content-length': SIZE })
    resolve(stream)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.teardown(() => server.close())
  return { port: (server.address() as { port: number }).port, stream: promise }
}

/** The client's end of one upload. */
async function upload(t: Test, version: Version, port: number): Promise<Duplex> {
  if (version === 'http1') {
    const client = await connect(port)
    t.teardown(() => client.destroy())
    client.socket.removeAllListeners('data')
    client.socket.pause()
    client.send(request('POST /', [`Content-Length: ${SIZE}`]))
    return client.socket
  }
  const session = http2.connect(`http://127.0.0.1:${port}`)
  session.on('error', () => {})
  t.teardown(() => session.destroy())
  const stream = session.request({ ':method': 'POST', ':authority': 'origin', 'content-length': SIZE })
  stream.on('error', () => {})
  stream.pause()
  return stream
}

for (const [from, to] of PAIRINGS) {
  t.test(`${from} to ${to}: neither side that does not read lets the other fill the proxy`, async (t) => {
    const { port, stream } = await origin(t, to)
    const proxy = await startProxy(
      services({ origin: port }).replace('name: origin\n', `name: origin\nprotocol: ${to}\n`),
    )
    t.teardown(() => proxy.stop())
    const before = held()
    const client = await upload(t, from, proxy.outbound)
    const up = pour(client, PIECE, SIZE)
    const upstream = await stream
    const down = pour(upstream, PIECE, SIZE)
    const sent = await untilSteady('both to be blocked', () => up.sent + down.sent)
    t.ok(up.sent < SIZE / 2 && down.sent < SIZE / 2, `sent ${up.sent} and ${down.sent} of ${sent}`)
    const grown = held() - before
    t.ok(grown < BOUND, `${grown} bytes held`)
    // The upload first: an answer that is whole before it would end it. What its head's reader took is not counted.
    const came = count(upstream)
    await eventually('all of the request', () => came.bytes >= SIZE - MIB, 30_000)
    const back = count(client)
    await eventually('all of the answer', () => back.bytes >= SIZE, 30_000)
  })
}

/** More than the client's window and less than ours: it comes whole, and cannot go on. */
const LENGTH = 12_000

for (const [how, end] of [
  ['resets its stream', 'reset'],
  ['closes its connection', 'fin'],
  ['resets its connection', 'rst'],
] as const) {
  t.test(`An answer that came whole goes on to a slow client when its upstream ${how}`, async (t) => {
    const { port, peers } = await http2RawOrigin(t, (peer) => {
      peer.onFrame = async ({ type, id }) => {
        if (type !== HEADERS) return
        const frames = [
          headers(
            id,
            block([
              [':status', '200'],
              ['content-length', String(LENGTH)],
            ]),
          ),
        ]
        for (let at = 0; at < LENGTH; at += 4000) frames.push(data(id, Buffer.alloc(4000, 'a'), at + 4000 === LENGTH))
        await peer.sent(...frames)
        if (end === 'reset') peer.send(reset(id, NO_ERROR))
        // Until the other side has read it all.
        await peer.roundTrip()
        if (end === 'fin') peer.socket.end()
        if (end === 'rst') peer.socket.resetAndDestroy()
      }
    })
    const proxy = await startProxy(
      services({ origin: port }).replace('name: origin\n', 'name: origin\nprotocol: http2\n'),
    )
    t.teardown(() => proxy.stop())
    const client = await http2Client(t, proxy.outbound, { settings: [[INITIAL_WINDOW_SIZE, 1000]] })
    client.send(request2(1, { method: 'POST', open: true }), data(1, 'begun'))
    await client.when('as much as it may send', () => client.dataBytes === 1000)
    const [upstream] = peers
    await eventually('the end of the upstream', () => end === 'reset' || upstream?.closed)
    await client.roundTrip()
    client.send(windowUpdate(0, LENGTH), windowUpdate(1, LENGTH))
    await client.finished(1)
    t.equal(client.dataBytes, LENGTH)
  })
}
