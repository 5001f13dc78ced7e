import t from 'tap'
import { silentAddress } from '../support/silent-address.ts'
import { answer, eventually, get, metric, request, state } from '../support/ask.ts'
import { untilSteady } from '../support/flow.ts'
import type { Script } from '../support/raw-origin.ts'
import { turn } from '../support/raw.ts'
import { HI, policy, scene } from '../support/scene.ts'

/** Takes requests and answers none. */
const SILENT: Script = async (peer) => void (await peer.head())

const BULKHEAD = policy('bulkhead: {maxConcurrent: 1, maxQueue: 2, maxQueueWait: 30s}')

t.test('A client that leaves while it waits for the answer frees its slot and its upstream connection', async (t) => {
  const { client, origin, proxy } = await scene(t, SILENT, { yaml: BULKHEAD })
  const connection = await client()
  connection.send(get('/'))
  const peer = await origin.peer(0)
  await peer.head()
  t.match((await state(proxy)).bulkheads, [{ inflight: 1, queued: 0 }])
  connection.destroy()
  await peer.untilEnded()
  const after = await state(proxy)
  t.match(after.bulkheads, [{ inflight: 0, queued: 0 }])
  t.match(after.endpoints, [{ inflight: 0, connections: 0 }])
  t.equal(await metric(proxy, 'http_server_active_requests'), 0)
  t.equal(await metric(proxy, 'http_server_request_duration_seconds_count', 'error_type="client_cancelled"'), 1)
})

t.test('A client that leaves the queue of a bulkhead frees its place, and never reaches the upstream', async (t) => {
  const { client, origin, proxy } = await scene(t, SILENT, { yaml: BULKHEAD })
  const holder = await client()
  holder.send(get('/holder'))
  await origin.peer(0)
  const queued = await client()
  queued.send(get('/queued'))
  await eventually('the queue', async () => (await state(proxy)).bulkheads[0]?.queued === 1)
  queued.destroy()
  await eventually('the place to be free', async () => (await state(proxy)).bulkheads[0]?.queued === 0)
  const next = await client()
  next.send(get('/next'))
  await eventually('the queue', async () => (await state(proxy)).bulkheads[0]?.queued === 1)
  holder.destroy()
  t.match(await (await origin.peer(1)).head(), /^GET \/next /)
  t.equal(origin.peers.length, 2)
})

/** A whole request: what it waits for asks its client to pause. */
const WHOLE = [
  [`${request('POST /whole', ['Content-Length: 3'])}abc`],
  [`${request('POST /whole', ['Transfer-Encoding: chunked'])}3\r\nabc\r\n0\r\n\r\n`],
  // As a client sends what it has as a stream.
  [request('POST /whole', ['Transfer-Encoding: chunked']), '3\r\nabc\r\n', '3\r\ndef\r\n', '0\r\n\r\n'],
]

t.test('A client that leaves the queue of a bulkhead frees its place, too, where its request has a body', async (t) => {
  const { client, origin, proxy } = await scene(t, SILENT, { yaml: BULKHEAD })
  const holder = await client()
  holder.send(get('/holder'))
  await (await origin.peer(0)).head()
  for (const whole of WHOLE) {
    for (const how of ['reset', 'halfClose'] as const) {
      const queued = await client()
      for (const part of whole) {
        queued.send(part)
        await turn()
      }
      await eventually('the queue', async () => (await state(proxy)).bulkheads[0]?.queued === 1)
      queued[how]()
      await eventually('the place to be free', async () => (await state(proxy)).bulkheads[0]?.queued === 0)
    }
  }
  t.equal(origin.peers.length, 1)
})

t.test('What a client pipelines behind a request that waits with its body is kept until it is its turn', async (t) => {
  const { client, origin } = await scene(
    t,
    async (peer, index) => {
      if (index === 0) return void (await peer.head())
      for (;;) peer.send(`HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n${(await peer.request()).start.slice(-13, -9)}`)
    },
    { yaml: BULKHEAD },
  )
  const holder = await client()
  holder.send(get('/holder'))
  await (await origin.peer(0)).head()
  const queued = await client()
  queued.send(`${request('POST /one', ['Content-Length: 3'])}abc`)
  await turn()
  queued.send(get('/two'))
  await turn()
  holder.destroy()
  await queued.until('/one')
  await queued.until('/two')
  t.pass()
})

t.test('A client that leaves in the middle of its body takes its upstream connection with it', async (t) => {
  const { client, origin, proxy } = await scene(t, HI, { yaml: BULKHEAD })
  for (const framing of ['Content-Length: 100', 'Transfer-Encoding: chunked']) {
    const connection = await client()
    connection.send(`${request('POST /', [framing])}3\r\nabc\r\n`)
    const peer = await origin.peer(origin.peers.length)
    await peer.until('abc')
    connection.destroy()
    await peer.untilEnded()
    t.match((await state(proxy)).bulkheads, [{ inflight: 0 }], framing)
  }
  t.equal(origin.requests.length, 0)
})

