import { once } from 'node:events'
import http2 from 'node:http2'
import { createServer } from 'node:net'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { admin, answer, ask, eventually, field, get, postAdmin, state } from '../support/ask.ts'
import { loadDoor } from '../../src/net/door.ts'
import { drainTimes, type Lifecycle } from '../../src/runtime/lifecycle.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { session } from '../support/grpc-call.ts'
import { startProxy } from '../support/proxy.ts'
import { connect, turn } from '../support/raw.ts'
import { type Script, startRawOrigin } from '../support/raw-origin.ts'
import { HI, OK, policy, scene } from '../support/scene.ts'

const SILENT: Script = async (peer) => {
  for (;;) await peer.request(20_000)
}
const DRAIN = 'drain: {wait: 2s, timeout: 8s}'

t.test(
  'A drain in order: readiness off, a wait, no new connections, in flight finished, then it is over',
  async (t) => {
    const clock = new FakeClock()
    const { proxy, client, port, origin } = await scene(t, SILENT, { clock, inbound: true, sidecar: DRAIN })
    t.equal((await admin(proxy, '/readyz')).status, 200)
    const busy = await client()
    busy.send(get('/busy'))
    const idle = await client()
    await eventually('the request', () => origin.requests.length === 1)
    let over = false
    const drained = proxy.drain().then(() => {
      over = true
    })
    t.equal((await admin(proxy, '/readyz')).status, 503, 'at once')
    t.equal((await admin(proxy, '/livez')).status, 200)
    const during = await client()
    during.send(get('/during'))
    await eventually('new work in the wait', () => origin.requests.length === 2)
    t.equal(idle.ending, 'open')

    clock.advance(2010)
    await eventually('the listener to close', async () => {
      await turn()
      return connect(port).then(
        (late) => void late.destroy(),
        () => true,
      )
    })
    t.equal(idle.ending, 'open', 'its client may just have sent something')
    clock.advance(510)
    await idle.untilEnded()
    t.equal(idle.text, '')
    await t.rejects(connect(port), { code: 'ECONNREFUSED' })
    t.equal((await state(proxy)).drain, 'draining inbound')

    for (const peer of origin.peers) peer.send(OK)
    for (const one of [busy, during]) {
      t.equal(field(await answer(one), 'connection'), 'close')
      await one.untilEnded()
      one.destroy()
    }
    await eventually('the end', async () => {
      clock.advance(20)
      await turn()
      return over
    })
    await drained
    t.equal((await state(proxy)).drain, 'drained')
    t.ok(clock.now() < 3000, 'as soon as nothing was in flight, though a client does not close')
  },
)

t.test('The outbound listener accepts until inbound is empty: what is in flight may still ask others', async (t) => {
  const clock = new FakeClock()
  const app = await startRawOrigin(SILENT)
  const other = await startRawOrigin(HI)
  t.teardown(() => app.close())
  t.teardown(() => other.close())
  const yaml = `kind: Sidecar\nname: test\naccessLog: {format: none}\n${DRAIN}\n---\nkind: Service\nname: other\nendpoints: ["127.0.0.1:${other.port}"]\n`
  const proxy = await startProxy(yaml, { app: app.port, clock })
  t.teardown(() => proxy.stop())
  const busy = await connect(proxy.inbound)
  t.teardown(() => busy.destroy())
  busy.send(get('/busy'))
  await eventually('the request', () => app.requests.length === 1)
  const kept = await connect(proxy.outbound)
  t.teardown(() => kept.destroy())
  const drained = proxy.drain()
  clock.advance(2100)
  t.equal((await ask(proxy.outbound, get('/', 'Host: other'))).status, 200)
  t.equal(kept.ending, 'open')
  ;(await app.peer(0)).send(OK)
  await busy.untilEnded()
  busy.destroy()
  await eventually('the end', async () => {
    clock.advance(20)
    await turn()
    return (await state(proxy)).drain === 'drained'
  })
  await drained
  await kept.untilEnded()
  await t.rejects(connect(proxy.outbound), { code: 'ECONNREFUSED' })
})

t.test('drain.timeout ends it, whatever is still in flight; the wait is part of it', async (t) => {
  const clock = new FakeClock()
  const { proxy, client, origin } = await scene(t, SILENT, { clock, inbound: true, sidecar: DRAIN })
  const busy = await client()
  busy.send(get('/busy'))
  await eventually('the request', () => origin.requests.length === 1)
  let over = false
  const drained = proxy.drain().then(() => {
    over = true
  })
  clock.advance(7900)
  await turn()
  t.equal(over, false)
  clock.advance(150)
  await drained
  t.equal(busy.text, '')
})

t.test('Without an inbound listener there is nothing to wait for', async (t) => {
  const clock = new FakeClock()
  const { proxy, client } = await scene(t, HI, { clock, sidecar: DRAIN })
  const idle = await client()
  await eventually('it', async () => (await state(proxy)).connections.outbound === 1)
  const drained = proxy.drain()
  await turn()
  clock.advance(510)
  await drained
  await idle.untilEnded()
})

