/** Clients that take their time: what is waited for has a limit, and who is only busy is not taken for slow. */
import t, { type Test } from 'tap'
import {
  ACK,
  END_STREAM,
  ENHANCE_YOUR_CALM,
  HEADERS,
  INITIAL_WINDOW_SIZE,
  NO_ERROR,
  PING,
  PREFACE,
  REFUSED_STREAM,
  RST_STREAM,
  WINDOW_UPDATE,
} from '../../../src/http2/frames.ts'
import { PROCESS_HELD, ReceiveWindow } from '../../../src/http2/receive-window.ts'
import { UPSTREAM_ROOM } from '../../../src/http2/window-room.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import {
  answering,
  block,
  data,
  frame,
  headers,
  http2Client,
  http2RawOrigin,
  type Http2RawOrigin,
  type Http2Peer,
  joined,
  ping,
  request,
  requestBlock,
  windowUpdate,
  times,
} from '../../support/http2-raw.ts'
import { WindowedSender } from '../../support/http2-windowed-sender.ts'
import { services, startProxy } from '../../support/proxy.ts'
import { connect, turn } from '../../support/raw.ts'

const HEAD_TIMEOUT = 10_000
const IDLE_TIMEOUT = 300_000

interface Scene {
  readonly clock: FakeClock
  readonly port: number
  readonly origin: Http2RawOrigin
}

async function scene(t: Test, play: (peer: Http2Peer) => void = answering()): Promise<Scene> {
  const origin = await http2RawOrigin(t, play)
  const clock = new FakeClock()
  clock.advance(1000)
  const proxy = await startProxy(services({ origin: origin.port }), { clock })
  t.teardown(() => proxy.stop())
  return { clock, port: proxy.outbound, origin }
}

/** An origin that is there, and answers nothing but PING. */
function quiet(peer: Http2Peer): void {
  peer.onFrame = ({ type, flags, payload }) => {
    if (type === PING && (flags & ACK) === 0) peer.send(frame(PING, ACK, 0, payload))
  }
}

/** The request is at the origin: the connection is made, and time may pass. */
async function arrived(origin: Http2RawOrigin, client: Http2Peer): Promise<void> {
  while (origin.peers.length === 0) await client.roundTrip()
  await (origin.peers[0] as Http2Peer).frame('a request', ({ type }) => type === HEADERS)
}

