/** Http2Pool: which connection and which stream a request gets, and who waits. */
import t, { type Test } from 'tap'
import { ACK, INITIAL_WINDOW_SIZE, MAX_CONCURRENT_STREAMS, NO_ERROR } from '../../src/http2/frames.ts'
import { everywhere, OK, peerOf, requestsOf, silent, until, World } from '../support/http2-pool-world.ts'
import { data, goaway, headers, http2RawOrigin, settings, SETTINGS_ACK, windowUpdate } from '../support/http2-raw.ts'

t.test('Http2Pool puts streams on one connection until it is full, then makes a second, then lets wait', async (t) => {
  const origin = await silent(t, [[MAX_CONCURRENT_STREAMS, 2]])
  const world = new World(origin.port)
  world.ask()
  const peer = await peerOf(origin, 0)
  await peer.frame('the ACK of SETTINGS', ({ type, flags }) => type === 4 && (flags & ACK) !== 0)
  for (let i = 0; i < 5; i++) world.ask()
  const second = await peerOf(origin, 1)
  await until('both to be full', () => String(everywhere(origin)) === '2,4' || String(everywhere(origin)) === '2,2')
  t.equal(world.pool.active, 6)
  // The second is held to what its peer allows only once that has said so; these went before.
  t.ok(requestsOf(second).length >= 2)
  await world.over(t)
})

t.test(
  'Http2Pool lets requests wait where every connection is full, in order, and serves them as streams end',
  async (t) => {
    const origin = await silent(t)
    const world = new World(origin.port, { maxPerEndpoint: 1, http2Streams: 1 })
    const first = world.ask()
    const peer = await peerOf(origin, 0)
    await peer.head(1)
    const second = world.ask()
    peer.send(SETTINGS_ACK, headers(1, OK, true))
    await peer.head(3)
    t.ok(first.ended)
    peer.send(headers(3, OK, true))
    await until('the second answer', () => second.ended)
    await world.over(t)
  },
)

/** Its upstream has taken no more than the first window of one body, and gives no credit (RFC 9113 §6.9.2). */
async function clogged(t: Test, maxPerEndpoint: number) {
  const origin = await silent(t)
  const world = new World(origin.port, { maxPerEndpoint })
  const upload = world.ask({ open: true })
  const peer = await peerOf(origin, 0)
  peer.send(windowUpdate(1, 1_000_000))
  await peer.roundTrip()
  upload.body.data(Buffer.alloc(100_000))
  await peer.when('a window of body', () => peer.dataBytes === 65_535)
  return { origin, world, peer, upload }
}

t.test(
  'Http2Pool: an upload that an upstream does not take stops no other, for these take another connection',
  async (t) => {
    const { origin, world, peer, upload } = await clogged(t, 2)
    world.ask()
    await peer.head(3)
    world.clock.advance(1000)
    const small = world.ask({ open: true })
    small.body.data(Buffer.from('small'))
    const second = await peerOf(origin, 1)
    await second.when('the small one', () => second.dataBytes === 5)
    peer.send(windowUpdate(0, 100_000))
    await peer.when('the rest', () => peer.dataBytes === 100_000)
    world.ask()
    await peer.head(5)
    t.notOk(upload.over)
    await world.over(t)
  },
)

t.test('Http2Pool goes on with a connection that takes no more of bodies where there may be no other', async (t) => {
  const { world, peer } = await clogged(t, 1)
  world.clock.advance(1000)
  world.ask()
  await peer.head(3)
  await world.over(t)
})

t.test('Http2Pool refuses who waits too long, and who finds the line full', async (t) => {
  const origin = await silent(t)
  const world = new World(origin.port, { maxPerEndpoint: 1, http2Streams: 1 })
  world.ask()
  await (await peerOf(origin, 0)).head(1)
  const waits = world.ask({ connectTimeout: 500 })
  const tooMany = world.ask({ connectTimeout: 500 })
  t.notOk(tooMany.over, 'not before dispatch has returned')
  world.clock.advance(10)
  t.equal(tooMany.failure, 'pool_exhausted unsent')
  t.equal(waits.failure, '')
  world.clock.advance(500)
  t.equal(waits.failure, 'pool_exhausted unsent')
  t.strictSame(everywhere(origin), [1], 'nothing of them was sent')
  await world.over(t)
})

