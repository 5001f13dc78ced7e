import t from 'tap'
import { eventually, get, settled, state } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { pour, untilSteady } from '../support/flow.ts'
import { answering } from '../support/raw-origin.ts'
import { HI, scene } from '../support/scene.ts'

const MIB = 1024 * 1024
/** Requests that we answer ourselves, for a host of nobody. */
const REFUSED = get('/', 'Host: nobody')
const MANY = Buffer.from(REFUSED.repeat(Math.ceil((256 * 1024) / REFUSED.length)))

t.test('Answers of our own that a client does not read hold its next requests back', async (t) => {
  const { client } = await scene(t, HI)
  const greedy = await client()
  greedy.socket.pause()
  const poured = pour(greedy.socket, MANY, 64 * MIB)
  const sent = await untilSteady('the client to be blocked', () => poured.sent)
  t.ok(sent < 48 * MIB, `the proxy read ${sent} bytes of requests without an answer being read`)
})

t.test('An answer begun while an earlier one is unread holds its upstream back', async (t) => {
  let poured = { sent: 0 }
  const { client, origin, proxy } = await scene(t, async (peer) => {
    const piece = Buffer.alloc(128 * 1024, 'a')
    for (;;) {
      const { target } = await peer.request()
      const size = target === '/large' ? 256 * MIB : piece.length
      peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
      poured = pour(peer.socket, piece, size)
    }
  })
  const greedy = await client()
  greedy.socket.pause()
  // One after another, not pipelined, until the answers fill every buffer on the way.
  for (let asked = 0; origin.requests.length === asked; asked++) {
    greedy.send(get('/small'))
    await settled(proxy)
  }
  greedy.send(get('/large'))
  await untilSteady('the upstream to be blocked', () => poured.sent)
  t.ok(poured.sent < 32 * MIB, `the upstream could write ${poured.sent} bytes that nobody reads`)
})

t.test('A client that does not read its answers for idleTimeout is let go', async (t) => {
  const clock = new FakeClock()
  const { client, proxy } = await scene(t, HI, { clock, sidecar: 'limits: {idleTimeout: 60s}' })
  const greedy = await client()
  greedy.socket.pause()
  const poured = pour(greedy.socket, MANY, 64 * MIB)
  await untilSteady('the client to be blocked', () => poured.sent)
  t.equal((await state(proxy)).connections.outbound, 1)
  clock.advance(130_000)
  await eventually('its end', async () => (await state(proxy)).connections.outbound === 0)
})

t.test('What was held back goes on when the client reads', async (t) => {
  const answer = `HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n${'a'.repeat(60_000)}`
  const { client, origin } = await scene(
    t,
    answering(() => answer),
  )
  const slow = await client()
  slow.socket.pause()
  const count = 300
  for (let i = 0; i < count; i++) slow.send(`${get(`/${i}`)}${REFUSED}`)
  await untilSteady('the proxy to take no more', () => origin.requests.length)
  t.ok(origin.requests.length < count, 'not all were asked')
  let read = 0
  let ends = 0
  slow.socket.removeAllListeners('data')
  slow.socket.on('data', (chunk: Buffer) => {
    read += chunk.length
    ends += chunk.toString('latin1').split('a\n').length
  })
  slow.socket.resume()
  await eventually('all', () => origin.requests.length === count && read > count * 60_000, 10_000)
  t.ok(ends > 0)
  slow.send(get('/last', 'Connection: close'))
  await slow.untilEnded()
  t.equal(origin.requests.length, count + 1)
})
