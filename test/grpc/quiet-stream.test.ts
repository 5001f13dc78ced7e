/**
 * A quiet gRPC stream over a server that keeps gRFC A8 / grpc/doc/keepalive.md with its defaults, as grpc-go, grpc-java and the
 * C core do: a PING that comes within five minutes of the last one, with no HEADERS or DATA of the server's in between, is a strike,
 * and the third ends the connection with GOAWAY ENHANCE_YOUR_CALM, "too_many_pings".
 */
import t from 'tap'
import { ACK, ENHANCE_YOUR_CALM, GOAWAY, HEADERS, PING, SETTINGS } from '../../src/http2/frames.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { Call, session } from '../support/grpc-call.ts'
import { message } from '../support/grpc-message.ts'
import { block, data, frame, headers, http2RawOrigin, SETTINGS_ACK } from '../support/http2-raw.ts'
import { services, startProxy } from '../support/proxy.ts'
import { turn } from '../support/raw.ts'

const MIN_TIME = 5 * 60_000
const MAX_STRIKES = 2

t.test('a stream may be quiet for ten minutes', async (t) => {
  const clock = new FakeClock()
  let strikes = 0
  let last = Number.NEGATIVE_INFINITY
  let fresh = true
  const pings: number[] = []
  const { port } = await http2RawOrigin(t, (peer) => {
    peer.onFrame = ({ type, id, flags, payload }) => {
      if (type === SETTINGS && (flags & ACK) === 0) peer.send(SETTINGS_ACK)
      else if (type === HEADERS) {
        fresh = true
        peer.send(
          headers(
            id,
            block([
              [':status', '200'],
              ['content-type', 'application/grpc'],
            ]),
          ),
          data(id, message('one')),
        )
      } else if (type === PING && (flags & ACK) === 0) {
        const now = clock.now()
        pings.push(now)
        if (fresh) strikes = 0
        else if (now - last < MIN_TIME) strikes++
        fresh = false
        last = now
        peer.send(frame(PING, ACK, 0, payload))
        if (strikes <= MAX_STRIKES) return
        const code = Buffer.alloc(8)
        code.writeUInt32BE(1, 0)
        code.writeUInt32BE(ENHANCE_YOUR_CALM, 4)
        peer.send(frame(GOAWAY, 0, 0, Buffer.concat([code, Buffer.from('too_many_pings')])))
        peer.socket.end()
      }
    }
  })
  const proxy = await startProxy(services({ origin: port }), { clock })
  t.teardown(() => proxy.stop())
  const call = new Call(session(t, proxy.outbound), '/a.B/Watch')
  call.stream.end(message('ask'))
  await call.received(8)
  let over = false
  void call.over.then(() => (over = true))
  for (let s = 0; s < 600 && !over; s++) {
    clock.advance(1000)
    for (let i = 0; i < 4; i++) await turn()
  }
  t.equal(
    over,
    false,
    `ended with ${call.status} ${call.trailers?.['grpc-message']}; PINGs at ${pings.map((at) => at / 1000)} s`,
  )
})