/** Time passes in steps, and what it causes gets through in between. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1000) {
    clock.advance(Math.min(1000, left))
    await turn()
  }
}

const drips: [string, Buffer][] = [
  ['a header block that is not whole', frame(HEADERS, END_STREAM, 1, requestBlock())],
  ['a frame that is not whole', request(1).subarray(0, 20)],
  ['a frame header that is not whole', request(1).subarray(0, 5)],
]
for (const [what, bytes] of drips) {
  t.test(`${what} after the head timeout: GOAWAY ENHANCE_YOUR_CALM`, async (t) => {
    const { clock, port } = await scene(t)
    const client = await http2Client(t, port)
    await client.roundTrip()
    client.send(bytes)
    await turn()
    await pass(clock, HEAD_TIMEOUT - 1000)
    t.notOk(client.ended)
    await pass(clock, 2000)
    t.equal(await client.goaway(), ENHANCE_YOUR_CALM)
    await client.untilEnded()
  })
}

t.test('A byte at a time does not put the head timeout off', async (t) => {
  const { clock, port } = await scene(t)
  const client = await http2Client(t, port)
  await client.roundTrip()
  const whole = frame(HEADERS, END_STREAM, 1, requestBlock())
  for (let at = 0; at < 12; at++) {
    client.send(whole.subarray(at, at + 1))
    await turn()
    await pass(clock, 1000)
  }
  t.equal(await client.goaway(), ENHANCE_YOUR_CALM)
})

t.test('A client each of whose writes ends within a frame is busy, not slow', async (t) => {
  const { clock, port } = await scene(t)
  const client = await http2Client(t, port)
  await client.roundTrip()
  let rest: Buffer = Buffer.alloc(0)
  let id = -1
  for (let second = 0; second < 30; second++) {
    const all = joined(rest, request((id += 2)), ping(`at ${String(second).padStart(5)}`))
    client.send(all.subarray(0, all.length - 3))
    rest = all.subarray(all.length - 3)
    await client.finished(id)
    await pass(clock, 1000)
  }
  t.notOk(client.saidGoaway)
  client.send(rest)
  await client.roundTrip()
})

t.test('A connection on which nothing is said ends with the idle timeout', async (t) => {
  const { clock, port } = await scene(t)
  const silent = await connect(port)
  t.teardown(() => silent.destroy())
  await turn()
  clock.advance(IDLE_TIMEOUT - 10)
  await turn()
  t.notOk(silent.closed)
  clock.advance(1000)
  await silent.untilEnded()
})

t.test('A preface that is not whole ends with the head timeout', async (t) => {
  const { clock, port } = await scene(t)
  const client = await connect(port)
  t.teardown(() => client.destroy())
  client.send(PREFACE.subarray(0, 10))
  await turn()
  await pass(clock, HEAD_TIMEOUT + 1000)
  await client.untilEnded()
})

t.test(
  'Who says no more than the preface, with its SETTINGS or without, gets GOAWAY after the idle timeout',
  async (t) => {
    const { clock, port } = await scene(t)
    const bare = await http2Client(t, port, { silent: true })
    bare.send(PREFACE)
    await bare.settled()
    const settled = await http2Client(t, port)
    await settled.roundTrip()
    await pass(clock, IDLE_TIMEOUT + 61_000)
    t.equal(await bare.goaway(), NO_ERROR)
    t.equal(await settled.goaway(), NO_ERROR)
    await bare.untilEnded()
    await settled.untilEnded()
  },
)

t.test('A client that waits and is not there any more is asked with a PING, and given up', async (t) => {
  const { clock, port, origin } = await scene(t, quiet)
  const client = await http2Client(t, port)
  client.send(request(1))
  await arrived(origin, client)
  await pass(clock, 36_000)
  await client.frame('a PING', ({ type, flags }) => type === PING && flags === 0)
  t.notOk(client.ended)
  await pass(clock, 16_000)
  await client.untilEnded()
})

t.test('A client that says something is there, though it does not answer the PING', async (t) => {
  const { clock, port, origin } = await scene(t, quiet)
  const client = await http2Client(t, port)
  client.send(request(1, { method: 'POST', open: true }))
  await arrived(origin, client)
  await pass(clock, 36_000)
  await client.frame('a PING', ({ type, flags }) => type === PING && flags === 0)
  client.send(data(1, 'here'))
  await client.roundTrip()
  await pass(clock, 20_000)
  await client.roundTrip()
  t.notOk(client.ended)
})

t.test('An upload of a known length that stops coming is answered 408', async (t) => {
  const { clock, port, origin } = await scene(t, quiet)
  const client = await http2Client(t, port)
  client.send(request(1, { method: 'POST', open: true, fields: [['content-length', '100000']] }))
  await arrived(origin, client)
  for (let second = 0; second < 25; second++) {
    client.send(data(1, 'x'))
    await pass(clock, 1000)
  }
  t.equal(await client.status(1), 408)
})

t.test('More streams than allowed are refused, and the others go on', async (t) => {
  const { port } = await scene(t, quiet)
  const client = await http2Client(t, port)
  for (let i = 0; i < 1030; i++) client.send(request(2 * i + 1, { method: 'POST', open: true }), data(2 * i + 1, 'x'))
  await client.roundTrip()
  t.equal(await client.resetCode(2 * 1024 + 1), REFUSED_STREAM)
  t.notOk(client.saidGoaway)
})

/** /poll: a head, and nothing more. /large: 256 KiB, as the windows allow. */
function largeAndPoll(peer: Http2Peer): void {
  const bodies = new WindowedSender(peer)
  peer.onFrame = (one) => {
    const { type, id, flags, payload } = one
    bodies.saw(one)
    if (type === PING && (flags & ACK) === 0) peer.send(frame(PING, ACK, 0, payload))
    if (type !== HEADERS) return
    peer.send(headers(id, block([[':status', '200']])))
    if (peer.fieldsOf(one).some(([name, value]) => name === ':path' && value === '/large')) bodies.send(id, 262_144)
  }
}

