/** Receivers that credit what each read takes, as Go's do from 4 KiB on, on the stream and on the connection. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { ACK, DATA, INITIAL_WINDOW_SIZE, SETTINGS } from '../../../src/http2/frames.ts'
import {
  block,
  data,
  headers,
  http2Client,
  http2RawOrigin,
  request,
  SETTINGS_ACK,
  settings,
  windowUpdate,
  type Http2Peer,
} from '../../support/http2-raw.ts'
import { services, startProxy } from '../../support/proxy.ts'

const READ = 4096
const FRAMES = 1000

function credits(peer: Http2Peer, id: number, bytes: number): void {
  const frames: Buffer[] = []
  for (let at = 0; at + READ <= bytes; at += READ) frames.push(windowUpdate(id, READ), windowUpdate(0, READ))
  peer.send(...frames)
}

t.test('An upload of 16 MiB to a server that reads by 4 KiB', async (t) => {
  let got = 0
  const origin = await http2RawOrigin(t, (peer) => {
    peer.send(windowUpdate(0, 1 << 20), settings([[4, 1 << 20]]))
    peer.onFrame = ({ type, id, flags, payload }) => {
      if (type === SETTINGS && (flags & ACK) === 0) peer.send(SETTINGS_ACK)
      if (type !== DATA) return
      got += payload.length
      credits(peer, id, payload.length)
      if ((flags & 1) === 1) peer.send(headers(id, block([[':status', '200']]), true))
      peer.frames.length = 0
    }
  })
  const proxy = await startProxy(services({ origin: origin.port }))
  t.teardown(() => proxy.stop())
  const client = await http2Client(t, proxy.outbound)
  client.send(request(1, { method: 'POST', open: true }))
  const part = Buffer.alloc(16_384)
  for (let i = 0; i < FRAMES; i++) {
    client.send(data(1, part, i === FRAMES - 1))
    await client.roundTrip(String(i).padStart(8))
    if (client.frames.length > 100) client.frames.splice(0, 50)
  }
  t.equal(await client.status(1), 200)
  t.equal(got, FRAMES * part.length)
})

t.test('An answer of 16 MiB to a client that reads by 4 KiB', async (t) => {
  const body = Buffer.alloc(FRAMES * 16_384)
  const origin = http.createServer((_, response) => response.end(body))
  await new Promise<void>((listening) => origin.listen(0, '127.0.0.1', () => listening()))
  t.teardown(() => origin.close())
  const { port } = origin.address() as AddressInfo
  const proxy = await startProxy(
    services({ origin: port }).replace('name: origin\n', 'name: origin\nprotocol: http1\n'),
  )
  t.teardown(() => proxy.stop())
  const client = await http2Client(t, proxy.outbound)
  client.send(settings([[INITIAL_WINDOW_SIZE, 1 << 30]]), windowUpdate(0, 1 << 30))
  await client.roundTrip()
  client.onFrame = ({ type, id, payload }) => {
    if (type === DATA) credits(client, id, payload.length)
  }
  client.send(request(1))
  await client.finished(1)
  t.equal(client.dataBytes, body.length)
})
