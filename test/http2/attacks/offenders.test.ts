/** Who comes again from where a flood came is given fewer streams for a while (RFC 9113 §5.1.2, §10.5). */
import net from 'node:net'
import t, { type Test } from 'tap'
import { Offenders } from '../../../src/http/offenders.ts'
import {
  ENHANCE_YOUR_CALM,
  MAX_CONCURRENT_STREAMS,
  PREFACE,
  readUint32,
  REFUSED_STREAM,
  SETTINGS,
} from '../../../src/http2/frames.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { answering, data, Http2Peer, http2RawOrigin, ping, request, settings, times } from '../../support/http2-raw.ts'
import { services, startProxy } from '../../support/proxy.ts'

/** A client at one of the machine's own addresses. */
async function clientAt(t: Test, localAddress: string, port: number): Promise<Http2Peer> {
  const socket = net.connect({ port, host: '127.0.0.1', localAddress, allowHalfOpen: true })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  const peer = new Http2Peer(socket)
  t.teardown(() => peer.destroy())
  peer.send(PREFACE, settings())
  return peer
}

async function streamsAllowed(client: Http2Peer): Promise<number> {
  const { payload } = await client.frame('SETTINGS', ({ type, flags }) => type === SETTINGS && flags === 0)
  for (let at = 0; at < payload.length; at += 6) {
    if (payload.readUInt16BE(at) === MAX_CONCURRENT_STREAMS) return readUint32(payload, at + 2)
  }
  return Number.POSITIVE_INFINITY
}

async function flood(t: Test, client: Http2Peer): Promise<void> {
  client.send(times(3000, ping()))
  t.equal(await client.goaway(), ENHANCE_YOUR_CALM)
  await client.untilEnded()
}

t.test('An address that a flood came from has a hundred streams a connection, for ten seconds', async (t) => {
  const clock = new FakeClock()
  const origin = await http2RawOrigin(t, answering())
  const proxy = await startProxy(services({ origin: origin.port }), { clock })
  t.teardown(() => proxy.stop())
  const port = proxy.outbound
  const first = await clientAt(t, '127.0.0.1', port)
  t.equal(await streamsAllowed(first), 1024)
  await flood(t, first)

  const again = await clientAt(t, '127.0.0.1', port)
  t.equal(await streamsAllowed(again), 100)
  for (let i = 0; i < 101; i++) again.send(request(2 * i + 1, { method: 'POST', open: true }))
  t.equal(await again.resetCode(2 * 100 + 1), REFUSED_STREAM, 'one more is refused, and safe to repeat')
  again.send(data(1, 'x', true))
  t.equal(await again.status(1), 200, 'the others are served')
  t.notOk(again.saidGoaway)

  t.equal(await streamsAllowed(await clientAt(t, '127.0.0.2', port)), 1024, 'nobody else has fewer')

  clock.advance(9_999)
  t.equal(await streamsAllowed(await clientAt(t, '127.0.0.1', port)), 100)
  clock.advance(1)
  t.equal(await streamsAllowed(await clientAt(t, '127.0.0.1', port)), 1024, 'it is forgotten')
})

t.test('Offenders remembers the last thousand', async (t) => {
  const offenders = new Offenders()
  for (let i = 0; i < 1024; i++) offenders.add(`10.0.${i >> 8}.${i & 255}`, 0)
  offenders.add('10.0.0.0', 1)
  offenders.add('10.1.0.0', 1)
  t.ok(offenders.has('10.0.0.0', 1), 'heard of again')
  t.notOk(offenders.has('10.0.0.1', 1), 'the oldest went for the new one')
  t.ok(offenders.has('10.1.0.0', 1))
})
