import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { DATA, HEADERS, INITIAL_WINDOW_SIZE, readUint32, WINDOW_UPDATE } from '../../src/http2/frames.ts'
import { FIRST_WINDOW } from '../../src/http2/receive-window.ts'
import { UPSTREAM_ROOM } from '../../src/http2/window-room.ts'
import { OK, peerOf } from '../support/http2-pool-world.ts'
import {
  data,
  field,
  headers,
  http2Client,
  type Http2Peer,
  http2RawOrigin,
  joined,
  request,
  SETTINGS_ACK,
  windowUpdate,
} from '../support/http2-raw.ts'
import { WindowedSender } from '../support/http2-windowed-sender.ts'
import { services, startProxy } from '../support/proxy.ts'

const MANY = 0x7fff_0000
const MIB = 1024 * 1024

/** The most that a stream may have on its way, after a client has taken this much of it without a pause. */
async function windowAfter(t: Test, bytes: number): Promise<{ readonly stream: number; readonly connection: number }> {
  const origin = await http2RawOrigin(t, (peer) => {
    peer.onFrame = ({ type, id }) => {
      if (type === HEADERS) peer.send(headers(id, OK))
    }
  })
  const yaml = services({ origin: origin.port }).replace('name: origin\n', 'name: origin\nprotocol: http2\n')
  const proxy = await startProxy(yaml)
  t.teardown(() => proxy.stop())
  const client = await http2Client(t, proxy.outbound)
  client.send(windowUpdate(0, MANY), request(1), windowUpdate(1, MANY))
  const upstream = await peerOf(origin, 0)
  await upstream.head(1)
  const piece = randomBytes(FIRST_WINDOW >> 1)
  let sent = 0
  while (sent < bytes) {
    if (Math.min(FIRST_WINDOW + credited(upstream, 1), 65_535 + credited(upstream, 0)) - sent < piece.length) {
      await upstream.roundTrip()
      continue
    }
    upstream.send(data(1, piece))
    sent += piece.length
    if (sent % (8 * piece.length) === 0)
      await client.when('what was sent', () => received(client) >= sent - FIRST_WINDOW)
  }
  await client.when('all of it', () => received(client) === sent)
  await upstream.roundTrip()
  return { stream: FIRST_WINDOW + credited(upstream, 1) - sent, connection: 65_535 + credited(upstream, 0) - sent }
}

function credited(peer: Http2Peer, id: number): number {
  return peer.frames
    .filter((one) => one.type === WINDOW_UPDATE && one.id === id)
    .reduce((sum, { payload }) => sum + readUint32(payload, 0), 0)
}

function received(client: Http2Peer): number {
  return client.frames.reduce((sum, { type, payload }) => sum + (type === DATA ? payload.length : 0), 0)
}

t.test('A reader that keeps up lets windows grow to 1 MiB a stream and 8 MiB a connection', async (t) => {
  const { stream, connection } = await windowAfter(t, 16 * MIB)
  t.ok(stream > 512 * 1024 && stream <= MIB + 1, `${stream}`)
  t.ok(connection > 4 * MIB && connection <= 8 * MIB + 1, `${connection}`)
  t.same([stream % 2, connection % 2], [1, 1], 'bodies of an even length do not end where they do')
})

t.test(
  'Where the process has no room left, a connection stays at 512 KiB, whatever its streams may have',
  async (t) => {
    let taken = 0
    while (UPSTREAM_ROOM.take(64 * 1024)) taken += 64 * 1024
    t.ok(taken === 8 * MIB, `${taken}: what ended has given its room back`)
    const { stream, connection } = await windowAfter(t, 4 * MIB)
    UPSTREAM_ROOM.give(taken)
    t.ok(stream <= MIB + 1, `${stream}`)
    t.ok(connection <= MIB / 2 + 1, `${connection}`)
    t.same([stream % 2, connection % 2], [1, 1])
  },
)

t.test('Behind a large body the next stream has a large window from its head on, until a small one came', async (t) => {
  const sizes = new Map([
    [1, 400_000],
    [3, 400_000],
    [5, 100],
    [7, 100],
  ])
  const origin = await http2RawOrigin(t, (peer) => {
    const bodies = new WindowedSender(peer)
    peer.onFrame = (one) => {
      bodies.saw(one)
      if (one.type === HEADERS) peer.send(headers(one.id, OK))
    }
    peer.send(SETTINGS_ACK)
    sendBody = (id) => bodies.send(id, sizes.get(id) as number)
  })
  let sendBody: (id: number) => void = () => {}
  const proxy = await startProxy(
    services({ origin: origin.port }).replaceAll('endpoints:', 'protocol: http2\nendpoints:'),
  )
  t.teardown(() => proxy.stop())
  const client = await http2Client(t, proxy.outbound, { settings: [[INITIAL_WINDOW_SIZE, MANY]] })
  client.keepsData = false
  client.send(windowUpdate(0, MANY))
  const ahead: number[] = []
  for (const id of sizes.keys()) {
    client.send(request(id))
    await client.head(id)
    const upstream = origin.peers[0] as Http2Peer
    await upstream.roundTrip()
    ahead.push(credited(upstream, id))
    sendBody(id)
    await client.finished(id)
  }
  t.match(ahead, [0, Number, Number, 0])
  t.ok((ahead[1] as number) >= 128 * 1024, `${ahead}`)
  t.ok((ahead[2] as number) >= 128 * 1024, 'only its end says that it is small')
})

