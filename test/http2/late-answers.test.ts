/** Answers that cross our RST_STREAM on their way: no fault of the upstream's, however many clients leave (RFC 9113 §5.1). */
import t, { type Test } from 'tap'
import { ENHANCE_YOUR_CALM, HEADERS, RST_STREAM } from '../../src/http2/frames.ts'
import { FakeClock } from '../support/fake-clock.ts'
import {
  block,
  data,
  headers,
  http2Client,
  type Http2Peer,
  http2RawOrigin,
  type Http2RawOrigin,
  joined,
  request,
} from '../support/http2-raw.ts'
import { services, startProxy } from '../support/proxy.ts'

const OK = block([[':status', '200']])
const TRAILERS = block([['x-done', 'yes']])
/**
 * Requests of a client that leaves: with the neighbour's one no more than fit on one connection. And such clients: together more
 * than a connection has patience with.
 */
const ASKED = 99
const CLIENTS = 25

interface Asked {
  readonly port: number
  readonly neighbour: Http2Peer
  /** The one connection to the origin, on which the neighbour's request waits. */
  readonly upstream: Http2Peer
}

async function asked(t: Test, origin: Http2RawOrigin): Promise<Asked> {
  const yaml = services({ origin: origin.port }).replace(
    'name: origin\n',
    'name: origin\nprotocol: http2\nconnections: {maxPerEndpoint: 1}\n',
  )
  const proxy = await startProxy(yaml, { clock: new FakeClock() })
  t.teardown(() => proxy.stop())
  const neighbour = await http2Client(t, proxy.outbound)
  neighbour.send(request(1))
  while (origin.peers.length === 0) await new Promise(setImmediate)
  const upstream = origin.peers[0] as Http2Peer
  await upstream.head(1)
  return { port: proxy.outbound, neighbour, upstream }
}

/** A client that is gone once its requests have reached the origin; `all`: that have until then. */
async function comesAndGoes(t: Test, port: number, upstream: Http2Peer, all: number): Promise<void> {
  const client = await http2Client(t, port)
  client.send(Buffer.concat(Array.from({ length: ASKED }, (_, n) => request(2 * n + 1))))
  await upstream.when(`${all} requests`, () => upstream.frames.filter((one) => one.type === HEADERS).length >= all)
  client.destroy()
}

for (const [what, answer] of [
  ['a head and a body', (id: number) => joined(headers(id, OK), data(id, 'hi!', true))],
  [
    'a head, a body and trailers',
    (id: number) => joined(headers(id, OK), data(id, 'hi!'), headers(id, TRAILERS, true)),
  ],
] as const) {
  t.test(`clients that leave before ${what} came do not cost others their upstream connection`, async (t) => {
    let late = 0
    const origin = await http2RawOrigin(t, (peer) => {
      // Answers once the client is gone; the first request is the neighbour's.
      peer.onFrame = ({ type, id }) => {
        if (type !== RST_STREAM) return
        late++
        peer.send(answer(id))
      }
    })
    const { port, neighbour, upstream } = await asked(t, origin)
    await upstream.roundTrip()
    for (let i = 1; i <= CLIENTS; i++) {
      await comesAndGoes(t, port, upstream, 1 + i * ASKED)
      await upstream.when('their ends', () => late === i * ASKED)
      await upstream.roundTrip(`round ${i}`.padEnd(8))
    }
    upstream.send(answer(1))
    t.equal(await neighbour.status(1), 200)
    t.equal(origin.peers.length, 1)
  })
}

t.test('heads for all that was ever reset are a flood: no more of them can be on their way at once', async (t) => {
  const reset: number[] = []
  const origin = await http2RawOrigin(t, (peer) => {
    peer.onFrame = ({ type, id }) => void (type === RST_STREAM && reset.push(id))
  })
  const { port, upstream } = await asked(t, origin)
  for (let i = 1; i <= 40; i++) {
    await comesAndGoes(t, port, upstream, 1 + i * ASKED)
    await upstream.when('their ends', () => reset.length === i * ASKED)
  }
  upstream.send(...reset.map((id) => joined(headers(id, OK), headers(id, TRAILERS, true))))
  t.equal(await upstream.goaway(), ENHANCE_YOUR_CALM)
})
