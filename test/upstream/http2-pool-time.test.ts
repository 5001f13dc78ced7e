/** Http2Pool: age, idleness, PING, and what is left behind. */
import t, { type Test } from 'tap'
import { ACK, HEADERS, END_STREAM, NO_ERROR, PING, REFUSED_STREAM } from '../../src/http2/frames.ts'
import { everywhere, LEFT, OK, peerOf, silent, until, World } from '../support/http2-pool-world.ts'
import { data, frame, headers, http2RawOrigin, reset, type Http2Peer } from '../support/http2-raw.ts'
import { turn } from '../support/raw.ts'

t.test('Http2Pool gives up a connection at its age, each at its own; what is on it finishes', async (t) => {
  let dice = 0
  const origin = await silent(t)
  const world = new World(origin.port, { maxAge: 100_000, idle: 60_000, http2Streams: 1, fraction: () => dice })
  const first = world.ask()
  dice = 0.5
  world.ask()
  // From here on other dice must change nothing.
  dice = 0.999
  await until('both', () => String(everywhere(origin)) === '1,1')
  for (let at = 0; at < 89_000; at += 20_000) {
    world.clock.advance(Math.min(20_000, 89_500 - at))
    for (const peer of origin.peers) await peer.roundTrip()
  }
  const [older, younger] = origin.peers as [Http2Peer, Http2Peer]
  older.send(headers(1, OK, true))
  await until('its answer', () => first.ended)
  await older.roundTrip()
  t.notOk(older.saidGoaway, 'not yet')
  // The first is given up at 100 s, the second, which has a stream open, at 95 s.
  world.clock.advance(6500)
  await younger.roundTrip()
  world.ask()
  await older.head(3)
  younger.send(headers(1, OK, true))
  t.equal(await younger.goaway(), NO_ERROR)
  world.clock.advance(5000)
  await older.roundTrip()
  t.notOk(older.saidGoaway, 'its stream is open')
  world.ask()
  await peerOf(origin, 2)
  older.send(headers(3, OK, true))
  t.equal(await older.goaway(), NO_ERROR)
  await older.untilEnded()
  await world.over(t)
})

t.test('Http2Pool gives up a connection that is idle', async (t) => {
  const origin = await silent(t)
  const world = new World(origin.port, { idle: 4000 })
  const call = world.ask()
  const peer = await peerOf(origin, 0)
  await peer.head(1)
  world.clock.advance(5000)
  peer.send(headers(1, OK, true))
  await until('the answer', () => call.ended)
  world.clock.advance(3000)
  t.equal(world.pool.connections, 1)
  t.equal(world.pool.idle, 1)
  world.clock.advance(1100)
  t.equal(await peer.goaway(), NO_ERROR)
  await peer.untilEnded()
  await world.over(t)
})

t.test(
  'Http2Pool.takeAway(): who waits is refused, and no connection is made for them; who is served is served',
  async (t) => {
    const origin = await silent(t)
    const world = new World(origin.port, { maxPerEndpoint: 1, http2Streams: 1 })
    const served = world.ask()
    const peer = await peerOf(origin, 0)
    await peer.head(1)
    const waits = world.ask()
    world.pool.takeAway()
    t.equal(waits.failure, 'no_endpoints unsent-reused')
    await peer.roundTrip()
    t.equal(origin.peers.length, 1)
    peer.send(headers(1, OK, true))
    await until('the answer', () => served.ended)
    await peer.untilEnded()
    await world.over(t)
  },
)

/** A call to an upstream that said nothing for 40 s, was sent a PING, and has answered that. */
async function asked(t: Test) {
  const origin = await silent(t)
  const world = new World(origin.port)
  const call = world.ask()
  const peer = await peerOf(origin, 0)
  await peer.head(1)
  await peer.roundTrip()
  const pings = () => peer.frames.filter(({ type, flags }) => type === PING && (flags & ACK) === 0)
  world.clock.advance(40_000)
  await until('a PING', () => pings().length === 1)
  peer.send(frame(PING, ACK, 0, pings()[0]?.payload))
  return { world, call, peer, pings }
}

