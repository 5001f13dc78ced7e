/** Flow control through a sidecar: windows in both directions, pauses as levels, and who has to wait for whom. */
import { createHash, randomBytes } from 'node:crypto'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import {
  CANCEL,
  DATA,
  END_STREAM,
  HEADERS,
  INITIAL_WINDOW_SIZE,
  NO_ERROR,
  readUint32,
  WINDOW_UPDATE,
} from '../../src/http2/frames.ts'
import { FIRST_WINDOW } from '../../src/http2/receive-window.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { OK, peerOf } from '../support/http2-pool-world.ts'
import {
  answering,
  data,
  headers,
  http2Client,
  type Http2Peer,
  http2RawOrigin,
  request,
  reset,
  windowUpdate,
} from '../support/http2-raw.ts'
import { services, startProxy } from '../support/proxy.ts'
import { startRawOrigin } from '../support/raw-origin.ts'
import { turn } from '../support/raw.ts'

const MANY = 0x7fff_0000
/** Of a stream whose receiver keeps up. */
const LARGEST_WINDOW = 256 * 1024

async function sidecar(t: Test, port: number, clock?: FakeClock): Promise<number> {
  const yaml = services({ origin: port }).replace('name: origin\n', 'name: origin\nprotocol: http2\n')
  const proxy = await startProxy(yaml, clock === undefined ? {} : { clock })
  t.teardown(() => proxy.stop())
  return proxy.outbound
}

/** What this peer was allowed to send on a stream, beyond the first window. */
function credited(peer: Http2Peer, id: number): number {
  return peer.frames
    .filter((one) => one.type === WINDOW_UPDATE && one.id === id)
    .reduce((sum, { payload }) => sum + readUint32(payload, 0), 0)
}

/** Sends as much of `body` as it is let, in turns, until nothing more is let out. Returns how much that was. */
async function pour(peer: Http2Peer, id: number, body: Buffer, sent = 0): Promise<number> {
  let at = sent
  for (;;) {
    const most = Math.min(body.length, FIRST_WINDOW + credited(peer, id))
    if (most > at) peer.send(parts(id, body.subarray(at, most), most === body.length))
    else if (at === body.length) return at
    at = Math.max(at, most)
    await peer.roundTrip()
    await turn()
    if (Math.min(body.length, FIRST_WINDOW + credited(peer, id)) === at) return at
  }
}

function bodyOf(peer: Http2Peer, id: number): Buffer {
  return Buffer.concat(peer.frames.filter((one) => one.type === DATA && one.id === id).map(({ payload }) => payload))
}

function parts(id: number, body: Buffer, end: boolean): Buffer {
  const frames: Buffer[] = []
  for (let at = 0; at < body.length; at += 16_384) {
    const piece = body.subarray(at, at + 16_384)
    frames.push(data(id, piece, end && at + 16_384 >= body.length))
  }
  return Buffer.concat(frames)
}

t.test('An answer that a client does not take stops no other of its connection or its upstream', async (t) => {
  const other = randomBytes(600_000)
  const origin = await http2RawOrigin(t, () => {})
  const port = await sidecar(t, origin.port)
  const client = await http2Client(t, port)
  client.send(windowUpdate(0, MANY), request(1), request(3))
  const upstream = await peerOf(origin, 0)
  await upstream.head(3)
  upstream.send(headers(1, OK))
  const stuck = randomBytes(1_000_000)
  const sent = await pour(upstream, 1, stuck)
  t.ok(sent <= 65_535 + LARGEST_WINDOW, `${sent} bytes were let out, of which nobody takes more than 65 535`)
  await client.when('the first window', () => bodyOf(client, 1).length === 65_535)
  upstream.send(headers(3, OK))
  client.send(windowUpdate(3, other.length))
  for (let at = 0; at < other.length; ) {
    at = await pour(upstream, 3, other, at)
    await client.when('the part', () => bodyOf(client, 3).length >= at)
  }
  await client.finished(3)
  t.ok(bodyOf(client, 3).equals(other))
  t.equal(bodyOf(client, 1).length, 65_535)
  t.equal(await pour(upstream, 1, stuck, sent), sent, 'what nobody takes is not credited')
  client.send(windowUpdate(1, 2_000_000))
  await client.when('what was held', () => bodyOf(client, 1).length === sent)
  t.equal(await pour(upstream, 1, stuck, sent), stuck.length)
  await client.finished(1)
  t.ok(bodyOf(client, 1).equals(stuck))
})

