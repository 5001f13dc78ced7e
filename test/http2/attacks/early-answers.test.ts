/** Answers that end before their requests: both sides may say RST_STREAM, and each crosses the other's (RFC 9113 §8.1, §5.1). */
import t, { type Test } from 'tap'
import { ACK, END_STREAM, HEADERS, NO_ERROR, SETTINGS } from '../../../src/http2/frames.ts'
import {
  block,
  headers,
  http2Client,
  http2RawOrigin,
  request,
  reset,
  SETTINGS_ACK,
  type Http2Peer,
} from '../../support/http2-raw.ts'
import { services, startProxy } from '../../support/proxy.ts'

const REFUSED = block([[':status', '401']])
const CALLS = 4000

function refusing(resets: boolean): (peer: Http2Peer) => void {
  return (peer) => {
    peer.onFrame = ({ type, id, flags }) => {
      if (type === SETTINGS && (flags & ACK) === 0) peer.send(SETTINGS_ACK)
      if (type !== HEADERS) return
      peer.send(headers(id, REFUSED, true), ...(resets ? [reset(id, NO_ERROR)] : []))
      peer.frames.length = 0
    }
  }
}

async function calls(t: Test, upstreamResets: boolean, clientResets: boolean): Promise<void> {
  const origin = await http2RawOrigin(t, refusing(upstreamResets))
  const proxy = await startProxy(services({ origin: origin.port }))
  t.teardown(() => proxy.stop())
  const client = await http2Client(t, proxy.outbound)
  const statuses = new Map<number, number>()
  let answered = 0
  client.onFrame = (one) => {
    if (one.type !== HEADERS) return
    const status = Number(client.fieldsOf(one)[0]?.[1])
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    if (clientResets && (one.flags & END_STREAM) !== 0) client.send(reset(one.id, NO_ERROR))
    answered++
  }
  for (let id = 1; id < 2 * CALLS; id += 20) {
    const before = answered
    for (let i = 0; i < 20; i += 2) client.send(request(id + i, { method: 'POST', open: true }))
    await client.when('ten answers', () => answered === before + 10 || client.ended)
    if (client.saidGoaway) break
  }
  await client.roundTrip('barrier3').catch(() => {})
  t.notOk(client.saidGoaway, 'the client is no flood')
  t.same([...statuses], [[401, CALLS]])
  const text = await (await fetch(`http://127.0.0.1:${proxy.admin}/metrics`)).text()
  t.same(
    text.split('\n').filter((line) => line.startsWith('outrigger_http2_violations_total{')),
    [],
  )
}

t.test('A client that resets what is answered before it ends, as grpc-go does', (t) => calls(t, false, true))
t.test('An upstream that resets what it answered before the end, as Go does', (t) => calls(t, true, false))