t.test('A request that comes on an open connection while inbound drains is answered, and told to close', async (t) => {
  const clock = new FakeClock()
  const { proxy, client, origin } = await scene(t, SILENT, { clock, inbound: true, sidecar: DRAIN })
  const first = await client()
  first.send(get('/1'))
  await eventually('the first', () => origin.requests.length === 1)
  const dribbling = await client()
  dribbling.send('GET /2 HTTP/1.1\r\nHost: a\r\n')
  await turn()
  await turn()
  void proxy.drain()
  clock.advance(2010)
  dribbling.send('\r\n')
  await eventually('the second', () => origin.requests.length === 2)
  for (const peer of origin.peers) peer.send(OK)
  t.equal(field(await answer(dribbling), 'connection'), 'close')
})

t.test('POST /drain drains and stays; POST /quit calls for the end once it is drained', async (t) => {
  let quits = 0
  const { proxy } = await scene(t, HI, { onQuit: () => void quits++ })
  t.equal((await postAdmin(proxy, '/drain')).status, 200)
  await eventually('drained', async () => (await state(proxy)).drain === 'drained')
  t.equal((await admin(proxy, '/readyz')).status, 503)
  t.equal(quits, 0)
  t.equal((await postAdmin(proxy, '/quit')).status, 200)
  await eventually('the end', () => quits === 1)
})

t.test('A tunnel does not hold a drain up beyond its timeout', async (t) => {
  const clock = new FakeClock()
  const { proxy, client } = await scene(t, (peer) => void peer.send('hello'), { clock, sidecar: DRAIN })
  const connection = await client()
  connection.send('CONNECT origin:80 HTTP/1.1\r\nHost: origin:80\r\n\r\n')
  await connection.until('hello')
  const drained = proxy.drain()
  clock.advance(8050)
  await drained
  t.equal(connection.ending, 'open')
  await proxy.stop()
  await connection.untilEnded()
})

t.test('In the wait answers send their clients away', async (t) => {
  const clock = new FakeClock()
  const { proxy, client } = await scene(t, HI, { clock, inbound: true, sidecar: DRAIN })
  void proxy.drain()
  const one = await client()
  one.send(get('/'))
  t.equal(field(await answer(one), 'connection'), 'close')
  await one.untilEnded()
})

t.test(
  'What the kernel holds when the listener closes is still answered: new connections, and kept ones',
  async (t) => {
    const clock = new FakeClock()
    const { proxy, client, port, origin } = await scene(t, HI, { clock, inbound: true, sidecar: DRAIN })
    const kept = await client()
    const drained = proxy.drain()
    await turn()
    const count = 20
    const shared = new Int32Array(new SharedArrayBuffer(4))
    const worker = new Worker(new URL('../support/burst-worker.ts', import.meta.url), {
      workerData: { port, count, shared },
    })
    const answers = once(worker, 'message')
    // This thread, and with it the sidecar, stands still until all of them are sent.
    for (let sent = 0; sent < count; sent = Atomics.load(shared, 0)) Atomics.wait(shared, 0, sent)
    kept.send(get('/kept'))
    clock.advance(2010)
    const [texts] = (await answers) as [string[]]
    for (const text of texts) t.match(text, /^HTTP\/1\.1 200 /)
    t.equal((await answer(kept)).status, 200)
    t.equal(origin.requests.length, count + 1)
    kept.destroy()
    await eventually('the end', async () => {
      clock.advance(20)
      await turn()
      return (await state(proxy)).drain === 'drained'
    })
    await drained
  },
)

const DOOR = { skip: process.platform === 'linux' ? false : 'socket filters are of Linux' }

t.test(
  'Whoever comes while a listener is about to close is not let in, so that closing resets nobody',
  DOOR,
  async (t) => {
    const clock = new FakeClock()
    const options = { clock, inbound: true, sidecar: DRAIN, shutsDoor: true }
    const { proxy, client, port } = await scene(t, HI, options)
    if (!(await canBeShut())) return void t.comment('koffi cannot be loaded, or the kernel has no such filters')
    const before = await client()
    const drained = proxy.drain()
    clock.advance(2010)
    for (let i = 0; i < 10; i++) await turn()
    let settled = false
    const late = connect(port).finally(() => {
      settled = true
    })
    late.catch(() => {})
    before.send(get('/before'))
    t.equal((await answer(before)).status, 200)
    for (let i = 0; i < 10; i++) await turn()
    t.notOk(settled, 'neither taken nor refused')
    clock.advance(110)
    // The kernel sends the first packet again a second later, and meets a closed port.
    await t.rejects(late, { code: 'ECONNREFUSED' })
    await eventually('the end', async () => {
      clock.advance(20)
      await turn()
      return (await state(proxy)).drain === 'drained'
    })
    await drained
  },
)