t.test('Http2Pool fills a connection that comes in the place of another with all that wait', async (t) => {
  const origin = await http2RawOrigin(t, () => {}, { silent: true })
  const world = new World(origin.port, { maxPerEndpoint: 3, http2Streams: 2 })
  // Three connections, all full, and three that wait.
  for (let i = 0; i < 6; i++) world.ask()
  await until('three connections', () => String(everywhere(origin)) === '2,2,2')
  for (let i = 0; i < 3; i++) world.ask()
  t.equal(origin.peers.length, 3)
  origin.peers[0]!.destroy()
  const fourth = await peerOf(origin, 3)
  // One comes at once with the connection, the second too: nobody has to wait for SETTINGS.
  await fourth.head(1)
  await fourth.head(3)
  t.equal(world.calls.filter((call) => call.error !== undefined).length, 2)
  await world.over(t)
})

t.test(
  'Http2Pool after GOAWAY: streams above the last id fail unsent, those below finish, no more are sent there',
  async (t) => {
    const origin = await silent(t)
    const world = new World(origin.port)
    const below = world.ask()
    const above = world.ask({ open: true })
    const peer = await peerOf(origin, 0)
    await peer.head(3)
    peer.send(goaway(1, NO_ERROR))
    await until('the failure', () => above.over)
    t.equal(above.failure, 'upstream_reset unsent-reused')
    t.notOk(below.over)
    const other = world.ask()
    const second = await peerOf(origin, 1)
    await second.head(1)
    peer.send(headers(1, OK), data(1, 'whole', true))
    await until('the answer', () => below.ended)
    t.equal(below.bytes, 5)
    await peer.untilEnded()
    t.notOk(other.over)
    await world.over(t)
  },
)

t.test('Http2Pool: a request that wants a fresh connection gets one that is being made, not one each', async (t) => {
  const origin = await silent(t)
  const world = new World(origin.port, { maxPerEndpoint: 10 })
  world.ask()
  const peer = await peerOf(origin, 0)
  await peer.frame('the ACK of SETTINGS', ({ type, flags }) => type === 4 && (flags & ACK) !== 0)
  for (let i = 0; i < 20; i++) world.ask({ fresh: true })
  const second = await peerOf(origin, 1)
  await until('all of them', () => requestsOf(second).length === 20)
  t.equal(origin.peers.length, 2)
  await world.over(t)
})

t.test('Http2Pool: SETTINGS in mid-flight: fewer streams, none, more', async (t) => {
  const origin = await silent(t)
  const world = new World(origin.port, { maxPerEndpoint: 1 })
  world.ask()
  const peer = await peerOf(origin, 0)
  await peer.head(1)
  peer.send(settings([[MAX_CONCURRENT_STREAMS, 0]]))
  await peer.roundTrip()
  const waits = world.ask({ connectTimeout: 60_000 })
  await peer.roundTrip()
  t.strictSame(requestsOf(peer), [1], 'none more')
  peer.send(headers(1, OK, true))
  await peer.roundTrip()
  t.strictSame(requestsOf(peer), [1], 'also when that one has ended')
  peer.send(settings([[MAX_CONCURRENT_STREAMS, 1]]))
  await peer.head(3)
  t.notOk(waits.over)
  await world.over(t)
})

t.test('Http2Pool: the initial window is lowered and raised with a body in flight', async (t) => {
  const origin = await silent(t)
  const world = new World(origin.port)
  const call = world.ask({ open: true })
  const log: string[] = []
  call.on = (what) => log.push(what)
  const peer = await peerOf(origin, 0)
  await peer.head(1)
  call.body.data(Buffer.alloc(60_000, 'a'))
  await peer.when('the first part', () => peer.dataBytes === 60_000)
  // 65 535 less 60 000 were left; now it is 55 535 below 0.
  peer.send(settings([[INITIAL_WINDOW_SIZE, 10_000]]), windowUpdate(0, 1_000_000))
  await peer.roundTrip()
  call.body.data(Buffer.alloc(20_000, 'b'))
  t.strictSame(log, ['pauseRequest'])
  await peer.roundTrip()
  t.equal(peer.dataBytes, 60_000)
  peer.send(windowUpdate(1, 50_000))
  await peer.roundTrip()
  t.equal(peer.dataBytes, 60_000, 'up to 0 is not yet anything')
  peer.send(windowUpdate(1, 1))
  await peer.when('one byte', () => peer.dataBytes === 60_001)
  peer.send(settings([[INITIAL_WINDOW_SIZE, 100_000]]))
  await peer.when('the rest', () => peer.dataBytes === 80_000)
  t.strictSame(log, ['pauseRequest', 'resumeRequest'])
  call.body.end()
  await peer.finished(1)
  await world.over(t)
})
