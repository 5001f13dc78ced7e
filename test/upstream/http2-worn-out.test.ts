/** Resets of many clients meet on the connections to one upstream, which has a bound for them (CVE-2023-44487). */
import { once } from 'node:events'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { CANCEL, ENHANCE_YOUR_CALM, HEADERS, NO_ERROR, RST_STREAM } from '../../src/http2/frames.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { LEFT, OK, peerOf, silent, until, World } from '../support/http2-pool-world.ts'
import { headers, http2Client, http2RawOrigin, request, reset } from '../support/http2-raw.ts'
import { services, startProxy } from '../support/proxy.ts'

/** nghttp2's own bound is 1000 at once and 33 a second. */
const BURST = 240
const ASKED = 40
const CLIENTS = 20

/** Answers once it is told to; a path ends with the name of who asks. */
async function bounded(t: Test) {
  const held: http2.ServerHttp2Stream[] = []
  const sessions: http2.ServerHttp2Session[] = []
  let came = 0
  let left = 0
  const server = http2.createServer({ streamResetBurst: BURST, streamResetRate: 1 })
  server.on('session', (session) => void sessions.push(session))
  server.on('sessionError', () => {})
  server.on('stream', (stream: http2.ServerHttp2Stream, { ':path': path }) => {
    came++
    stream.on('error', () => {})
    stream.on('close', () => void left++)
    if (path === '/stays') held.push(stream)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  return {
    port: (server.address() as AddressInfo).port,
    sessions,
    came: () => came,
    left: () => left,
    answer: () => {
      for (const stream of held) {
        stream.respond({ ':status': 200 })
        stream.end('hi!')
      }
    },
  }
}

t.test('clients that leave do not cost others their calls at an upstream that bounds resets', async (t) => {
  const origin = await bounded(t)
  const yaml = services({ origin: origin.port }).replace('name: origin\n', 'name: origin\nprotocol: http2\n')
  const proxy = await startProxy(yaml, { clock: new FakeClock() })
  t.teardown(() => proxy.stop())
  const neighbour = await http2Client(t, proxy.outbound)
  const stays = [1, 3, 5]
  neighbour.send(...stays.map((id) => request(id, { method: 'POST', path: '/stays' })))
  await until('the calls that stay', () => origin.came() === stays.length)
  for (let i = 0; i < CLIENTS; i++) {
    const client = await http2Client(t, proxy.outbound)
    const ids = Array.from({ length: ASKED }, (_, n) => 2 * n + 1)
    client.send(...ids.map((id) => request(id, { path: '/leaves' })))
    await until('their requests', () => origin.came() === stays.length + (i + 1) * ASKED)
    client.send(...ids.map((id) => reset(id, CANCEL)))
    await until('their ends', () => origin.left() >= (i + 1) * ASKED)
  }
  origin.answer()
  for (const id of stays) t.equal(await neighbour.status(id), 200)
  t.notOk(neighbour.frames.some(({ type }) => type === RST_STREAM))
  t.ok(origin.sessions.length <= 1 + (CLIENTS * ASKED) / 128, `${origin.sessions.length} connections`)
})

t.test('an answer that waits in the memory of a Node server costs nobody else a connection', async (t) => {
  const sessions: http2.ServerHttp2Session[] = []
  // Of 10 MB in all of a session; beyond that it resets streams with ENHANCE_YOUR_CALM, and with the 101st of them the session ends.
  const server = http2.createServer((request, response) => {
    response.end(request.url === '/large' ? Buffer.alloc(20_000_000) : 'hi!')
  })
  server.on('session', (session) => void sessions.push(session))
  server.on('sessionError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const yaml = services({ origin: port }).replace('name: origin\n', 'name: origin\nprotocol: http2\n')
  const clock = new FakeClock()
  const proxy = await startProxy(yaml, { clock })
  t.teardown(() => proxy.stop())
  const slow = await http2Client(t, proxy.outbound)
  slow.send(request(1, { path: '/large' }))
  t.equal(await slow.status(1), 200)
  clock.advance(1000)
  const others = await http2Client(t, proxy.outbound)
  let failed = 0
  for (let id = 1; id < 240; id += 2) {
    others.send(request(id))
    if ((await others.status(id)) !== 200) failed++
  }
  t.ok(failed <= 1, `${failed} failed`)
  t.equal(sessions.length, 2)
  t.notOk(slow.frames.some(({ type }) => type === RST_STREAM))
})

t.test('Http2Pool makes no connection for each request that an upstream asks to be calm about', async (t) => {
  const origin = await http2RawOrigin(t, (peer) => {
    peer.onFrame = ({ type, id }) => void (type === HEADERS && peer.send(reset(id, ENHANCE_YOUR_CALM)))
  })
  const world = new World(origin.port, { maxPerEndpoint: 100 })
  for (const connections of [1, 2]) {
    for (let i = 0; i < 20; i++) {
      const call = world.ask()
      await until('its end', () => call.over)
      t.equal(call.failure, 'upstream_reset unanswered')
    }
    t.equal(origin.peers.length, connections)
    world.clock.advance(1000)
    const last = world.ask()
    await until('its end', () => last.over)
  }
  await world.over(t)
})

t.test('Http2Pool goes on with a connection that was reset often where there may be no other', async (t) => {
  const origin = await silent(t)
  const world = new World(origin.port, { maxPerEndpoint: 1 })
  const stays = world.ask()
  const peer = await peerOf(origin, 0)
  await peer.roundTrip()
  for (let i = 0; i < 300; i++) world.ask().body.abort(LEFT)
  const next = world.ask()
  await peer.head(603)
  peer.send(headers(1, OK, true), headers(603, OK, true))
  await until('both answers', () => stays.ended && next.ended)
  t.equal(origin.peers.length, 1)
  t.notOk(peer.saidGoaway)
  await world.over(t)
})

t.test('Http2Pool goes on with a connection whose resets are few in each second', async (t) => {
  const origin = await silent(t)
  const world = new World(origin.port)
  world.ask()
  const peer = await peerOf(origin, 0)
  await peer.roundTrip()
  for (let i = 0; i < 600; i++) {
    world.ask().body.abort(LEFT)
    world.clock.advance(34)
    if (i % 100 === 0) await peer.roundTrip()
  }
  await peer.roundTrip()
  t.equal(peer.frames.filter(({ type }) => type === HEADERS).length, 601)
  t.equal(origin.peers.length, 1)
  t.notOk(peer.saidGoaway)
  await world.over(t)
})

t.test('Http2Pool ends a connection that was reset often once all on it is over', async (t) => {
  const origin = await silent(t)
  const world = new World(origin.port)
  const stays = world.ask()
  const peer = await peerOf(origin, 0)
  await peer.roundTrip()
  for (let i = 0; i < 129; i++) world.ask().body.abort(LEFT)
  const next = world.ask()
  const second = await peerOf(origin, 1)
  await second.head(1)
  t.notOk(peer.saidGoaway)
  peer.send(headers(1, OK, true))
  second.send(headers(1, OK, true))
  await until('both answers', () => stays.ended && next.ended)
  t.equal(await peer.goaway(), NO_ERROR)
  await peer.untilEnded()
  await world.over(t)
})