t.test('A request that an upstream does not take stops no other of its client', async (t) => {
  const other = randomBytes(600_000)
  const origin = await http2RawOrigin(t, (peer) => {
    peer.send(windowUpdate(0, MANY))
    peer.onFrame = ({ type, id, payload }) => {
      if (type === DATA && id !== 1) peer.send(windowUpdate(id, Math.max(payload.length, 1)))
    }
  })
  const port = await sidecar(t, origin.port)
  const client = await http2Client(t, port)
  client.send(request(1, { method: 'PUT', open: true }))
  const upstream = await peerOf(origin, 0)
  const sent = await pour(client, 1, Buffer.alloc(1_000_000))
  t.ok(sent <= 65_535 + LARGEST_WINDOW, `${sent} bytes were let in, of which the upstream takes no more than 65 535`)
  client.send(request(3, { method: 'PUT', open: true }))
  for (let at = 0; at < other.length; ) {
    at = await pour(client, 3, other, at)
    await upstream.when('the part', () => bodyOf(upstream, 3).length >= at)
  }
  await upstream.finished(3)
  t.ok(bodyOf(upstream, 3).equals(other))
  t.equal(bodyOf(upstream, 1).length, 65_535)
})

t.test('Bodies of 20 MB in both directions at once arrive as they were, and PING is answered meanwhile', async (t) => {
  const server = http2.createServer({ settings: { initialWindowSize: 100_000 } }, (request, response) => {
    request.pipe(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const port = await sidecar(t, (server.address() as AddressInfo).port)
  const session = http2.connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 300_000 } })
  t.teardown(() => session.destroy())
  const piece = randomBytes(1_000_000)
  let pings = 0
  const ping = (): void => {
    if (session.closed || session.destroyed) return
    session.ping(() => {
      pings++
      setImmediate(ping)
    })
  }
  await new Promise((resolve) => session.once('connect', resolve))
  ping()
  const echo = (): Promise<{ sent: string; came: string; during: number }> => {
    const stream = session.request({ ':method': 'POST', ':authority': 'origin' })
    const [out, back] = [createHash('sha256'), createHash('sha256')]
    let written = 0
    let during = 0
    const write = (): void => {
      while (written < 20) {
        written++
        out.update(piece)
        if (!stream.write(piece)) break
      }
      if (written === 20) stream.end()
      else stream.once('drain', write)
    }
    write()
    return new Promise((resolve, reject) => {
      const before = pings
      stream.on('data', (chunk: Buffer) => back.update(chunk))
      stream.on('end', () => {
        during = pings - before
        resolve({ sent: out.digest('hex'), came: back.digest('hex'), during })
      })
      stream.on('error', reject)
    })
  }
  for (const { sent, came, during } of await Promise.all([echo(), echo(), echo()])) {
    t.equal(came, sent)
    t.ok(during > 0, `${during} PINGs were answered`)
  }
  session.close()
})

t.test('Windows of one byte in both directions: slow, and exact', async (t) => {
  const body = randomBytes(300)
  const oneByte = [[INITIAL_WINDOW_SIZE, 1]] as const
  const origin = await http2RawOrigin(
    t,
    (peer) => {
      peer.onFrame = ({ type, id, payload, flags }) => {
        if (type === HEADERS) peer.send(headers(id, OK, (flags & END_STREAM) !== 0))
        if (type !== DATA) return
        if (payload.length > 1) throw new Error(`${payload.length} bytes into a window of 1`)
        const end = (flags & END_STREAM) !== 0
        peer.send(data(id, payload, end))
        if (!end) peer.send(windowUpdate(id, 1))
      }
    },
    { settings: oneByte },
  )
  const port = await sidecar(t, origin.port)
  const client = await http2Client(t, port, { settings: oneByte })
  client.onFrame = ({ type, id, payload, flags }) => {
    if (type !== DATA) return
    if (payload.length > 1) throw new Error(`${payload.length} bytes into a window of 1`)
    if ((flags & END_STREAM) === 0) client.send(windowUpdate(id, 1))
  }
  // The first window of a connection that is new is not the one that its SETTINGS say.
  client.send(request(1, { method: 'POST' }))
  await client.head(1)
  await (await peerOf(origin, 0)).roundTrip()
  await client.roundTrip()
  client.send(request(3, { method: 'POST', open: true }), data(3, body, true))
  await client.finished(3)
  t.ok(bodyOf(client, 3).equals(body))
})