async function canBeShut(): Promise<boolean> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const shut = (await loadDoor())((server as unknown as { _handle: { fd: number } })._handle.fd)
  server.close()
  return shut
}

t.test('What waits in the kernel on a kept connection when its time is over is still answered', async (t) => {
  const clock = new FakeClock()
  const { proxy, client, origin } = await scene(t, HI, { clock, inbound: true, sidecar: DRAIN })
  const kept = await client()
  const drained = proxy.drain()
  clock.advance(2010)
  for (let i = 0; i < 5; i++) await turn()
  kept.send(get('/kept'))
  // The event loop was held until now: the clock has moved, and nothing was read in between.
  clock.advance(600)
  t.equal((await answer(kept)).status, 200)
  t.equal(origin.requests.length, 1)
  kept.destroy()
  await eventually('the end', async () => {
    clock.advance(20)
    await turn()
    return (await state(proxy)).drain === 'drained'
  })
  await drained
})

t.test(
  'POST /announce: not ready, answers send clients away, and everything is still taken until the signal',
  async (t) => {
    const clock = new FakeClock()
    const { proxy, client, port } = await scene(t, HI, { clock, inbound: true, sidecar: DRAIN })
    t.equal((await postAdmin(proxy, '/announce')).status, 200)
    t.equal((await admin(proxy, '/readyz')).status, 503)
    t.equal((await state(proxy)).drain, 'announced')
    clock.advance(60_000)
    const one = await client()
    one.send(get('/'))
    const got = await answer(one)
    t.equal(got.status, 200)
    t.equal(field(got, 'connection'), 'close')
    await one.untilEnded()
    one.destroy()
    const drained = proxy.drain()
    await eventually('the end', async () => {
      clock.advance(20)
      await turn()
      return (await state(proxy)).drain === 'drained'
    })
    await drained
    t.ok(clock.now() < 61_000, 'without a second wait')
    await t.rejects(connect(port), { code: 'ECONNREFUSED' })
  },
)

t.test('POST /announce: a client of HTTP/2 gets its answer, and a GOAWAY with it', async (t) => {
  // An answer of our own, for the origin speaks HTTP/1.1 only.
  const yaml = policy('authorize: {allow: []}', '{direction: inbound}')
  const { proxy, port } = await scene(t, HI, { inbound: true, sidecar: DRAIN, yaml })
  const client = session(t, port)
  const gone = new Promise<number>((resolve) => client.once('goaway', resolve))
  const ended = once(client, 'close')
  const status = async (): Promise<unknown> => {
    const stream = client.request({ ':path': '/', ':authority': 'origin' })
    const [head] = await once(stream, 'response')
    stream.resume()
    return head[':status']
  }
  t.equal(await status(), 403)
  t.notOk(client.closed)
  t.equal((await postAdmin(proxy, '/announce')).status, 200)
  t.equal(await status(), 403)
  t.equal(await gone, http2.constants.NGHTTP2_NO_ERROR)
  await ended
})

t.test('drainTimes() of each layout', (t) => {
  const stated = { wait: 5000, timeout: 8000 }
  const none = Number.POSITIVE_INFINITY
  t.same(drainTimes(stated, { layout: 'alone', grace: none }), { wait: 5000, timeout: 8000, quiet: 0 })
  t.same(drainTimes(stated, { layout: 'alone', grace: 5000 }), { wait: 5000, timeout: 2000, quiet: 0 })
  t.same(drainTimes(stated, { layout: 'native', grace: 30_000 }), { wait: 0, timeout: 8000, quiet: 0 })
  t.same(drainTimes(stated, { layout: 'legacy', grace: 30_000 }), { wait: 5000, timeout: 27_000, quiet: 1000 })
  t.same(drainTimes(stated, { layout: 'legacy', grace: 2000 }), { wait: 5000, timeout: 1000, quiet: 1000 })
  t.same(drainTimes(stated, { layout: 'legacy', grace: none }), { wait: 5000, timeout: 8000, quiet: 1000 })
  t.end()
})

t.test('Legacy layout: outbound goes on until the application has asked for nothing for a second', async (t) => {
  const clock = new FakeClock()
  const lifecycle: Lifecycle = { layout: 'legacy', grace: 30_000 }
  const { proxy, client, origin } = await scene(t, SILENT, { clock, sidecar: DRAIN, lifecycle })
  const asking = await client()
  asking.send(get('/'))
  await eventually('the request', () => origin.requests.length === 1)
  const drained = proxy.drain()
  for (let i = 0; i < 100; i++) clock.advance(50)
  t.equal((await state(proxy)).drain, 'draining inbound')
  ;(await origin.peer(0)).send(OK)
  t.equal((await answer(asking)).status, 200)
  const answered = clock.now()
  await eventually('the end', async () => {
    clock.advance(20)
    await turn()
    return (await state(proxy)).drain === 'drained'
  })
  await drained
  t.ok(clock.now() - answered >= 1000)
})