t.test('A body that is whole, or less than half of the first window, is not credited', async (t) => {
  const bodies: [number, Buffer][] = [
    [
      1,
      joined(
        headers(1, joined(OK, field('content-length', '12000'))),
        data(1, Buffer.alloc(12_000)),
        data(1, '', true),
      ),
    ],
    [3, joined(headers(3, OK), data(3, Buffer.alloc(6000)), headers(3, field('grpc-status', '0'), true))],
    [5, joined(headers(5, OK), data(5, Buffer.alloc(7000)), headers(5, field('grpc-status', '0'), true))],
  ]
  const origin = await http2RawOrigin(t, (peer) => {
    peer.send(SETTINGS_ACK)
    peer.onFrame = ({ type, id }) => {
      if (type === HEADERS) peer.send(bodies.find(([one]) => one === id)?.[1] as Buffer)
    }
  })
  const proxy = await startProxy(
    services({ origin: origin.port }).replaceAll('endpoints:', 'protocol: http2\nendpoints:'),
  )
  t.teardown(() => proxy.stop())
  const client = await http2Client(t, proxy.outbound)
  for (const [id] of bodies) {
    client.send(request(id))
    await client.finished(id)
  }
  const upstream = origin.peers[0] as Http2Peer
  await upstream.roundTrip()
  t.same([credited(upstream, 1), credited(upstream, 3)], [0, 0])
  t.ok(credited(upstream, 5) > 0)
})

t.test('A body that is as long as the window is credited more: nghttp2 ends no stream without a window', async (t) => {
  const whole = Buffer.alloc(FIRST_WINDOW)
  const length = String(whole.length)
  const origin = await http2RawOrigin(t, (peer) => void peer.send(SETTINGS_ACK))
  const proxy = await startProxy(
    services({ origin: origin.port }).replaceAll('endpoints:', 'protocol: http2\nendpoints:'),
  )
  t.teardown(() => proxy.stop())
  const client = await http2Client(t, proxy.outbound)
  const update = (peer: Http2Peer): Promise<unknown> =>
    peer.frame('a WINDOW_UPDATE', ({ type, id }) => type === WINDOW_UPDATE && id === 1)
  client.send(
    request(1, { method: 'PUT', open: true, fields: [['content-length', length]] }),
    data(1, whole),
    windowUpdate(1, MANY),
  )
  await update(client)
  client.send(data(1, '', true))
  const upstream = await peerOf(origin, 0)
  upstream.send(windowUpdate(1, MANY))
  await upstream.finished(1)
  upstream.send(headers(1, joined(OK, field('content-length', length))), data(1, whole))
  await update(upstream)
  upstream.send(data(1, '', true))
  await client.finished(1)
})

interface Uploads {
  readonly client: Http2Peer
  readonly upstream: Http2Peer
  /** Credit of each before its first byte was sent. */
  readonly ahead: readonly number[]
}

/** Six uploads of 400 000 bytes after one another that an upstream takes whole and does not answer. */
async function unanswered(t: Test, length: string): Promise<Uploads> {
  const play = (peer: Http2Peer): void => {
    peer.keepsData = false
    peer.send(SETTINGS_ACK, windowUpdate(0, MANY))
  }
  const origin = await http2RawOrigin(t, play, { settings: [[INITIAL_WINDOW_SIZE, MANY]] })
  const proxy = await startProxy(
    services({ origin: origin.port }).replaceAll('endpoints:', 'protocol: http2\nendpoints:'),
  )
  t.teardown(() => proxy.stop())
  const client = await http2Client(t, proxy.outbound, { settings: [[INITIAL_WINDOW_SIZE, MANY]] })
  client.send(windowUpdate(0, MANY))
  const bodies = new WindowedSender(client)
  for (const one of client.frames) bodies.saw(one)
  client.onFrame = (one) => bodies.saw(one)
  const ahead: number[] = []
  for (let id = 1; id < 12; id += 2) {
    client.send(request(id, { method: 'PUT', open: true, fields: length === '' ? [] : [['content-length', length]] }))
    await client.roundTrip()
    ahead.push(credited(client, id))
    bodies.send(id, 400_000)
    await (await peerOf(origin, 0)).finished(id)
  }
  await client.roundTrip()
  return { client, upstream: origin.peers[0] as Http2Peer, ahead }
}

t.test('An upload that came whole holds no window while its answer is waited for', async (t) => {
  const { ahead } = await unanswered(t, '')
  t.ok((ahead[5] as number) >= 128 * 1024, `${ahead}`)
})

t.test(
  'Behind a large body one whose length was said is credited that length and the byte for its end, and no more',
  async (t) => {
    const { client, ahead } = await unanswered(t, '400000')
    for (const each of ahead.slice(2)) t.equal(FIRST_WINDOW + each, 400_001)
    for (const id of [5, 7, 9, 11]) {
      const all = FIRST_WINDOW + credited(client, id)
      t.equal(all, 400_001, `on stream ${id}`)
    }
  },
)

t.test('The window for an answer is given when its request is whole, or answered before', async (t) => {
  const { upstream, client } = await unanswered(t, '')
  t.equal(credited(upstream, 1), 0, 'nothing large came by this connection yet')
  upstream.send(headers(1, OK))
  const bodies = new WindowedSender(upstream)
  for (const one of upstream.frames) bodies.saw(one)
  upstream.onFrame = (one) => bodies.saw(one)
  bodies.send(1, 400_000)
  await client.finished(1)
  client.send(request(13, { method: 'PUT', open: true }), request(15, { method: 'PUT', open: true }))
  await upstream.head(15)
  await upstream.roundTrip()
  t.same([credited(upstream, 13), credited(upstream, 15)], [0, 0])
  client.send(data(13, 'all', true))
  upstream.send(headers(15, OK))
  await upstream.finished(13)
  await client.head(15)
  await upstream.roundTrip()
  for (const id of [13, 15]) t.ok(credited(upstream, id) >= 128 * 1024, `${credited(upstream, id)} on stream ${id}`)
})
