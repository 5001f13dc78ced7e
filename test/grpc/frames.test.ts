/** Retries of gRPC calls where it matters which frame comes when: an upstream of raw frames behind a sidecar. */
import t, { type Test } from 'tap'
import { ACK, HEADERS, PING, REFUSED_STREAM, SETTINGS } from '../../src/http2/frames.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { Call, session, unary } from '../support/grpc-call.ts'
import { message } from '../support/grpc-message.ts'
import {
  block,
  type Fields,
  frame,
  goaway,
  headers,
  type Http2Peer,
  http2RawOrigin,
  reset,
  SETTINGS_ACK,
} from '../support/http2-raw.ts'
import { services, startProxy } from '../support/proxy.ts'

const HEAD: Fields = [
  [':status', '200'],
  ['content-type', 'application/grpc'],
]
const OK: Fields = [['grpc-status', '0']]
/** Retried at once: what the clock does decides nothing else. */
const UNAVAILABLE: Fields = [
  ['grpc-status', '14'],
  ['grpc-retry-pushback-ms', '0'],
]
/** The peek is over with the wheel's next tick. */
const PEEKED = 24

interface Asked {
  readonly peer: Http2Peer
  readonly id: number
}

/** A sidecar before an upstream that answers what `refuse` lets through. */
async function world(t: Test, policy: string, refuse: (asked: Asked, count: number) => boolean) {
  const clock = new FakeClock()
  const asked: Asked[] = []
  const origin = await http2RawOrigin(t, (peer) => {
    peer.onFrame = ({ type, id, flags, payload }) => {
      if (type === SETTINGS && (flags & ACK) === 0) peer.send(SETTINGS_ACK)
      else if (type === PING && (flags & ACK) === 0) peer.send(frame(PING, ACK, 0, payload))
      else if (type === HEADERS) {
        asked.push({ peer, id })
        if (!refuse({ peer, id }, asked.length)) peer.send(headers(id, block([...HEAD, ...OK]), true))
      }
    }
  })
  const proxy = await startProxy(services({ origin: origin.port }, policy), { clock })
  t.teardown(() => proxy.stop())
  return { clock, asked, origin, client: session(t, proxy.outbound) }
}

const RETRY = 'kind: Policy\nname: p\nmatch: {direction: outbound, service: origin}\nretry: {max: 2}\n'

t.test('trailers that come after their head, in time, are retried', async (t) => {
  let held = (_asked: Asked) => {}
  const first = new Promise<Asked>((resolve) => {
    held = resolve
  })
  const { client, asked } = await world(t, RETRY, (it, count) => {
    if (count === 1) held(it)
    return count === 1
  })
  const call = new Call(client, '/shop.Orders/Get')
  call.stream.end(message('ask'))
  const { peer, id } = await first
  peer.send(headers(id, block(HEAD)))
  await peer.roundTrip()
  t.equal(call.head, undefined, 'the head is held')
  peer.send(headers(id, block(UNAVAILABLE), true))
  await call.over
  t.equal(call.status, '0')
  t.equal(asked.length, 2)
})

t.test('a head behind which nothing comes goes up, and what follows is final', async (t) => {
  let held = (_asked: Asked) => {}
  const first = new Promise<Asked>((resolve) => {
    held = resolve
  })
  const { client, asked, clock } = await world(t, RETRY, (it) => {
    held(it)
    return true
  })
  const call = new Call(client, '/shop.Orders/Get')
  call.stream.end(message('ask'))
  const { peer, id } = await first
  peer.send(headers(id, block(HEAD)))
  await peer.roundTrip()
  t.equal(call.head, undefined, 'the head is held')
  clock.advance(PEEKED)
  await call.answered
  t.equal(call.head?.[':status'], 200)
  peer.send(headers(id, block(UNAVAILABLE), true))
  await call.over
  t.equal(call.status, '14')
  t.equal(asked.length, 1)
})

t.test('what was provably not looked at is sent again at once, without any policy', async (t) => {
  for (const [name, refuse] of [
    ['REFUSED_STREAM', ({ peer, id }: Asked) => peer.send(reset(id, REFUSED_STREAM))],
    ['GOAWAY below the stream', ({ peer }: Asked) => peer.send(goaway(0, 0))],
  ] as const) {
    const { client, asked, origin } = await world(t, '', (it, count) => {
      if (count === 1) refuse(it)
      return count === 1
    })
    const call = await unary(client, '/shop.Orders/Get')
    t.equal(call.status, '0', name)
    t.equal(asked.length, 2)
    t.equal(origin.peers.length, 2, 'on a fresh connection')
    t.equal(call.head?.['x-outrigger-attempts'], '2')
    for (const { peer, id } of asked) {
      const fields = new Map(await peer.head(id))
      t.equal(fields.get('grpc-previous-rpc-attempts'), undefined, 'nobody has seen it before')
    }
  }
})

t.test('what is refused again is the client’s to hear, without a policy', async (t) => {
  const { client, asked } = await world(t, '', ({ peer, id }) => {
    peer.send(reset(id, REFUSED_STREAM))
    return true
  })
  const call = await unary(client, '/shop.Orders/Get')
  t.equal(call.status, '14')
  t.equal(call.head?.['x-outrigger-reason'], 'upstream_reset')
  t.equal(asked.length, 2)
})