t.test('A client that leaves in the middle of the answer takes its upstream connection with it', async (t) => {
  const { client, origin, proxy } = await scene(
    t,
    async (peer) => {
      await peer.request()
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\nabc')
    },
    { yaml: BULKHEAD },
  )
  const connection = await client()
  connection.send(get('/'))
  await connection.until('abc')
  connection.reset()
  await (await origin.peer(0)).untilEnded()
  t.match((await state(proxy)).bulkheads, [{ inflight: 0 }])
})

t.test('A client that leaves between two attempts ends the retries', async (t) => {
  const { client, origin, proxy } = await scene(
    t,
    async (peer) => {
      await peer.request()
      peer.send('HTTP/1.1 503 No\r\nContent-Length: 0\r\nRetry-After: 20\r\n\r\n')
    },
    { yaml: policy('retry: {max: 2, budget: {minPerSecond: 10}}') },
  )
  const connection = await client()
  connection.send(get('/'))
  await eventually('the first answer to be discarded or kept', async () => (await origin.peer(0)).requests.length === 1)
  await eventually('the exchange', async () => (await metric(proxy, 'http_server_active_requests')) === 1)
  connection.destroy()
  await eventually('the end', async () => (await metric(proxy, 'http_server_active_requests')) === 0)
  t.equal(origin.requests.length, 1)
})

t.test('A client that leaves while a connection is being made leaves no connection behind', async (t) => {
  const silent = await silentAddress()
  t.teardown(() => silent.close())
  const { client, proxy } = await scene(t, HI, {
    yaml: `kind: Service\nname: far\nendpoints: ["127.0.0.1:${silent.port}"]\n`,
  })
  const connection = await client()
  connection.send(get('/', 'Host: far'))
  await eventually('a connection', async () => {
    const far = (await state(proxy)).endpoints.find(({ service }) => service === 'far')
    return far?.connections === 1
  })
  connection.destroy()
  await eventually('none', async () => {
    const found = await state(proxy)
    return found.connections.outbound === 0 && found.endpoints.every(({ connections }) => connections === 0)
  })
})

t.test('A client that half-closes has left', async (t) => {
  const { client, origin } = await scene(t, SILENT)
  const connection = await client()
  connection.send(get('/'))
  const peer = await origin.peer(0)
  await peer.head()
  connection.halfClose()
  await peer.untilEnded()
  await connection.untilEnded()
})

t.test('A client that leaves takes the requests pipelined behind it along', async (t) => {
  const { client, origin, proxy } = await scene(t, SILENT)
  const connection = await client()
  connection.send(get('/1') + get('/2') + get('/3'))
  const peer = await origin.peer(0)
  await peer.head()
  connection.destroy()
  await peer.untilEnded()
  await eventually('nothing', async () => (await state(proxy)).connections.outbound === 0)
  t.equal(origin.peers.length, 1)
  t.notMatch(peer.text, '/2')
})

t.test('Of a client that pipelines without end a bounded part is read', async (t) => {
  const { client, origin } = await scene(t, SILENT)
  const connection = await client()
  connection.send(get('/1'))
  await (await origin.peer(0)).head()
  const size = 64 * 1024 * 1024
  connection.socket.write(Buffer.alloc(size, get('/2')))
  const before = await untilSteady('the client to be blocked', () => connection.socket.writableLength)
  t.ok(before > size / 2, `${before} of ${size} bytes wait at the client`)
})

t.test('A client that leaves a pool that is full frees its place', async (t) => {
  const { client, origin, proxy } = await scene(t, SILENT, {
    service: 'connections: {maxPerEndpoint: 1}',
    yaml: policy('timeout: {connect: 30s}'),
  })
  const holder = await client()
  holder.send(get('/holder'))
  await (await origin.peer(0)).head()
  const waiting = await client()
  waiting.send(get('/waiting'))
  await eventually('two', async () => (await state(proxy)).endpoints[0]?.inflight === 2)
  waiting.destroy()
  await eventually('one', async () => (await state(proxy)).endpoints[0]?.inflight === 1)
  t.equal(origin.peers.length, 1)
})

t.test('A client that leaves costs others nothing', async (t) => {
  const { client, origin } = await scene(t, HI)
  const steady = await client()
  steady.send(get('/'))
  const first = await answer(steady)
  const leaving = await client()
  leaving.send(`${request('POST /', ['Content-Length: 9'])}abc`)
  await eventually('the upload', () => origin.peers.some(({ text }) => text.endsWith('abc')))
  leaving.reset()
  steady.send(get('/'))
  t.equal((await answer(steady, first.next)).status, 200)
})
