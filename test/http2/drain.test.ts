/** The end of a sidecar with HTTP/2 clients: two GOAWAYs, nothing lost that was on its way (RFC 9113 §6.8). */
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { ACK, CANCEL, GOAWAY, HEADERS, NO_ERROR, PING, readUint31, REFUSED_STREAM } from '../../src/http2/frames.ts'
import { state } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { everywhere, requestsOf, respond, until } from '../support/http2-pool-world.ts'
import {
  answering,
  block,
  data,
  frame,
  type Frame,
  headers,
  http2Client,
  type Http2Peer,
  http2RawOrigin,
  request,
  reset,
  windowUpdate,
} from '../support/http2-raw.ts'
import { type Proxy as Sidecar, services, startProxy } from '../support/proxy.ts'
import { turn } from '../support/raw.ts'

const LAST = 0x7fff_ffff

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

function lastIds(client: Http2Peer): number[] {
  return client.frames.filter(({ type }) => type === GOAWAY).map(({ payload }) => readUint31(payload, 0))
}

function isPing({ type, flags }: Frame): boolean {
  return type === PING && (flags & ACK) === 0
}

/** Lets the drain look at what is still in flight, without the clock reaching any other time. */
async function looks(clock: FakeClock): Promise<void> {
  for (let i = 0; i < 5; i++) {
    clock.advance(24)
    await turn()
  }
}

t.test(
  'Streams that a client opened before it saw the first GOAWAY are answered; then comes the second, and the end',
  async (t) => {
    const origin = await http2RawOrigin(t, () => {})
    const { clock, proxy, client } = await scene(t, origin.port)
    client.send(request(1))
    await until('the request', () => origin.peers[0]?.frames.some(({ id }) => id === 1) === true)
    let over = false
    const drained = proxy.drain().then(() => {
      over = true
    })
    const asked = await client.frame('a PING', isPing)
    t.strictSame(lastIds(client), [LAST])
    client.send(request(3))
    client.send(frame(PING, ACK, 0, asked.payload))
    await until('the second GOAWAY', () => lastIds(client).length === 2)
    t.strictSame(lastIds(client), [LAST, 3])
    // What a client says of a stream that it must not hope for is no error.
    client.send(request(5, { open: true }), data(5, 'some'), windowUpdate(5, 100), reset(5, CANCEL))
    const upstream = origin.peers[0] as Http2Peer
    await upstream.head(3)
    respond(upstream, 3, 'three')
    respond(upstream, 1, 'one')
    await client.finished(1)
    await client.finished(3)
    await client.untilEnded()
    t.notOk(
      client.frames.some(({ id }) => id === 5),
      'nobody works on what came later',
    )
    t.equal(await client.goaway(), NO_ERROR)
    client.socket.end()
    await looks(clock)
    await drained
    t.ok(over)
  },
)

t.test('A drain waits for a client that is idle to say that nothing of it is on its way', async (t) => {
  const origin = await http2RawOrigin(t, answering(200, 'late'))
  const { clock, proxy, client } = await scene(t, origin.port)
  let over = false
  const drained = proxy.drain().then(() => {
    over = true
  })
  const asked = await client.frame('a PING', isPing)
  await looks(clock)
  t.notOk(over, 'not yet')
  client.send(request(1))
  client.send(frame(PING, ACK, 0, asked.payload))
  await client.finished(1)
  await client.untilEnded()
  client.socket.end()
  await looks(clock)
  await drained
})

t.test('A client that answers no PING gets its second GOAWAY five seconds later', async (t) => {
  const origin = await http2RawOrigin(t, answering())
  const { clock, proxy, client } = await scene(t, origin.port)
  const drained = proxy.drain()
  await client.frame('a PING', isPing)
  clock.advance(4990)
  await turn()
  t.strictSame(lastIds(client), [LAST])
  clock.advance(20)
  await until('the second GOAWAY', () => lastIds(client).length === 2)
  t.strictSame(lastIds(client), [LAST, 0])
  await looks(clock)
  await drained
})

