/** Both ends of a connection to an upstream have more to say than its sockets hold, and the upstream does not read until it has said it, as our own server. */
import t from 'tap'
import { ACK, CONTINUATION, END_HEADERS, END_STREAM, HEADERS, SETTINGS } from '../../src/http2/frames.ts'
import {
  block,
  frame,
  headers,
  http2Client,
  type Http2Peer,
  http2RawOrigin,
  joined,
  request,
  requestBlock,
  SETTINGS_ACK,
} from '../support/http2-raw.ts'
import { services, startProxy } from '../support/proxy.ts'
import { turn } from '../support/raw.ts'

/** More than the sockets between the sidecar and an upstream that does not read take, and less than a client may have open: 7 MiB. */
const LARGE = 120
const FILLER = 60_000
const FRAME = 16_384

function large(id: number): Buffer {
  const whole = requestBlock({ fields: [['x-filler', `${id}`.padEnd(FILLER, 'y')]] })
  const parts: Buffer[] = []
  for (let at = 0; at < whole.length; at += FRAME) {
    const flags = (at === 0 ? END_STREAM : 0) | (at + FRAME >= whole.length ? END_HEADERS : 0)
    parts.push(frame(at === 0 ? HEADERS : CONTINUATION, flags, id, whole.subarray(at, at + FRAME)))
  }
  return joined(...parts)
}

t.test('answers are read while the heads of other requests wait for an upstream that does not read', async (t) => {
  const origin = await http2RawOrigin(t, (peer) => {
    peer.onFrame = ({ type, flags }) => {
      if (type === SETTINGS && (flags & ACK) === 0) peer.send(SETTINGS_ACK)
    }
  })
  const one = 'connections: { maxPerEndpoint: 1, http2Streams: 1000 }\nprotocol: http2\nendpoints:'
  const proxy = await startProxy(services({ origin: origin.port }).replace('endpoints:', one))
  t.teardown(() => proxy.stop())
  const client = await http2Client(t, proxy.outbound)
  const early = [1, 3, 5, 7]
  for (const id of early) client.send(request(id))
  while (origin.peers.length === 0) await turn()
  const upstream = origin.peers[0] as Http2Peer
  for (const id of early) await upstream.head(id)
  upstream.socket.pause()
  for (let i = 0; i < LARGE; i++) await client.sent(large(9 + 2 * i))
  await client.roundTrip()
  for (const id of early) {
    upstream.send(headers(id, block([[':status', '200']]), true))
    t.equal(await client.status(id), 200)
  }
  t.equal(upstream.frames.filter(({ type }) => type === HEADERS).length, early.length)
})
