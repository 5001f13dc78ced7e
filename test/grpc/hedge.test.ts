/** Hedges of gRPC calls, with grpc-js on both outer sides of a sidecar that knows one endpoint. */
import grpc from '@grpc/grpc-js'
import t from 'tap'
import { eventually, metric } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { grpcOrigin, session, unary } from '../support/grpc-call.ts'
import { services, startProxy } from '../support/proxy.ts'
import { previousAttempts, world } from './orders.ts'

/** RFC 9113 §7. */
const CANCEL = 8

const { OK, UNAVAILABLE } = grpc.status

const HEDGE = 'hedge: {after: 40ms, budget: 100%, methods: [POST]}'

t.test(
  'a slow call is made once more, at the same endpoint where there is no other, and the slow one cancelled',
  async (t) => {
    const clock = new FakeClock()
    let cancelled = 0
    let calls = 0
    const { get, reached, proxy } = await world(t, {
      clock,
      policy: HEDGE,
      get: (call, done) => {
        if (calls++ > 0) return done(null, 'answer')
        call.on('cancelled', () => cancelled++)
      },
    })
    const asked = get()
    await eventually('the first call', () => reached.length === 1)
    clock.advance(48)
    const { code, messages } = await asked
    t.equal(code, OK)
    t.strictSame(messages, ['answer'])
    t.strictSame(previousAttempts(reached), [undefined, '1'])
    await eventually('the cancel', () => cancelled === 1)
    t.equal(await metric(proxy, 'outrigger_hedges_total', 'result="won"'), 1)
  },
)

for (const withHead of [false, true]) {
  t.test(
    `UNAVAILABLE ${withHead ? 'in trailers behind a head' : 'in a head alone'} sends the next at once`,
    async (t) => {
      let calls = 0
      const { get, reached } = await world(t, {
        clock: new FakeClock(),
        policy: HEDGE,
        get: (call, done) => {
          if (calls++ > 0) return done(null, 'answer')
          if (withHead) call.sendMetadata(new grpc.Metadata())
          done({ code: UNAVAILABLE, details: 'not now' })
        },
      })
      t.equal((await get()).code, OK)
      t.equal(reached.length, 2)
    },
  )
}

t.test('grpc-retry-pushback-ms: -1 stops hedging', async (t) => {
  const metadata = new grpc.Metadata()
  metadata.set('grpc-retry-pushback-ms', '-1')
  const { get, reached } = await world(t, {
    clock: new FakeClock(),
    policy: HEDGE,
    get: (_call, done) => done({ code: UNAVAILABLE, details: 'not now', metadata }),
  })
  t.equal((await get()).code, UNAVAILABLE)
  t.equal(reached.length, 1)
})

t.test('a call that its server cancels is not made once more, and is cancelled towards the client', async (t) => {
  let calls = 0
  const origin = await grpcOrigin(t, (stream) => {
    calls++
    stream.close(CANCEL)
  })
  const policy = `kind: Policy\nname: p\nmatch: {direction: outbound, service: origin}\n${HEDGE}\n`
  const proxy = await startProxy(services({ origin }, policy), { clock: new FakeClock() })
  t.teardown(() => proxy.stop())
  const call = await unary(session(t, proxy.outbound), '/shop.Orders/Get')
  t.equal(call.resetCode, CANCEL)
  t.equal(calls, 1)
})
