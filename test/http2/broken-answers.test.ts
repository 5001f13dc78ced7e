/** An answer that broke off must not look whole to a client (RFC 9113 §8.1). */
import t from 'tap'
import { CANCEL, INTERNAL_ERROR, NO_ERROR } from '../../src/http2/frames.ts'
import { OK, peerOf } from '../support/http2-pool-world.ts'
import {
  data,
  goaway,
  headers,
  http2Client,
  type Http2Peer,
  http2RawOrigin,
  request,
  reset,
} from '../support/http2-raw.ts'
import { services, startProxy } from '../support/proxy.ts'

const BREAKS: readonly (readonly [what: string, code: number, break_: (peer: Http2Peer) => void])[] = [
  ['a reset without an error', INTERNAL_ERROR, (peer) => peer.send(reset(1, NO_ERROR))],
  ['a cancel', CANCEL, (peer) => peer.send(reset(1, CANCEL))],
  ['the end of the connection', INTERNAL_ERROR, (peer) => peer.destroy()],
  ['a GOAWAY and the end of the connection', INTERNAL_ERROR, (peer) => peer.send(goaway(1, NO_ERROR)).socket.end()],
  ['a GOAWAY that takes it back', INTERNAL_ERROR, (peer) => peer.send(goaway(0, NO_ERROR))],
]

for (const [what, code, breakOff] of BREAKS) {
  t.test(`An answer broken off by ${what} is reset towards the client, with an error`, async (t) => {
    const origin = await http2RawOrigin(t, () => {})
    const yaml = services({ origin: origin.port }).replace('name: origin\n', 'name: origin\nprotocol: http2\n')
    const proxy = await startProxy(yaml)
    t.teardown(() => proxy.stop())
    const client = await http2Client(t, proxy.outbound)
    client.send(request(1))
    const upstream = await peerOf(origin, 0)
    await upstream.head(1)
    upstream.send(headers(1, OK), data(1, 'some'))
    await client.when('the first of the body', () => client.dataBytes === 4)
    breakOff(upstream)
    t.equal(await client.resetCode(1), code)
  })
}