t.test('What waits in the kernel when the time between the two GOAWAYs is over was not late', async (t) => {
  const origin = await http2RawOrigin(t, answering(200, 'hi'))
  const { clock, proxy, client } = await scene(t, origin.port)
  const drained = proxy.drain()
  await client.frame('a PING', isPing)
  client.send(request(1), request(3))
  // The event loop was held until now: the clock has moved, and nothing was read in between.
  clock.advance(5010)
  t.equal(await client.status(1), 200)
  t.equal(await client.status(3), 200)
  await client.untilEnded()
  t.strictSame(lastIds(client), [LAST, 3])
  client.socket.end()
  await looks(clock)
  await drained
})

t.test('A drain waits until a slow client has the rest of its answers, whose streams are over for us', async (t) => {
  const count = 1000
  const fields = Array.from({ length: 3 }, (_, i) => [`x-${i}`, 'a'.repeat(4000)] as const)
  const origin = await http2RawOrigin(t, (peer) => {
    peer.onFrame = ({ type, id }) => {
      if (type === HEADERS) peer.send(headers(id, block([[':status', '200'], ...fields]), true))
    }
  })
  const { clock, proxy, client } = await scene(t, origin.port)
  client.socket.pause()
  for (let id = 1; id < 2 * count; id += 2) client.send(request(id))
  const asked = (): number => everywhere(origin).reduce((sum, n) => sum + n, 0)
  await until('the first requests', () => asked() > 0)
  // A client that reads nothing is read no further at some point; all that was read is answered.
  for (let seen = -1; seen < asked(); ) {
    seen = asked()
    for (let i = 0; i < 20; i++) await turn()
  }
  t.equal((await state(proxy)).endpoints[0]?.inflight, 0)
  let over = false
  const drained = proxy.drain().then(() => {
    over = true
  })
  for (let i = 0; i < 60; i++) {
    clock.advance(100)
    await turn()
  }
  t.notOk(over)
  client.socket.resume()
  await client.untilEnded()
  t.equal(requestsOf(client).length, asked())
  t.equal(lastIds(client).at(-1), asked() * 2 - 1)
  client.socket.end()
  await looks(clock)
  await drained
})

t.test('Clients that go on asking while the sidecar drains lose no request', async (t) => {
  const server = http2.createServer((_request, response) => setImmediate(() => response.end('hi')))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const port = (server.address() as AddressInfo).port
  const proxy = await startProxy(services({ origin: port }))
  t.teardown(() => proxy.stop())
  const problems: string[] = []
  let asked = 0
  let answered = 0
  // What Node's client had begun and not sent when the first GOAWAY came, for that may come in one read with an answer: it
  // refuses that itself.
  let unsent = 0
  const lastId = new Map<http2.ClientHttp2Session, number>()
  const one = (session: http2.ClientHttp2Session): Promise<void> =>
    new Promise((resolve) => {
      asked++
      const stream = session.request({ ':path': '/', ':authority': 'origin' })
      let status = 0
      stream.on('response', (head) => {
        status = Number(head[':status'])
      })
      stream.on('error', (error) => {
        if (stream.rstCode !== REFUSED_STREAM) problems.push(error.message)
      })
      stream.on('close', () => {
        if (status === 200) answered++
        else if (stream.rstCode === REFUSED_STREAM && lastId.get(session) === LAST) unsent++
        else problems.push(`status ${status}, rst ${stream.rstCode}`)
        resolve()
      })
      stream.resume()
      stream.end()
    })
  const worker = async (session: http2.ClientHttp2Session): Promise<void> => {
    while (!session.closed && !session.destroyed) await one(session)
  }
  const sessions = Array.from({ length: 20 }, () => http2.connect(`http://127.0.0.1:${proxy.outbound}`))
  for (const session of sessions) {
    session.on('error', (error) => problems.push(`session: ${error.message}`))
    session.on('goaway', (_code, last) => lastId.set(session, last))
  }
  const workers = sessions.flatMap((session) => [worker(session), worker(session), worker(session)])
  await until('load', () => answered > 500)
  await proxy.drain()
  await Promise.all(workers)
  t.equal(answered, asked - unsent)
  t.strictSame(problems, [])
})
