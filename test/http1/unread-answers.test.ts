import t from 'tap'
import { get, state, eventually } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import type { RawSocket } from '../support/raw.ts'
import { answering } from '../support/raw-origin.ts'
import { HI, scene } from '../support/scene.ts'

const MIB = 1024 * 1024

/** Writes the same text again and again until `bytes` are out or the other end takes no more for a while. */
async function pour(client: RawSocket, text: string, bytes: number): Promise<number> {
  const piece = text.repeat(Math.ceil((256 * 1024) / text.length))
  let sent = 0
  while (sent < bytes) {
    sent += piece.length
    if (client.socket.write(piece, 'latin1')) continue
    const stuck = new Promise<boolean>((resolve) => setTimeout(resolve, 300, true).unref())
    const free = new Promise<boolean>((resolve) => client.socket.once('drain', () => resolve(false)))
    if (await Promise.race([stuck, free])) break
  }
  return sent
}

t.test('Answers of our own that a client does not read hold its next requests back', async (t) => {
  const { client } = await scene(t, HI)
  const greedy = await client()
  greedy.socket.pause()
  const sent = await pour(greedy, get('/', 'Host: nobody'), 64 * MIB)
  t.ok(sent < 48 * MIB, `the proxy read ${sent} bytes of requests without an answer being read`)
})

t.test('An answer begun while an earlier one is unread holds its upstream back', async (t) => {
  let poured = 0
  const { client } = await scene(t, async (peer) => {
    const piece = Buffer.alloc(32 * 1024, 'a')
    for (;;) {
      const { target } = await peer.request()
      const size = target === '/large' ? 256 * MIB : piece.length
      peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
      if (size === piece.length) peer.send(piece)
      else
        while (poured < size && !peer.socket.destroyed) {
          poured += piece.length
          if (!peer.socket.write(piece)) await new Promise((resolve) => peer.socket.once('drain', resolve))
        }
    }
  })
  const greedy = await client()
  greedy.socket.pause()
  // One after another, not pipelined, until the answers fill every buffer on the way.
  for (let i = 0; i < 400; i++) {
    greedy.send(get('/small'))
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  greedy.send(get('/large'))
  await new Promise((resolve) => setTimeout(resolve, 700))
  t.ok(poured < 32 * MIB, `the upstream could write ${poured} bytes that nobody reads`)
})

t.test('A client that does not read its answers for idleTimeout is let go', async (t) => {
  const clock = new FakeClock()
  const { client, proxy } = await scene(t, HI, { clock, sidecar: 'limits: {idleTimeout: 60s}' })
  const greedy = await client()
  greedy.socket.pause()
  await pour(greedy, get('/', 'Host: nobody'), 64 * MIB)
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
  for (let i = 0; i < count; i++) slow.send(`${get(`/${i}`)}${get('/', 'Host: nobody')}`)
  await new Promise((resolve) => setTimeout(resolve, 300))
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