t.test('Http2Pool asks a silent upstream by PING, and gives up one that does not answer', async (t) => {
  const { world, call, peer } = await asked(t)
  await peer.roundTrip()
  world.clock.advance(20_000)
  t.notOk(call.over, 'it has answered')
  // Not before, for a gRPC server takes more than one in five minutes for too many, unless something of its own lies between.
  world.clock.advance(270_000)
  await peer.roundTrip()
  t.notOk(call.over)
  world.clock.advance(60_000)
  t.equal(call.failure, 'upstream_reset unanswered', 'and then it did not')
  await until('the end of the connection', () => world.pool.connections === 0)
  await world.over(t)
})

t.test('Http2Pool asks an upstream by PING again as soon as it has sent something of its own', async (t) => {
  const { world, call, peer, pings } = await asked(t)
  peer.send(headers(1, OK))
  await peer.roundTrip()
  world.clock.advance(40_000)
  await until('another', () => pings().length === 2)
  peer.send(frame(PING, ACK, 0, pings()[1]?.payload), data(1, 'body', true))
  await until('the answer', () => call.ended)
  await world.over(t)
})

t.test('Http2Pool asks a silent upstream once more before it is time where a request was sent since', async (t) => {
  const { world, call, peer, pings } = await asked(t)
  await peer.roundTrip()
  const next = world.ask()
  await peer.head(3)
  world.clock.advance(36_000)
  await until('another', () => pings().length === 2)
  peer.send(frame(PING, ACK, 0, pings()[1]?.payload))
  await peer.roundTrip()
  // The third would be one too many.
  const last = world.ask()
  await peer.head(5)
  world.clock.advance(100_000)
  await peer.roundTrip()
  t.equal(pings().length, 2)
  t.notOk(call.over || next.over || last.over)
  await world.over(t)
})

t.test('Http2Pool gives up an upstream that was asked once more and does not answer', async (t) => {
  const { world, call, peer } = await asked(t)
  await peer.roundTrip()
  const next = world.ask()
  await peer.head(3)
  world.clock.advance(46_000)
  t.equal(call.failure, 'upstream_reset unanswered')
  t.equal(next.failure, 'upstream_reset unanswered-reused')
  await until('the end of the connection', () => world.pool.connections === 0)
  await world.over(t)
})

t.test('Http2Pool notices that an upstream is gone though all requests are given up before a look', async (t) => {
  const origin = await silent(t)
  const world = new World(origin.port)
  const answered = world.ask()
  const peer = await peerOf(origin, 0)
  await peer.head(1)
  peer.send(headers(1, OK, true))
  await until('the answer', () => answered.ended)
  // Each has a second, one comes each three, and looks are five apart.
  let asked = 0
  while (asked < 20 && world.pool.connections > 0) {
    const call = world.ask()
    asked++
    world.clock.advance(1000)
    call.body.abort(LEFT)
    world.clock.advance(2000)
    await turn()
  }
  t.ok(asked < 20, 'a connection to nobody ends')
  await until('the end of the connection', () => world.pool.connections === 0)
  t.equal(origin.peers.length, 1)
  await world.over(t)
})

t.test('Http2Pool: 10 000 requests leave nothing behind', async (t) => {
  const origin = await http2RawOrigin(t, (peer) => {
    peer.onFrame = ({ type, id, flags }) => {
      if (type !== HEADERS) return
      const how = id % 8
      if (how === 1) peer.send(headers(id, OK, true))
      else if (how === 3) peer.send(headers(id, OK), data(id, 'body', true))
      else if (how === 5 && (flags & END_STREAM) !== 0) peer.send(reset(id, REFUSED_STREAM))
      else peer.send(headers(id, OK), data(id, 'body'))
    }
  })
  const world = new World(origin.port, { maxPerEndpoint: 2 })
  for (let round = 0; round < 100; round++) {
    const calls = Array.from({ length: 100 }, (_, i) => world.ask({ open: i % 3 === 0 }))
    await until('heads', () => calls.every((call) => call.over || call.status === 200))
    for (const call of calls) call.body.abort(LEFT)
    world.calls.length = 0
  }
  t.equal(world.pool.active, 0)
  t.ok(world.pool.connections <= 2)
  await world.over(t)
})
