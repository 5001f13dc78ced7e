/**
 * Clients of gRPC keep their deadline themselves: when it is over they reset the call with CANCEL, and that comes at the very
 * moment at which we would have answered DEADLINE_EXCEEDED. Which of the two is first says nothing.
 */
import http2 from 'node:http2'
import t, { type Test } from 'tap'
import { ACK, HEADERS, PING, RST_STREAM, SETTINGS } from '../../src/http2/frames.ts'
import { eventually, metric, state } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { Call, session } from '../support/grpc-call.ts'
import { message } from '../support/grpc-message.ts'
import { frame, http2RawOrigin, SETTINGS_ACK } from '../support/http2-raw.ts'
import { services, startProxy } from '../support/proxy.ts'

const { NGHTTP2_CANCEL } = http2.constants

/** A server that never answers, behind a sidecar. */
async function scene(t: Test, blocks = '') {
  const clock = new FakeClock()
  clock.advance(1)
  let reached = 0
  let ended = 0
  const { port } = await http2RawOrigin(t, (peer) => {
    peer.onFrame = ({ type, flags, payload }) => {
      if (type === SETTINGS && (flags & ACK) === 0) peer.send(SETTINGS_ACK)
      else if (type === PING && (flags & ACK) === 0) peer.send(frame(PING, ACK, 0, payload))
      else if (type === HEADERS) reached++
      else if (type === RST_STREAM) ended++
    }
  })
  const policy =
    blocks === '' ? '' : `kind: Policy\nname: p\nmatch: {direction: outbound, service: origin}\n${blocks}\n`
  const proxy = await startProxy(services({ origin: port }, policy), { clock })
  t.teardown(() => proxy.stop())
  const client = session(t, proxy.outbound)
  /** Calls that are given up by their client `after` ms, all at once. */
  const giveUp = async (count: number, timeout: string, after: number) => {
    const before = reached
    const calls = Array.from({ length: count }, () => new Call(client, '/a.B/C', { 'grpc-timeout': timeout }))
    for (const { stream } of calls) stream.end(message('ask'))
    await eventually('the calls', () => reached === before + count || client.destroyed)
    clock.advance(after)
    for (const { stream } of calls) stream.close(NGHTTP2_CANCEL)
    await eventually('their end', () => ended === reached || client.destroyed)
  }
  return { clock, proxy, client, giveUp }
}

const calls = 'rpc_server_call_duration_seconds_count'

t.test('a call that its client gives up when its deadline is over has exceeded it', async (t) => {
  const { proxy, giveUp } = await scene(t)
  await giveUp(1, '400m', 395)
  t.equal(await metric(proxy, calls, 'rpc_response_status_code="DEADLINE_EXCEEDED"', 'error_type="request_timeout"'), 1)
  t.equal(await metric(proxy, 'outrigger_attempts_total', 'outcome="request_timeout"'), 1)
})

t.test('one that is given up before that was cancelled', async (t) => {
  const { proxy, giveUp } = await scene(t)
  await giveUp(1, '400m', 380)
  t.equal(await metric(proxy, calls, 'rpc_response_status_code="CANCELLED"', 'error_type="client_cancelled"'), 1)
})

t.test(
  'where the whole deadline is no longer than the clocks may differ, who leaves in its first half has left',
  async (t) => {
    for (const [after, status] of [
      [2, 'CANCELLED'],
      [5, 'DEADLINE_EXCEEDED'],
    ] as const) {
      const { proxy, giveUp } = await scene(t)
      await giveUp(1, '8m', after)
      t.equal(await metric(proxy, calls, `rpc_response_status_code="${status}"`), 1)
    }
  },
)

t.test('an upstream that is never in time opens the breaker, also where its clients are quicker than we', async (t) => {
  const { proxy, giveUp } = await scene(
    t,
    'timeout: {request: 500ms}\nbreaker: {scope: service, window: {size: 4, minimumCalls: 4}}',
  )
  await giveUp(4, '400m', 395)
  t.match((await state(proxy)).breakers, [{ state: 'open', failureRatio: 1 }])
})

t.test('nobody is asked in its place: there is no one left to be answered', async (t) => {
  const { proxy, giveUp } = await scene(
    t,
    'retry: {max: 2, when: [timeout]}\nfallback: [{when: [any], use: static, grpcStatus: OK}]',
  )
  await giveUp(1, '400m', 395)
  t.equal(await metric(proxy, calls, 'rpc_response_status_code="DEADLINE_EXCEEDED"'), 1)
  t.equal(await metric(proxy, 'outrigger_attempts_total', 'attempt="first"'), 1)
  t.equal(await metric(proxy, 'outrigger_attempts_total', 'attempt="retry"'), 0)
})

t.test('calls that end at their deadlines are no flood of resets, however short these are', async (t) => {
  const { proxy, giveUp, clock } = await scene(t)
  let counted = 0
  for (; counted < 2600; counted += 200) {
    await giveUp(200, '60m', 55)
    clock.advance(5)
  }
  t.equal(await metric(proxy, calls, 'rpc_response_status_code="DEADLINE_EXCEEDED"'), counted)
})

t.test('a client that says a deadline and resets at once is one all the same', async (t) => {
  const { giveUp, client } = await scene(t)
  const gone = new Promise<number>((resolve) => client.on('goaway', resolve))
  const flood = async () => {
    // Ended by the GOAWAY: what is asked behind it reaches nobody.
    for (let i = 0; i < 13 && !client.destroyed; i++) await giveUp(200, '10m', 1)
    return 'no GOAWAY'
  }
  t.equal(await Promise.race([gone, flood()]), http2.constants.NGHTTP2_ENHANCE_YOUR_CALM)
})
