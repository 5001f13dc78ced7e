/** Who shares a connection with streams that nobody takes from goes on beside them, whenever he came. No time passes here. */
import t, { type Test } from 'tap'
import {
  ACK,
  DATA,
  FLOW_CONTROL_ERROR,
  HEADERS,
  INITIAL_WINDOW_SIZE,
  PING,
  readUint32,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from '../../src/http2/frames.ts'
import { FIRST_WINDOW } from '../../src/http2/receive-window.ts'
import { FakeClock } from '../support/fake-clock.ts'
import {
  block,
  data,
  frame,
  headers,
  http2Client,
  type Http2Peer,
  http2RawOrigin,
  type Http2RawOrigin,
  request,
  SETTINGS_ACK,
  windowUpdate,
} from '../support/http2-raw.ts'
import { thousandUploads, WindowedSender } from '../support/http2-windowed-sender.ts'
import { services, startProxy } from '../support/proxy.ts'
import { turn } from '../support/raw.ts'

const MANY = 0x7fff_0000
const OK = block([[':status', '200']])
/** More than any window. */
const LARGE = 2 ** 24
const ANSWER = 300_000

async function sidecar(t: Test, ports: Readonly<Record<string, number>>): Promise<number> {
  const yaml = services(ports).replaceAll('endpoints:', 'protocol: http2\nendpoints:')
  const proxy = await startProxy(yaml, { clock: new FakeClock() })
  t.teardown(() => proxy.stop())
  return proxy.outbound
}

interface Origin extends Http2RawOrigin {
  /** Sends the answers that GET /later waits for. */
  answer(): void
}

/** GET /large: 16 MiB as the windows allow. GET /later: a head, and a body once it is told to. */
async function windowedOrigin(t: Test): Promise<Origin> {
  const later: (() => void)[] = []
  const origin = await http2RawOrigin(t, (peer) => {
    const bodies = new WindowedSender(peer)
    peer.keepsData = false
    peer.onFrame = (one) => {
      const { type, id, flags, payload } = one
      bodies.saw(one)
      if (type === SETTINGS && (flags & ACK) === 0) peer.send(SETTINGS_ACK)
      else if (type === PING && (flags & ACK) === 0) peer.send(frame(PING, ACK, 0, payload))
      if (type !== HEADERS) return
      peer.send(headers(id, OK))
      const path = peer.fieldsOf(one).find(([name]) => name === ':path')?.[1]
      if (path === '/large') bodies.send(id, LARGE)
      else later.push(() => bodies.send(id, ANSWER))
    }
  })
  return {
    ...origin,
    answer: () => {
      for (const one of later) one()
    },
  }
}

/** What is on its way has come: nothing more comes to this client or its neighbours until somebody takes something. */
async function stands(...peers: readonly Http2Peer[]): Promise<void> {
  for (let still = 0, before = -1; still < 5; ) {
    for (const peer of peers) await peer.roundTrip()
    await turn()
    const all = peers.reduce((sum, { frames }) => sum + frames.length, 0)
    still = all === before + peers.length ? still + 1 : 0
    before = all
  }
}

for (const [what, most] of [
  ['that were never taken from', 0],
  ['that were taken from until their windows had grown', 300_000],
] as const) {
  t.test(`An answer behind ninety-nine ${what}`, async (t) => {
    const origin = await windowedOrigin(t)
    const port = await sidecar(t, { origin: origin.port })
    const neighbour = await http2Client(t, port, { settings: [[INITIAL_WINDOW_SIZE, MANY]] })
    neighbour.send(windowUpdate(0, MANY), request(1, { path: '/later' }))
    await neighbour.head(1)
    const client = await http2Client(t, port, { settings: [[INITIAL_WINDOW_SIZE, most]] })
    client.keepsData = false
    client.send(windowUpdate(0, MANY))
    for (let id = 1; id < 198; id += 2) client.send(request(id, { path: '/large' }))
    for (let id = 1; id < 198; id += 2) await client.head(id)
    await client.when('all that may be sent', () => client.dataBytes >= 99 * most)
    await stands(client, neighbour, origin.peers[0] as Http2Peer)
    t.equal(origin.peers.length, 1, 'all by one connection')
    origin.answer()
    await neighbour.finished(1)
    t.equal(neighbour.dataBytes, ANSWER)
  })
}

t.test('An upload behind a thousand that nobody takes, on one connection of a client', async (t) => {
  const origin = await http2RawOrigin(t, (peer) => {
    peer.keepsData = false
    peer.send(SETTINGS_ACK)
    peer.onFrame = ({ type, id, flags, payload }) => {
      if (type === DATA && payload.length + peer.dataBytes > 0)
        peer.send(windowUpdate(0, 16_384), windowUpdate(id, 16_384))
      if (type === DATA && (flags & 1) === 1) peer.send(headers(id, OK, true))
    }
  })
  const silent = await http2RawOrigin(t, () => {}, { settings: [[INITIAL_WINDOW_SIZE, 0]] })
  const port = await sidecar(t, { origin: origin.port, silent: silent.port })
  const client = await http2Client(t, port)
  const bodies = await thousandUploads(client, 'silent')
  await stands(client)
  client.send(request(2001, { method: 'PUT', open: true }))
  bodies.send(2001, ANSWER)
  t.equal(await client.status(2001), 200)
  t.equal((origin.peers[0] as Http2Peer).dataBytes, ANSWER)
})

interface Closed {
  readonly client: Http2Peer
  readonly upstream: Http2Peer
}

/** A client that confirmed nothing, whose request 1 is open, and an upstream that takes no byte of any. */
async function closed(t: Test): Promise<Closed> {
  const none = { settings: [[INITIAL_WINDOW_SIZE, 0]] } as const
  const origin = await http2RawOrigin(t, (peer) => void peer.send(SETTINGS_ACK), none)
  const client = await http2Client(t, await sidecar(t, { origin: origin.port }))
  client.send(request(1, { method: 'PUT', open: true }))
  await client.roundTrip()
  while (origin.peers.length === 0) await client.roundTrip()
  const upstream = origin.peers[0] as Http2Peer
  await upstream.head(1)
  await upstream.roundTrip()
  return { client, upstream }
}

const PIECE = Buffer.alloc(16_384)

t.test('A client that has not confirmed our SETTINGS may send as if it had not read them', async (t) => {
  const { client, upstream } = await closed(t)
  for (let id = 3; id < 10; id += 2) {
    client.send(request(id, { method: 'PUT', open: true }), data(id, PIECE), data(id, PIECE), data(id, PIECE))
  }
  await client.roundTrip()
  t.notOk(
    client.frames.some(({ type }) => type === RST_STREAM),
    'streams of 48 KiB',
  )
  const first = PIECE.subarray(0, FIRST_WINDOW)
  client.send(SETTINGS_ACK, data(3, 'x'), request(11, { method: 'PUT', open: true }), data(11, first))
  await client.roundTrip('known!!!')
  t.equal(await client.resetCode(3), FLOW_CONTROL_ERROR, 'more than it may once it knows')
  client.send(data(11, 'x'))
  t.equal(await client.resetCode(11), FLOW_CONTROL_ERROR)
  upstream.send(windowUpdate(5, 3 * PIECE.length))
  await upstream.when('all of what was held', () => upstream.dataBytes === 3 * PIECE.length)
  await client.frame('leave to send on', ({ type, id }) => type === WINDOW_UPDATE && id === 5)
  t.notOk(client.saidGoaway)
})

t.test('Who never confirms them waits for himself', async (t) => {
  const { client } = await closed(t)
  let [sent, credited] = [0, 65_535]
  client.onFrame = ({ type, id, payload }) => {
    if (type === WINDOW_UPDATE && id === 0) credited += readUint32(payload, 0)
  }
  for (const { type, id, payload } of client.frames)
    if (type === WINDOW_UPDATE && id === 0) credited += readUint32(payload, 0)
  for (let id = 3; id < 200; id += 2) {
    client.send(request(id, { method: 'PUT', open: true }))
    for (let i = 0; i < 3 && sent + PIECE.length <= credited; i++) {
      client.send(data(id, PIECE))
      sent += PIECE.length
    }
    await client.roundTrip()
  }
  t.ok(sent <= 2.5 * 2 ** 20, `${sent} bytes were let in, of 4.6 MiB`)
})

t.test(
  'A first frame of 16 KiB, more than the window, is taken where somebody takes it, and not held for who does not',
  async (t) => {
    const { client } = await closed(t)
    client.send(SETTINGS_ACK, request(3, { method: 'PUT', open: true }), data(3, PIECE))
    await client.roundTrip()
    t.notOk(client.frames.some(({ type }) => type === RST_STREAM))
    client.send(data(3, 'x'))
    t.equal(await client.resetCode(3), FLOW_CONTROL_ERROR)
    t.notOk(client.saidGoaway)
  },
)
