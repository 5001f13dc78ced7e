import t from 'tap'
import { answer, eventually, get, post, state } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { pour, untilSteady } from '../support/flow.ts'
import { turn } from '../support/raw.ts'
import { HI, policy, scene } from '../support/scene.ts'

t.test('A drain does not wait for idle clients that keep their side open', async (t) => {
  const { client, proxy } = await scene(t, HI, { sidecar: 'drain: {wait: 1ms, timeout: 30s}' })
  const connection = await client()
  connection.send(get('/'))
  await answer(connection)
  const begun = performance.now()
  await proxy.drain()
  t.ok(performance.now() - begun < 2000)
  await connection.untilEnded()
  t.equal(connection.ending, 'fin')
})

t.test('An idle connection that was ended in a drain, and that its client keeps, is given up', async (t) => {
  const clock = new FakeClock()
  const { client, proxy } = await scene(t, HI, { clock, sidecar: 'drain: {wait: 1ms, timeout: 30s}' })
  await client()
  await eventually('it', async () => (await state(proxy)).connections.outbound === 1)
  void proxy.drain()
  await turn()
  clock.advance(6000)
  await eventually('its end', async () => (await state(proxy)).connections.outbound === 0)
})

t.test('A client that does not read an answer that broke off is given up after idleTimeout', async (t) => {
  const clock = new FakeClock()
  let poured = { sent: 0 }
  const { client, proxy } = await scene(
    t,
    async (peer) => {
      await peer.request()
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n')
      poured = pour(peer.socket, Buffer.alloc(256 * 1024), 1_000_000_000)
      await peer.untilEnded()
    },
    { clock, sidecar: 'limits: {idleTimeout: 60s}', yaml: policy('timeout: {idle: 30s}') },
  )
  const stuck = await client()
  stuck.socket.pause()
  stuck.send(get('/'))
  await untilSteady('the origin to be blocked', () => poured.sent)
  clock.advance(45_000)
  await turn()
  t.match(await state(proxy), { endpoints: [{ connections: 0 }], connections: { outbound: 1 } }, 'it broke off')
  clock.advance(70_000)
  await eventually('its end', async () => (await state(proxy)).connections.outbound === 0)
})

t.test('An empty line behind a body begins no request', async (t) => {
  const clock = new FakeClock()
  const { client } = await scene(t, HI, { clock, sidecar: 'limits: {headTimeout: 10s, idleTimeout: 60s}' })
  const connection = await client()
  connection.send(`${post('/', 'abc')}\r\n`)
  const first = await answer(connection)
  await turn()
  clock.advance(20_000)
  await turn()
  t.equal(connection.received.length, first.next, 'no 408')
  connection.send(get('/next'))
  t.equal((await answer(connection, first.next)).status, 200)
})
