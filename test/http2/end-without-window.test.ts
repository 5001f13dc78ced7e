/** Upstreams that cannot say END_STREAM in a window of 0, or never do, and reset the stream with NO_ERROR once all is out. */
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { CANCEL, INITIAL_WINDOW_SIZE, INTERNAL_ERROR, NO_ERROR, RST_STREAM } from '../../src/http2/frames.ts'
import { OK, peerOf } from '../support/http2-pool-world.ts'
import {
  data,
  field,
  headers,
  http2Client,
  type Http2Peer,
  http2RawOrigin,
  joined,
  request,
  reset,
  windowUpdate,
} from '../support/http2-raw.ts'
import { services, startProxy } from '../support/proxy.ts'

async function proxyTo(t: Test, port: number): Promise<number> {
  const proxy = await startProxy(services({ origin: port }).replace('endpoints:', 'protocol: http2\nendpoints:'))
  t.teardown(() => proxy.stop())
  return proxy.outbound
}

t.test("An answer of 12 KiB from Node's server comes whole, though nobody takes it at first", async (t) => {
  const over = Promise.withResolvers<void>()
  const origin = http2.createServer()
  origin.on('stream', (stream: http2.ServerHttp2Stream) => {
    stream.on('close', over.resolve)
    stream.respond()
    // The end behind the body, in a frame of its own; and nobody reads the request.
    stream.write(Buffer.alloc(12_288), () => stream.end())
  })
  await new Promise<void>((listening) => origin.listen(0, '127.0.0.1', listening))
  t.teardown(() => origin.close())
  const port = await proxyTo(t, (origin.address() as AddressInfo).port)
  const client = await http2Client(t, port, { settings: [[INITIAL_WINDOW_SIZE, 0]] })
  client.send(request(1))
  await client.head(1)
  await over.promise
  client.send(windowUpdate(1, 100_000))
  await client.finished(1)
  t.equal(client.dataBytes, 12_288)
})

/** An upstream that has sent a head with this length and four bytes. */
async function four(t: Test, length: string): Promise<{ readonly client: Http2Peer; readonly upstream: Http2Peer }> {
  const origin = await http2RawOrigin(t, () => {})
  const client = await http2Client(t, await proxyTo(t, origin.port), { settings: [[INITIAL_WINDOW_SIZE, 3]] })
  client.send(request(1))
  const upstream = await peerOf(origin, 0)
  await upstream.head(1)
  upstream.send(headers(1, joined(OK, field('content-length', length))), data(1, 'four'))
  await client.when('what the window lets in', () => client.dataBytes === 3)
  return { client, upstream }
}

t.test('An answer that is as long as it said is whole, with a reset without an error for its end', async (t) => {
  const { client, upstream } = await four(t, '4')
  upstream.send(reset(1, NO_ERROR))
  await upstream.roundTrip()
  client.send(windowUpdate(1, 100))
  await client.finished(1)
  t.equal(client.dataBytes, 4)
  t.notOk(client.frames.some(({ type }) => type === RST_STREAM))
  t.notOk(upstream.frames.some(({ type }) => type === RST_STREAM))
})

t.test('So it is while its request still goes on, which is over then', async (t) => {
  const origin = await http2RawOrigin(t, () => {})
  const client = await http2Client(t, await proxyTo(t, origin.port))
  client.send(request(1, { method: 'PUT', open: true }), data(1, 'more'))
  const upstream = await peerOf(origin, 0)
  await upstream.head(1)
  upstream.send(headers(1, joined(OK, field('content-length', '4'))), data(1, 'four'), reset(1, NO_ERROR))
  await client.finished(1)
  t.equal(client.dataBytes, 4)
  client.send(data(1, 'and more', true), request(3))
  await upstream.head(3)
  t.notOk(upstream.frames.some(({ type }) => type === RST_STREAM))
})

t.test('One that is shorter is not, nor one whose reset says what was wrong', async (t) => {
  const shorter = await four(t, '5')
  shorter.upstream.send(reset(1, NO_ERROR))
  t.equal(await shorter.client.resetCode(1), INTERNAL_ERROR)
  const wrong = await four(t, '4')
  wrong.upstream.send(reset(1, CANCEL))
  t.equal(await wrong.client.resetCode(1), CANCEL)
})
