/** Clients with large windows that take an answer slowly and say nothing meanwhile: a PING waits behind what they have not read. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'

import { FakeClock } from '../support/fake-clock.ts'
import { http2Client, type Http2Peer, request, windowUpdate } from '../support/http2-raw.ts'
import { services, startProxy } from '../support/proxy.ts'
import { turn } from '../support/raw.ts'

type Test = Parameters<typeof http2Client>[0]

const BODY = 64 * 1024 * 1024
/** Bytes that are taken in each second. */
const RATE = 300_000

async function download(t: Test): Promise<{ clock: FakeClock; client: Http2Peer }> {
  const origin = http.createServer((_, response) => response.end(Buffer.alloc(BODY)))
  await new Promise<void>((listening) => origin.listen(0, '127.0.0.1', () => listening()))
  t.teardown(() => origin.close())
  const { port } = origin.address() as AddressInfo
  const clock = new FakeClock()
  const proxy = await startProxy(services({ origin: port }).replace('endpoints:', 'protocol: http1\nendpoints:'), {
    clock,
  })
  t.teardown(() => proxy.stop())
  const client = await http2Client(t, proxy.outbound)
  client.keepsData = false
  client.send(windowUpdate(0, 0x7000_0000), request(1), windowUpdate(1, 0x7000_0000))
  await client.head(1)
  client.socket.pause()
  return { clock, client }
}

async function takeSome(client: Http2Peer): Promise<void> {
  const before = client.dataBytes
  client.socket.resume()
  await client.when('more of the answer', () => client.ended || client.dataBytes - before >= RATE)
  client.socket.pause()
}

t.test('who takes some of it is there', async (t) => {
  const { clock, client } = await download(t)
  for (let s = 0; s < 120 && !client.ended; s++) {
    clock.advance(1000)
    await takeSome(client)
    for (let i = 0; i < 4; i++) await turn()
  }
  t.notOk(client.ended)
})

t.test('who takes nothing for half a minute more is not', async (t) => {
  const { clock, client } = await download(t)
  for (let s = 0; s < 75; s++) {
    clock.advance(1000)
    for (let i = 0; i < 4; i++) await turn()
  }
  client.socket.resume()
  await client.untilEnded()
  t.ok(client.dataBytes < BODY)
})
