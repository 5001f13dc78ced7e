/** A proxy that ends while an answer is on its way: what only the end of the connection ends must not look whole. */
import t from 'tap'
import { request } from '../support/ask.ts'
import { scene } from '../support/scene.ts'

const UPGRADE = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']

for (const [what, asked, said] of [
  ['CONNECT', request('CONNECT origin:80', ['Host: origin:80']), 'hello'],
  ['an upgrade', request('GET /', UPGRADE), 'HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello'],
  ['HTTP/1.0', 'GET / HTTP/1.0\r\nHost: origin\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\nhello'],
] as const)
  t.test(`A reset for ${what}`, async (t) => {
    const { client, proxy } = await scene(t, async (peer) => {
      if (what !== 'CONNECT') await peer.request()
      peer.send(said)
    })
    const asker = await client()
    asker.send(asked)
    await asker.until('hello')
    await proxy.stop()
    await asker.untilEnded()
    t.equal(asker.ending, 'reset')
  })
