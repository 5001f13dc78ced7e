/** Clients that fall silent, leave or have nothing to ask, and what becomes of what they asked for. */
import t, { type Test } from 'tap'
import { ACK, CANCEL, NO_ERROR, PING } from '../../src/http2/frames.ts'
import { state } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { peerOf } from '../support/http2-pool-world.ts'
import { answering, data, frame, http2Client, type Http2Peer, http2RawOrigin, request } from '../support/http2-raw.ts'
import { type Proxy as Sidecar, services, startProxy } from '../support/proxy.ts'
import { turn } from '../support/raw.ts'

interface Scene {
  readonly clock: FakeClock
  readonly proxy: Sidecar
  readonly client: Http2Peer
}

async function scene(t: Test, port: number): Promise<Scene> {
  const clock = new FakeClock()
  const yaml = services({ origin: port }).replace('name: origin\n', 'name: origin\nprotocol: http2\n')
  const proxy = await startProxy(yaml, { clock })
  t.teardown(() => proxy.stop())
  const client = await http2Client(t, proxy.outbound)
  await client.settled()
  return { clock, proxy, client }
}

async function gone(proxy: Sidecar): Promise<void> {
  while ((await state(proxy)).connections.outbound > 0) await turn()
}

t.test('A client with a stream open that answers no PING is given up, and its request with it', async (t) => {
  const origin = await http2RawOrigin(t, (peer) => {
    peer.onFrame = ({ type, flags, payload }) => {
      if (type === PING && (flags & ACK) === 0) peer.send(frame(PING, ACK, 0, payload))
    }
  })
  const { clock, proxy, client } = await scene(t, origin.port)
  client.send(request(1, { method: 'PUT', open: true }))
  const upstream = await peerOf(origin, 0)
  await upstream.head(1)
  clock.advance(36_000)
  const asked = await client.frame('a PING', ({ type, flags }) => type === PING && (flags & ACK) === 0)
  client.send(frame(PING, ACK, 0, asked.payload))
  await client.roundTrip()
  clock.advance(20_000)
  await client.roundTrip()
  t.notOk(client.ended, 'it has answered')
  for (let i = 0; i < 10 && !client.ended; i++) {
    clock.advance(6000)
    // The upstream is asked as well, and its answer has to be back before more time passes.
    for (let turns = 0; turns < 8; turns++) await turn()
  }
  await client.untilEnded()
  t.equal(await upstream.resetCode(1), CANCEL)
  await gone(proxy)
})

t.test('A client that ends its direction of the connection has left: there is no half of HTTP/2', async (t) => {
  const origin = await http2RawOrigin(t, () => {})
  const { proxy, client } = await scene(t, origin.port)
  client.send(request(1))
  const upstream = await peerOf(origin, 0)
  await upstream.head(1)
  client.socket.end()
  t.equal(await upstream.resetCode(1), CANCEL)
  await client.untilEnded()
  await gone(proxy)
})

t.test('A client that said GOAWAY and still waits for answers gets them', async (t) => {
  const origin = await http2RawOrigin(t, answering(200, 'late'))
  const { clock, proxy, client } = await scene(t, origin.port)
  client.send(request(1), frame(7, 0, 0, Buffer.alloc(8)))
  await client.finished(1)
  t.equal(await client.status(1), 200)
  client.socket.end()
  clock.advance(10)
  await gone(proxy)
})

t.test('A client that asks nothing for the idle timeout is told so; one with a stream open is not', async (t) => {
  const origin = await http2RawOrigin(t, () => {})
  const { clock, proxy, client } = await scene(t, origin.port)
  const idle = await http2Client(t, proxy.outbound)
  await idle.settled()
  client.send(request(1, { method: 'PUT', open: true }))
  const upstream = await peerOf(origin, 0)
  await upstream.head(1)
  for (let i = 0; i < 40 && !idle.ended; i++) {
    clock.advance(10_000)
    client.send(data(1, 'alive'))
    await Promise.all([client.roundTrip(), upstream.roundTrip()])
  }
  t.equal(await idle.goaway(), NO_ERROR)
  await idle.untilEnded()
  t.ok(clock.now() >= 300_000)
  t.notOk(client.ended)
})
