/** Http2Pool: GOAWAY, resets, connections lost and given up, and what may be sent again. */
import { type AddressInfo, createServer } from 'node:net'
import t from 'tap'
import { INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM } from '../../src/http2/frames.ts'
import { everywhere, OK, peerOf, requestsOf, silent, until, World } from '../support/http2-pool-world.ts'
import { data, goaway, headers, http2RawOrigin, reset, SETTINGS_ACK } from '../support/http2-raw.ts'

t.test('Http2Pool after the first of two GOAWAYs: all that was sent is still answered', async (t) => {
  const origin = await silent(t)
  const world = new World(origin.port)
  const calls = [world.ask(), world.ask()]
  const peer = await peerOf(origin, 0)
  await peer.head(3)
  peer.send(goaway(0x7fff_ffff, NO_ERROR))
  await peer.roundTrip()
  world.ask()
  await (await peerOf(origin, 1)).head(1)
  peer.send(goaway(3, NO_ERROR), headers(3, OK, true), headers(1, OK, true))
  await until('both answers', () => calls.every(({ ended }) => ended))
  await world.over(t)
})

t.test(
  'Http2Pool after GOAWAY with an error and a close: what was above may go elsewhere, what was below is unanswered',
  async (t) => {
    const origin = await silent(t)
    const world = new World(origin.port)
    const answered = world.ask()
    const below = world.ask()
    const above = world.ask()
    const peer = await peerOf(origin, 0)
    await peer.head(5)
    peer.send(headers(1, OK), goaway(3, INTERNAL_ERROR))
    peer.socket.end()
    await until('the end', () => answered.over && below.over && above.over)
    t.equal(answered.failure, 'upstream_reset no')
    t.equal(below.failure, 'upstream_reset unanswered')
    t.equal(above.failure, 'upstream_reset unsent-reused')
    await world.over(t)
  },
)

t.test(
  'Http2Pool passes an answer on that is whole, though its connection ended while the answer was paused',
  async (t) => {
    const origin = await silent(t)
    const world = new World(origin.port)
    const call = world.ask()
    call.body.pauseResponse()
    const peer = await peerOf(origin, 0)
    await peer.head(1)
    peer.send(headers(1, OK), data(1, 'whole', true), goaway(1, NO_ERROR))
    peer.socket.end()
    await until('the end of the connection', () => world.pool.connections === 0)
    t.notOk(call.over)
    call.body.resumeResponse()
    t.equal(call.bytes, 5)
    t.ok(call.ended)
    await world.over(t)
  },
)

t.test('Http2Pool says of each stream on a lost connection what may be sent again', async (t) => {
  const origin = await silent(t)
  const world = new World(origin.port)
  const first = world.ask()
  const peer = await peerOf(origin, 0)
  await peer.head(1)
  peer.send(SETTINGS_ACK, headers(1, OK, true))
  await until('the first answer', () => first.ended)
  const heardOf = world.ask()
  await peer.head(3)
  await peer.roundTrip()
  // From here on the upstream says nothing: whether these two met its end nobody knows.
  const raced = world.ask()
  const upload = world.ask({ open: true })
  await peer.head(7)
  peer.destroy()
  await until('the failures', () => heardOf.over && raced.over && upload.over)
  t.equal(heardOf.failure, 'upstream_reset unanswered', 'the upstream lived on after it was asked')
  t.equal(raced.failure, 'upstream_reset unanswered-reused')
  t.equal(upload.failure, 'upstream_reset unanswered-reused')
  await world.over(t)
})

t.test(
  'Http2Pool: a connection nobody used before and that is lost before any answer is unanswered, not a race',
  async (t) => {
    const origin = await http2RawOrigin(t, () => {}, { silent: true })
    const world = new World(origin.port)
    const call = world.ask()
    const peer = await peerOf(origin, 0)
    await peer.head(1)
    peer.destroy()
    await until('the failure', () => call.over)
    t.equal(call.failure, 'upstream_reset unanswered')
    await world.over(t)
  },
)

t.test('Http2Pool: a stream that the upstream refused went nowhere', async (t) => {
  const origin = await silent(t)
  const world = new World(origin.port)
  const call = world.ask()
  const peer = await peerOf(origin, 0)
  await peer.head(1)
  peer.send(reset(1, REFUSED_STREAM))
  await until('the failure', () => call.over)
  t.equal(call.failure, 'upstream_reset unsent-reused')
  await world.over(t)
})

t.test('Http2Pool: a stream that the upstream refused behind its head may have gone anywhere', async (t) => {
  const origin = await silent(t)
  const world = new World(origin.port)
  const call = world.ask()
  const peer = await peerOf(origin, 0)
  await peer.head(1)
  peer.send(headers(1, OK), reset(1, REFUSED_STREAM))
  await until('the failure', () => call.over)
  t.equal(call.failure, 'upstream_reset no')
  await world.over(t)
})

