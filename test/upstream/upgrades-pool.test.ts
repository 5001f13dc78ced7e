/** Upgrades that wait for SETTINGS, and what may become of their pool meanwhile. */
import t, { type Test } from 'tap'
import { ENABLE_CONNECT_PROTOCOL, HEADERS } from '../../src/http2/frames.ts'
import { Call, LEFT, peerOf, until, World } from '../support/http2-pool-world.ts'
import { block, goaway, headers, type Http2Peer, http2RawOrigin, settings } from '../support/http2-raw.ts'
import { turn } from '../support/raw.ts'
import { requestHead } from '../support/stubs.ts'

const ALLOWED = settings([[ENABLE_CONNECT_PROTOCOL, 1]])

interface Scene {
  readonly world: World
  readonly call: Call
  readonly peer: Http2Peer
}

/** An upgrade that waits: its connection is made, and says nothing yet. */
async function waiting(t: Test): Promise<Scene> {
  const origin = await http2RawOrigin(t, () => {}, { silent: true })
  const world = new World(origin.port)
  const call = upgrade(world)
  const peer = await peerOf(origin, 0)
  await peer.settled()
  t.equal(world.pool.active, 1, 'it counts as one that is under way')
  return { world, call, peer }
}

function upgrade(world: World): Call {
  const call = new Call()
  call.body = world.pool.dispatch(requestHead({ upgrade: 'websocket' }), call, 'origin')
  world.calls.push(call)
  return call
}

function asked(peer: Http2Peer): number {
  return peer.frames.filter(({ type }) => type === HEADERS).length
}

t.test('A pool that is closed serves who waits, and lets the connection go behind it', async (t) => {
  const { world, call, peer } = await waiting(t)
  world.pool.close()
  peer.send(ALLOWED)
  await peer.head(1)
  peer.send(headers(1, block([[':status', '200']])))
  await until('the tunnel', () => call.status === 101)
  await world.over(t)
})

t.test('A pool that is closed behind one that left lets the connection go', async (t) => {
  const { world, call, peer } = await waiting(t)
  world.pool.close()
  call.body.abort(LEFT)
  peer.send(ALLOWED)
  await peer.goaway()
  t.equal(asked(peer), 0)
  await world.over(t)
})

t.test('Who waits at an endpoint that is taken away may go elsewhere at once', async (t) => {
  const { world, call } = await waiting(t)
  world.pool.takeAway()
  t.equal(call.failure, 'no_endpoints unsent-reused')
  await world.over(t)
})

t.test(
  'A connection that somebody waits for is not idle, nor is one that nobody waits for any more for ever',
  async (t) => {
    const { world, call, peer } = await waiting(t)
    for (let i = 0; i < 8; i++) {
      world.clock.advance(1000)
      await turn()
    }
    t.notOk(peer.ended || call.over)
    call.body.abort(LEFT)
    for (let i = 0; i < 8; i++) {
      world.clock.advance(1000)
      await turn()
    }
    await peer.goaway()
    await world.over(t)
  },
)

t.test('It waits for ten seconds at most, where the request gives no bound', async (t) => {
  const { world, call } = await waiting(t)
  for (let i = 0; i < 10; i++) {
    t.notOk(call.over)
    world.clock.advance(1000)
    await turn()
  }
  world.clock.advance(100)
  t.equal(call.failure, 'connect_timeout unsent')
  await world.over(t)
})

t.test('A GOAWAY right behind SETTINGS: it was sent and not looked at, and may go elsewhere', async (t) => {
  const { world, call, peer } = await waiting(t)
  peer.send(ALLOWED, goaway(0, 0))
  await until('its end', () => call.over)
  t.equal(call.failure, 'upstream_reset unsent-reused')
  await world.over(t)
})

t.test('The end of another request on its connection does not end a pool that is closed under it', async (t) => {
  const { world, call, peer } = await waiting(t)
  const other = world.ask()
  await peer.head(1)
  world.pool.close()
  other.body.abort(LEFT)
  peer.send(ALLOWED)
  await peer.head(3)
  t.notOk(call.over)
  await world.over(t)
})