t.test(
  'Where the process holds too much, answers that nobody takes make room for who waits behind them, and stay where nobody does',
  async (t) => {
    // Beside it, the process holds as much as it may.
    const others = new ReceiveWindow(undefined as never, UPSTREAM_ROOM)
    others.hold(PROCESS_HELD)
    t.teardown(() => others.release(PROCESS_HELD))
    for (const waits of [true, false]) {
      const { clock, port } = await scene(t, largeAndPoll)
      const neighbour = await http2Client(t, port)
      if (waits) {
        neighbour.send(request(1, { path: '/poll' }))
        await neighbour.head(1)
      }
      const client = await http2Client(t, port, { settings: [[INITIAL_WINDOW_SIZE, 0]] })
      for (let id = 1; id < 80; id += 2) client.send(request(id, { path: '/large' }))
      for (let id = 1; id < 80; id += 2) await client.head(id)
      await client.roundTrip()
      await pass(clock, 18_000)
      await client.roundTrip()
      const given = client.frames.filter(({ type }) => type === RST_STREAM).length
      if (waits) t.ok(given > 0 && given < 40, `${given} of 40 were given up`)
      else t.equal(given, 0)
      t.notOk(neighbour.frames.some(({ type }) => type === RST_STREAM))
    }
  },
)

t.test(
  'Where the process holds too much no longer, a connection that was stopped is credited at the next look',
  async (t) => {
    const others = new ReceiveWindow(undefined as never, UPSTREAM_ROOM)
    others.hold(PROCESS_HELD)
    let held = true
    const relax = () => {
      if (held) others.release(PROCESS_HELD)
      held = false
    }
    t.teardown(relax)
    const { clock, port, origin } = await scene(t, largeAndPoll)
    const client = await http2Client(t, port, { settings: [[INITIAL_WINDOW_SIZE, 0]] })
    for (let id = 1; id < 160; id += 2) client.send(request(id, { path: '/large' }))
    for (let id = 1; id < 160; id += 2) await client.head(id)
    await client.roundTrip()
    const upstream = origin.peers[0] as Http2Peer
    const credits = () => upstream.frames.filter(({ type, id }) => type === WINDOW_UPDATE && id === 0).length
    await upstream.roundTrip()
    const before = credits()
    await pass(clock, 6000)
    await upstream.roundTrip()
    t.equal(credits(), before, 'as long as it holds too much')
    relax()
    await pass(clock, 6000)
    await upstream.roundTrip()
    t.ok(credits() > before)
  },
)

t.test('A client that takes nothing of its last answers is given up after ten seconds', async (t) => {
  const origin = await http2RawOrigin(t, largeAndPoll)
  const clock = new FakeClock()
  const proxy = await startProxy(services({ origin: origin.port }), { clock })
  t.teardown(() => proxy.stop())
  const client = await http2Client(t, proxy.outbound, { settings: [[INITIAL_WINDOW_SIZE, 1_000_000]] })
  client.send(windowUpdate(0, 1_000_000_000))
  await client.settled()
  client.socket.pause()
  for (let id = 1; id < 200; id += 2) client.send(request(id, { path: '/large' }))
  while (origin.peers.length === 0) await turn()
  const upstream = origin.peers[0] as Http2Peer
  // Until nothing moves any more: what the kernel holds between the two is full.
  for (let seen = -1; seen !== upstream.frames.length; ) {
    seen = upstream.frames.length
    for (let i = 0; i < 20; i++) await turn()
  }
  const open = async () => {
    const answer = await fetch(`http://127.0.0.1:${proxy.admin}/state`, { headers: { connection: 'close' } })
    return ((await answer.json()) as { connections: { outbound: number } }).connections.outbound
  }
  // A PING on a stream ends the connection, behind all that was written.
  client.send(frame(PING, 0, 1, Buffer.alloc(8)))
  await turn()
  await pass(clock, 8000)
  t.equal(await open(), 1)
  await pass(clock, 5000)
  t.equal(await open(), 0)
})

t.test('Who takes an answer byte by byte is a flood of WINDOW_UPDATEs', async (t) => {
  const { port } = await scene(t, largeAndPoll)
  const client = await http2Client(t, port, { settings: [[INITIAL_WINDOW_SIZE, 0]] })
  client.send(request(1, { path: '/large' }))
  await client.head(1)
  for (let i = 0; i < 3000; i++) client.send(windowUpdate(1, 1))
  t.equal(await client.goaway(), ENHANCE_YOUR_CALM)
})

t.test('Unknown frames cost patience by what they weigh', async (t) => {
  for (const [size, flood] of [
    [100, false],
    [16_384, true],
  ] as const) {
    const { port } = await scene(t)
    const client = await http2Client(t, port)
    await client.sent(times(200, frame(0xfa, 0, 0, Buffer.alloc(size))))
    if (flood) t.equal(await client.goaway(), ENHANCE_YOUR_CALM)
    else await client.roundTrip()
  }
})
