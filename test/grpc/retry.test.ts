/** Retries of gRPC calls, with grpc-js on both outer sides of a sidecar. */
import grpc from '@grpc/grpc-js'
import t from 'tap'
import { state } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { grpcOrigin, session, unary } from '../support/grpc-call.ts'
import { services, startProxy } from '../support/proxy.ts'
import { fields, type Get, previousAttempts, world } from './orders.ts'

/** RFC 9113 §7. */
const CANCEL = 8
const { OK, UNAVAILABLE, NOT_FOUND, DEADLINE_EXCEEDED } = grpc.status

/** Retried at once: what the clock does decides nothing. */
const AT_ONCE = { 'grpc-retry-pushback-ms': '0' }
/** Fails the first `times` calls in a head alone, or in trailers behind a head. */
function failing(times: number, withHead: boolean, code = UNAVAILABLE, said: Record<string, string> = AT_ONCE): Get {
  let calls = 0
  return (call, done) => {
    if (calls++ >= times) return done(null, 'answer')
    if (withHead) call.sendMetadata(fields({ 'x-head': 'came' }))
    done({ code, details: 'not now', metadata: fields(said) })
  }
}

for (const [name, withHead] of [
  ['in a head alone', false],
  ['in trailers behind a head', true],
] as const) {
  t.test(`UNAVAILABLE ${name} is retried`, async (t) => {
    const { get, reached } = await world(t, {
      clock: new FakeClock(),
      policy: 'retry: {max: 2}',
      get: failing(2, withHead),
    })
    const { code, messages } = await get()
    t.equal(code, OK)
    t.strictSame(messages, ['answer'])
    t.strictSame(previousAttempts(reached), [undefined, '1', '2'])
  })

  t.test(`UNAVAILABLE ${name} is what the client sees when retries are used up`, async (t) => {
    const { get, reached } = await world(t, {
      clock: new FakeClock(),
      policy: 'retry: {max: 1}',
      get: failing(9, withHead),
    })
    const { code, details } = await get()
    t.equal(code, UNAVAILABLE)
    t.equal(details, 'not now')
    t.equal(reached.length, 2)
  })

  t.test(`NOT_FOUND ${name} is an answer`, async (t) => {
    const { get, reached } = await world(t, { policy: 'retry: {max: 2}', get: failing(9, withHead, NOT_FOUND) })
    t.equal((await get()).code, NOT_FOUND)
    t.equal(reached.length, 1)
  })

  t.test(`grpc-retry-pushback-ms: -1 ${name} ends it`, async (t) => {
    const said = { 'grpc-retry-pushback-ms': '-1' }
    const { get, reached } = await world(t, {
      policy: 'retry: {max: 2}',
      get: failing(9, withHead, UNAVAILABLE, said),
    })
    const { code, metadata } = await get()
    t.equal(code, UNAVAILABLE)
    t.equal(metadata.get('grpc-retry-pushback-ms')[0], '-1', 'the client is told as well')
    t.equal(reached.length, 1)
  })
}

t.test('nothing is retried behind the first message', async (t) => {
  const { watch, reached } = await world(t, {
    clock: new FakeClock(),
    policy: 'retry: {max: 2}',
    watch: (call) => {
      call.write('one')
      call.emit('error', { code: UNAVAILABLE, details: 'gone', metadata: fields(AT_ONCE) })
    },
  })
  const { code, messages } = await watch()
  t.equal(code, UNAVAILABLE)
  t.strictSame(messages, ['one'])
  t.equal(reached.length, 1)
})

t.test('DEADLINE_EXCEEDED of the service is not retried unless the file says so', async (t) => {
  const quiet = await world(t, { policy: 'retry: {max: 2}', get: failing(1, true, DEADLINE_EXCEEDED) })
  t.equal((await quiet.get()).code, DEADLINE_EXCEEDED)
  const stated = await world(t, {
    clock: new FakeClock(),
    policy: 'retry: {max: 2, when: ["grpc:DEADLINE_EXCEEDED"]}',
    get: failing(1, true, DEADLINE_EXCEEDED),
  })
  t.equal((await stated.get()).code, OK)
})

for (const [when, attempts] of [
  ['', 1],
  [', when: ["grpc:CANCELLED"], backoff: {base: 1ms}', 3],
] as const) {
  t.test(
    `A call that its server cancels is ${attempts === 1 ? 'not sent again' : 'sent again where that is named'}`,
    async (t) => {
      let calls = 0
      const origin = await grpcOrigin(t, (stream) => {
        calls++
        stream.close(CANCEL)
      })
      const policy =
        `kind: Policy\nname: p\nmatch: {direction: outbound, service: origin}\n` +
        `retry: {max: 2${when}}\nbreaker: {scope: service, window: {type: count, size: 4, minimumCalls: 1}}\n`
      const proxy = await startProxy(services({ origin }, policy))
      t.teardown(() => proxy.stop())
      const call = await unary(session(t, proxy.outbound), '/shop.Orders/Get')
      t.equal(call.resetCode, CANCEL)
      t.equal(calls, attempts)
      t.match((await state(proxy)).breakers, [{ state: 'closed', calls: attempts }])
    },
  )
}
