/** A client that reads the last answers of a drain slowly: it gives credit for them, which to a closed socket is a reset. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { ACK, DATA, END_STREAM, PING } from '../../src/http2/frames.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { frame, http2Client, ping, request, windowUpdate } from '../support/http2-raw.ts'
import { services, startProxy } from '../support/proxy.ts'
import { turn } from '../support/raw.ts'

/** More than the kernel keeps for a client that has not read yet, and no more than it takes at once from us. */
const BODY = 1_000_000

t.test('The end of a drain loses nothing of an answer that is on its way', async (t) => {
  const origin = http.createServer((_, response) => response.end(Buffer.alloc(BODY)))
  await new Promise<void>((listening) => origin.listen(0, '127.0.0.1', () => listening()))
  t.teardown(() => origin.close())
  const { port } = origin.address() as AddressInfo
  const yaml = services({ origin: port }).replace('endpoints:', 'protocol: http1\nendpoints:')
  const clock = new FakeClock()
  const proxy = await startProxy(yaml, { clock })
  t.teardown(() => proxy.stop())
  const client = await http2Client(t, proxy.outbound)
  client.send(windowUpdate(0, 0x7000_0000))
  let over = false
  const drained = proxy.drain().then(() => {
    over = true
  })
  const asked = await client.frame('a PING', ({ type, flags }) => type === PING && (flags & ACK) === 0)
  client.send(request(1), windowUpdate(1, 0x7000_0000))
  await client.frame('the answer', ({ type }) => type === DATA)
  client.socket.pause()
  client.send(frame(PING, ACK, 0, asked.payload))
  for (let s = 0; s < 4; s++) {
    for (let i = 0; i < 50; i++) await turn()
    clock.advance(1000)
  }
  t.notOk(over, 'it is waited for')
  client.send(windowUpdate(1, 1000), ping())
  for (let i = 0; i < 50; i++) await turn()
  client.socket.resume()
  await client.untilEnded()
  t.equal(client.dataBytes, BODY)
  t.ok(client.frames.some(({ flags }) => (flags & END_STREAM) !== 0))
  client.socket.end()
  while (!over) {
    clock.advance(20)
    await turn()
  }
  await drained
})
