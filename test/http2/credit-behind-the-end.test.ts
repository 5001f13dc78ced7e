/** An answer that is whole before its request is, and is held for a client that does not take it. */
import t from 'tap'
import { ACK, DATA, END_STREAM, HEADERS, INITIAL_WINDOW_SIZE, SETTINGS, WINDOW_UPDATE } from '../../src/http2/frames.ts'
import {
  block,
  data,
  type Frame,
  headers,
  http2Client,
  type Http2Peer,
  http2RawOrigin,
  request,
  SETTINGS_ACK,
  windowUpdate,
} from '../support/http2-raw.ts'
import { WindowedSender } from '../support/http2-windowed-sender.ts'
import { services, startProxy } from '../support/proxy.ts'

const OK = block([[':status', '200']])

t.test('A stream that both sides have ended gets no WINDOW_UPDATE (RFC 9113 §5.1)', async (t) => {
  const origin = await http2RawOrigin(t, (peer) => {
    const bodies = new WindowedSender(peer)
    peer.keepsData = false
    peer.onFrame = (one) => {
      const { type, id, flags } = one
      bodies.saw(one)
      if (type === SETTINGS && (flags & ACK) === 0) peer.send(SETTINGS_ACK)
      if (type !== HEADERS) return
      peer.send(headers(id, OK))
      if (peer.fieldsOf(one).some(([, value]) => value === '/large')) bodies.send(id, 600_000)
      else peer.send(data(id, 'early answer', true))
    }
  })
  const proxy = await startProxy(services({ origin: origin.port }).replace('endpoints:', 'protocol: http2\nendpoints:'))
  t.teardown(() => proxy.stop())
  const client = await http2Client(t, proxy.outbound, { settings: [[INITIAL_WINDOW_SIZE, 0]] })
  client.send(windowUpdate(0, 0x7fff_0000 - 65_535), request(1, { path: '/large' }), windowUpdate(1, 0x7fff_0000))
  await client.finished(1)
  const ids = [3, 5, 7, 9, 11, 13]
  for (const id of ids) client.send(request(id, { path: '/early', method: 'PUT', open: true }))
  for (const id of ids) await client.head(id)
  await client.roundTrip()
  for (const id of ids) client.send(data(id, 'x', true))
  const upstream = origin.peers[0] as Http2Peer
  const endOf = (stream: number) => (one: Frame) =>
    one.type === DATA && one.id === stream && (one.flags & END_STREAM) !== 0
  for (const id of ids) await upstream.frame('the end of the request', endOf(id))
  await client.roundTrip()
  await client.roundTrip()
  for (const stream of ids) {
    const behind = upstream.frames.slice(upstream.frames.findIndex(endOf(stream)) + 1)
    t.notOk(behind.some(({ type, id }) => type === WINDOW_UPDATE && id === stream))
  }
  client.send(...ids.map((id) => windowUpdate(id, 1000)))
  for (const id of ids) await client.finished(id)
})
