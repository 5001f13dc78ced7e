/** Clients that look like an attack and are none. */
import t, { type Test } from 'tap'
import { ACK, DATA, HEADERS, INITIAL_WINDOW_SIZE, PING, SETTINGS } from '../../../src/http2/frames.ts'
import {
  answering,
  block,
  data,
  headers,
  http2Client,
  http2RawOrigin,
  type Http2Peer,
  joined,
  ping,
  request,
  reset,
  settings,
  SETTINGS_ACK,
  windowUpdate,
} from '../../support/http2-raw.ts'
import { services, startProxy } from '../../support/proxy.ts'

const CANCEL = 8

async function proxied(t: Test, play: (peer: Http2Peer) => void): Promise<number> {
  const origin = await http2RawOrigin(t, play)
  const silent = await http2RawOrigin(t, () => {})
  const proxy = await startProxy(services({ origin: origin.port, silent: silent.port }))
  t.teardown(() => proxy.stop())
  return proxy.outbound
}

async function alive(t: Test, client: Http2Peer, id: number): Promise<void> {
  await client.roundTrip('barrier2')
  t.notOk(client.saidGoaway)
  client.send(request(id))
  t.equal(await client.status(id), 200)
}

t.test('Three of ten requests cancelled, for as long as one likes', async (t) => {
  const client = await http2Client(t, await proxied(t, answering()))
  let id = -1
  for (let round = 0; round < 150; round++) {
    const carried: number[] = []
    for (let i = 0; i < 100; i++) {
      id += 2
      if (i % 10 < 3) client.send(request(id, { authority: 'silent' }), reset(id, CANCEL))
      else {
        client.send(request(id))
        carried.push(id)
      }
    }
    for (const one of carried) await client.finished(one)
    client.frames.length = 0
  }
  await alive(t, client, id + 2)
})

t.test('A thousand streams cancelled at once', async (t) => {
  const client = await http2Client(t, await proxied(t, answering()))
  for (let id = 1; id < 2000; id += 2) client.send(request(id, { authority: 'silent' }))
  await client.roundTrip()
  for (let id = 1; id < 2000; id += 2) client.send(reset(id, CANCEL))
  await alive(t, client, 2001)
})

/** Reads uploads, and answers at their end. */
function reading(peer: Http2Peer): void {
  peer.onFrame = ({ type, id, flags, payload }) => {
    if (type === SETTINGS && (flags & ACK) === 0) peer.send(SETTINGS_ACK)
    if (type === HEADERS && (flags & 1) === 1) peer.send(headers(id, block([[':status', '200']]), true))
    if (type !== DATA) return
    if (payload.length > 0) peer.send(windowUpdate(0, payload.length), windowUpdate(id, payload.length))
    if ((flags & 1) === 1) peer.send(headers(id, block([[':status', '200']]), true))
    peer.frames.length = 0
  }
}

t.test('A PING for every 10 KiB of an upload, as gRPC measures its path', async (t) => {
  const client = await http2Client(t, await proxied(t, reading))
  client.send(request(1, { method: 'POST', open: true }))
  const part = Buffer.alloc(10_240)
  for (let i = 0; i < 3000; i++) {
    client.send(data(1, part))
    // Its answer comes before more is sent, which keeps the upload within its windows.
    await client.roundTrip(String(i).padStart(8))
    client.frames.length = 0
  }
  client.send(data(1, '', true))
  t.equal(await client.status(1), 200)
  await alive(t, client, 3)
})

t.test('Two WINDOW_UPDATEs for each small message of a long stream', async (t) => {
  const messages = 10_000
  const port = await proxied(t, (peer) => {
    answering()(peer)
    const plain = peer.onFrame
    peer.onFrame = (one) => {
      const path = one.type === HEADERS ? peer.fieldsOf(one).find(([name]) => name === ':path')?.[1] : ''
      if (path !== '/messages') plain?.(one)
      else {
        peer.send(headers(one.id, block([[':status', '200']])))
        for (let i = 0; i < messages; i++) peer.send(data(one.id, 'tiny', i === messages - 1))
      }
    }
  })
  const client = await http2Client(t, port)
  client.onFrame = ({ type, id, payload }) => {
    if (type === DATA && payload.length > 0) {
      client.send(windowUpdate(0, payload.length), windowUpdate(id, payload.length))
    }
  }
  client.send(request(1, { path: '/messages' }))
  await client.finished(1)
  t.equal(client.dataBytes, 4 * messages)
  await alive(t, client, 3)
})

t.test('Windows that follow the path up, with a thousand streams open', async (t) => {
  const client = await http2Client(t, await proxied(t, answering()))
  for (let id = 1; id < 2000; id += 2) client.send(request(id, { authority: 'silent' }))
  for (let window = 65_536; window <= 16_777_216; window *= 2) client.send(settings([[INITIAL_WINDOW_SIZE, window]]))
  await alive(t, client, 2001)
})

t.test('Answers that come late for a thousand cancelled requests', async (t) => {
  const waiting: (() => void)[] = []
  const port = await proxied(t, (peer) => {
    peer.onFrame = ({ type, id, flags, payload }) => {
      if (type === SETTINGS && (flags & ACK) === 0) peer.send(SETTINGS_ACK)
      if (type === PING && (flags & ACK) === 0) peer.send(ping(payload.toString('latin1'), ACK))
      if (type !== HEADERS) return
      const answer = joined(headers(id, block([[':status', '200']])), data(id, 'late', true))
      if (waiting.length < 90) waiting.push(() => peer.send(answer))
      else peer.send(answer)
    }
  })
  const client = await http2Client(t, port)
  for (let id = 1; id < 181; id += 2) client.send(request(id))
  while (waiting.length < 90) await client.roundTrip()
  for (let id = 1; id < 181; id += 2) client.send(reset(id, CANCEL))
  await client.roundTrip()
  for (const answer of waiting) answer()
  await alive(t, client, 181)
})