t.test('An answer that is over ends the pause of its request: a client may send all before it reads', async (t) => {
  const origin = await http2RawOrigin(t, () => {})
  const port = await sidecar(t, origin.port)
  // It takes nothing of the answer as long as it has not sent its request.
  const client = await http2Client(t, port, { settings: [[INITIAL_WINDOW_SIZE, 0]] })
  client.send(request(1, { method: 'PUT', open: true }))
  const upstream = await peerOf(origin, 0)
  await upstream.head(1)
  const body = Buffer.alloc(1_000_000)
  const sent = await pour(client, 1, body)
  t.ok(sent < body.length)
  await upstream.when('what the upstream takes', () => upstream.dataBytes === 65_535)
  upstream.send(headers(1, OK), data(1, 'enough', true), reset(1, NO_ERROR))
  await client.head(1)
  await client.when('leave to send on', () => FIRST_WINDOW + credited(client, 1) > sent)
  t.equal(await pour(client, 1, body, sent), body.length)
  client.send(windowUpdate(1, 100))
  await client.finished(1)
  t.equal(bodyOf(client, 1).toString(), 'enough')
})

t.test('The same where the upstream speaks HTTP/1.1 and reads nothing', async (t) => {
  const origin = await startRawOrigin(async (peer) => {
    await peer.head()
    peer.socket.pause()
  })
  t.teardown(() => origin.close())
  const proxy = await startProxy(
    services({ origin: origin.port }).replace('name: origin\n', 'name: origin\nprotocol: http1\n'),
  )
  t.teardown(() => proxy.stop())
  const client = await http2Client(t, proxy.outbound, { settings: [[INITIAL_WINDOW_SIZE, 0]] })
  client.send(request(1, { method: 'PUT', open: true }))
  // More than the kernel holds between the two.
  const body = Buffer.alloc(30_000_000)
  const sent = await pour(client, 1, body)
  t.ok(sent < body.length, `${sent} bytes were let in`)
  ;(await origin.peer(0)).send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nenough')
  await client.head(1)
  await client.when('leave to send on', () => FIRST_WINDOW + credited(client, 1) > sent)
  client.send(windowUpdate(1, 100))
  await client.finished(1)
  t.equal(bodyOf(client, 1).toString(), 'enough')
  t.equal(await client.resetCode(1), NO_ERROR)
})

t.test('A frame that is whole ends its wait: reads may end in the middle of a frame for ever', async (t) => {
  const clock = new FakeClock()
  const origin = await http2RawOrigin(t, answering())
  const port = await sidecar(t, origin.port, clock)
  const client = await http2Client(t, port)
  await client.settled()
  let rest: Buffer = Buffer.alloc(0)
  for (let id = 1; id < 41; id += 2) {
    const next = request(id)
    client.send(rest, next.subarray(0, 20))
    rest = next.subarray(20)
    if (id > 1) await client.finished(id - 2)
    else for (let i = 0; i < 5; i++) await turn()
    clock.advance(4500)
  }
  client.send(rest)
  await client.finished(39)
  t.notOk(client.saidGoaway)
  t.ok(clock.now() > 80_000)
})

t.test('What is held for one that does not read is given back when it leaves', async (t) => {
  const origin = await http2RawOrigin(t, () => {})
  const port = await sidecar(t, origin.port)
  const client = await http2Client(t, port, { settings: [[INITIAL_WINDOW_SIZE, 0]] })
  // More than the window of a connection, if it were not given back.
  for (let id = 1; id < 41; id += 2) {
    client.send(request(id))
    const upstream = await peerOf(origin, 0)
    await upstream.head(id)
    upstream.send(headers(id, OK))
    t.ok((await pour(upstream, id, Buffer.alloc(1_000_000))) <= LARGEST_WINDOW)
    client.send(reset(id, CANCEL))
    t.equal(await upstream.resetCode(id), CANCEL)
  }
  t.equal(origin.peers.length, 1)
  t.equal(bodyOf(client, 1).length, 0)
})

t.test('A window that opens while the socket takes nothing is remembered until the socket takes again', async (t) => {
  const origin = await http2RawOrigin(t, () => {})
  const port = await sidecar(t, origin.port)
  const client = await http2Client(t, port, { settings: [[INITIAL_WINDOW_SIZE, 0]] })
  client.send(windowUpdate(0, MANY), request(1), request(3), windowUpdate(1, MANY))
  const upstream = await peerOf(origin, 0)
  await upstream.head(3)
  upstream.send(headers(1, OK))
  await client.head(1)
  client.socket.pause()
  // More than the kernel holds between the two.
  const large = Buffer.alloc(20_000_000)
  let sent = await pour(upstream, 1, large)
  t.ok(sent < large.length, `${sent} bytes were let out`)
  // It waits for its window, which opens while there is no way out.
  upstream.send(headers(3, OK), data(3, 'hello', true))
  await upstream.roundTrip()
  client.send(windowUpdate(3, 1000))
  for (let i = 0; i < 3; i++) await upstream.roundTrip()
  client.socket.resume()
  while (sent < large.length) sent = await pour(upstream, 1, large, sent)
  await client.finished(1)
  await client.finished(3)
  t.equal(bodyOf(client, 3).toString(), 'hello')
})
