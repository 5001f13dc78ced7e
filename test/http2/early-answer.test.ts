/** Answers that are whole before their request is. Clients that read the reset along with one throw it away: Node's, and curl. */
import http2 from 'node:http2'
import t, { type Test } from 'tap'
import { FakeClock } from '../support/fake-clock.ts'
import { NO_ERROR, RST_STREAM } from '../../src/http2/frames.ts'
import { data, http2Client, request, reset } from '../support/http2-raw.ts'
import { services, startProxy } from '../support/proxy.ts'
import { startRawOrigin } from '../support/raw-origin.ts'

const SAYS = 'HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig'

/** A sidecar before a service that answers once 50 000 bytes of the body have come. */
async function early(t: Test) {
  const origin = await startRawOrigin(async (peer) => {
    await peer.when('half of it', () => peer.received.length > 50_000)
    peer.send(SAYS)
  })
  t.teardown(() => origin.close())
  const yaml = `kind: Service\nname: origin\nprotocol: http1\nendpoints: ["127.0.0.1:${origin.port}"]\n`
  const proxy = await startProxy(yaml)
  t.teardown(() => proxy.stop())
  return proxy
}

t.test("an answer before the end of a large upload reaches Node's client", async (t) => {
  const proxy = await early(t)
  for (let i = 0; i < 5; i++) {
    const session = http2.connect(`http://127.0.0.1:${proxy.outbound}`)
    const stream = session.request({ ':method': 'POST', ':path': '/', ':authority': 'origin' })
    let body = ''
    let status: unknown
    stream.on('response', (head) => {
      status = head[':status']
    })
    stream.on('data', (chunk) => {
      body += chunk
    })
    stream.on('error', () => {})
    const ended = new Promise<void>((resolve) => stream.on('end', resolve).on('close', resolve))
    stream.end(Buffer.alloc(4_000_000))
    await ended
    t.strictSame([status, body], [413, 'big'])
    session.destroy()
  }
})

t.test('the reset comes a second later, to whoever has not ended the stream himself', async (t) => {
  const clock = new FakeClock()
  // Nobody listens there.
  const proxy = await startProxy(services({ origin: 1 }), { clock })
  t.teardown(() => proxy.stop())
  const client = await http2Client(t, proxy.outbound)
  for (const id of [1, 3, 5]) {
    client.send(request(id, { method: 'POST', open: true }))
    await client.finished(id)
  }
  client.send(data(1, Buffer.alloc(100), true), reset(3, NO_ERROR))
  clock.advance(999)
  await client.roundTrip('before..')
  t.notOk(client.frames.some(({ type }) => type === RST_STREAM))
  clock.advance(1)
  t.equal(await client.resetCode(5), NO_ERROR)
  await client.roundTrip('behind..')
  const resets = client.frames.filter(({ type }) => type === RST_STREAM).map(({ id }) => id)
  t.strictSame(resets, [5])
})

t.test('a client that leaves many unended is told of the oldest at once', async (t) => {
  const clock = new FakeClock()
  const proxy = await startProxy(services({ origin: 1 }), { clock })
  t.teardown(() => proxy.stop())
  const client = await http2Client(t, proxy.outbound)
  for (let id = 1; id < 2 * 130; id += 2) {
    client.send(request(id, { method: 'POST', open: true }))
    await client.finished(id)
  }
  t.equal(await client.resetCode(1), NO_ERROR)
  t.equal(await client.resetCode(3), NO_ERROR)
  await client.roundTrip('behind..')
  t.equal(client.frames.filter(({ type }) => type === RST_STREAM).length, 2)
})