t.test(
  'Http2Pool: GOAWAY that counts what it has answered among what it has not looked at is no word of that',
  async (t) => {
    const origin = await silent(t)
    const world = new World(origin.port)
    const begun = world.ask()
    const whole = world.ask()
    whole.body.pauseResponse()
    const peer = await peerOf(origin, 0)
    await peer.head(3)
    peer.send(headers(1, OK), headers(3, OK), data(3, 'whole', true), goaway(0, NO_ERROR))
    await until('the failure', () => begun.over)
    t.equal(begun.failure, 'upstream_reset no')
    whole.body.resumeResponse()
    t.equal(whole.bytes, 5)
    t.ok(whole.ended)
    await peer.untilEnded()
    await world.over(t)
  },
)

t.test('Http2Pool: a connection that cannot be made fails all that were put on it, unsent', async (t) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise<void>((resolve) => server.close(() => resolve()))
  const world = new World(port)
  const calls = [world.ask(), world.ask({ open: true }), world.ask()]
  calls[1]!.body.data(Buffer.from('some'))
  await until('the failures', () => calls.every(({ over }) => over))
  t.strictSame(
    calls.map(({ failure }) => failure),
    ['connect_failure unsent', 'connect_failure unsent', 'connect_failure unsent'],
  )
  await world.over(t)
})

t.test(
  'Http2Pool: the connect timeout fails all that wait for the connection, and the next gets another',
  async (t) => {
    // A port whose accept queue nobody empties would do; a connection that is not made within the turn does as well.
    const origin = await silent(t)
    const world = new World(origin.port)
    const calls = [world.ask({ connectTimeout: 100 }), world.ask({ connectTimeout: 100 })]
    world.clock.advance(120)
    t.strictSame(
      calls.map(({ failure }) => failure),
      ['connect_timeout unsent', 'connect_timeout unsent'],
    )
    const next = world.ask()
    await until('the request', () => origin.peers.some((peer) => requestsOf(peer).length === 1))
    t.notOk(next.over)
    await world.over(t)
  },
)

t.test('Http2Pool: who waits for a connection is not held to the connect timeout of another route', async (t) => {
  const origin = await silent(t)
  const world = new World(origin.port, { maxPerEndpoint: 3 })
  const patient = world.ask({ connectTimeout: 1000 })
  const hasty = [world.ask({ connectTimeout: 100 }), world.ask({ connectTimeout: 100 })]
  t.equal(world.pool.connections, 2, 'one for those who wait alike')
  world.clock.advance(120)
  t.strictSame(
    hasty.map(({ failure }) => failure),
    ['connect_timeout unsent', 'connect_timeout unsent'],
  )
  t.notOk(patient.over)
  await (await peerOf(origin, 0)).head(1)
  world.ask({ connectTimeout: 100 })
  await origin.peers[0]?.head(3)
  await world.over(t)
})

t.test('Http2Pool.close(): who waits in line is served on the connections there are, and then all end', async (t) => {
  const origin = await silent(t)
  const world = new World(origin.port, { maxPerEndpoint: 2, http2Streams: 1 })
  const calls = [world.ask(), world.ask(), world.ask(), world.ask()]
  await until('two connections', () => String(everywhere(origin)) === '1,1')
  world.pool.close()
  for (const peer of origin.peers) peer.send(headers(1, OK, true))
  for (const peer of origin.peers) await peer.head(3)
  for (const peer of origin.peers) peer.send(headers(3, OK, true))
  await until('all answers', () => calls.every(({ ended }) => ended))
  t.equal(origin.peers.length, 2)
  for (const peer of origin.peers) await peer.untilEnded()
  await world.over(t)
})

t.test('Http2Pool that is closed still serves a late retry, and keeps no connection for it', async (t) => {
  const origin = await silent(t)
  const world = new World(origin.port)
  world.pool.close()
  const call = world.ask()
  const peer = await peerOf(origin, 0)
  await peer.head(1)
  peer.send(headers(1, OK, true))
  await until('the answer', () => call.ended)
  await peer.untilEnded()
  await world.over(t)
})

t.test('Http2Pool behind a write that was refused: nobody new comes, though the end is not told yet', async (t) => {
  const origin = await silent(t)
  const world = new World(origin.port)
  const open = world.ask({ open: true })
  const peer = await peerOf(origin, 0)
  await peer.head(1)
  await peer.roundTrip()
  peer.socket.resetAndDestroy()
  open.body.data(Buffer.from('x'))
  // Where it is written and refused.
  await new Promise<void>((resolve) => process.nextTick(resolve))
  t.notOk(open.over)
  const next = world.ask()
  const other = await peerOf(origin, 1)
  await other.head(1)
  other.send(headers(1, OK, true))
  await until('the answer', () => next.ended && open.over)
  await world.over(t)
})

t.test('Http2Pool: of what stood first in a write that was refused at once nothing was sent', async (t) => {
  const origin = await silent(t)
  const world = new World(origin.port)
  const open = world.ask({ open: true })
  const peer = await peerOf(origin, 0)
  await peer.head(1)
  await peer.roundTrip()
  const before = world.ask({ open: true })
  await peer.head(3)
  peer.socket.resetAndDestroy()
  open.body.data(Buffer.from('x'))
  const next = world.ask({ open: true })
  await until('the end', () => open.over && before.over && next.over)
  t.equal(open.failure, 'upstream_reset unanswered')
  t.equal(before.failure, 'upstream_reset unanswered-reused')
  t.equal(next.failure, 'upstream_reset unsent-reused')
  await world.over(t)
})
