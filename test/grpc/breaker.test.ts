/** The breaker and gRPC statuses, with grpc-js on both outer sides of a sidecar. */
import grpc from '@grpc/grpc-js'
import t from 'tap'
import { state } from '../support/ask.ts'
import { fields, world } from './orders.ts'

const { UNAVAILABLE, NOT_FOUND, OK } = grpc.status

const BREAKER = 'breaker: {scope: service, window: {type: count, size: 10, minimumCalls: 4}}'

t.test('UNAVAILABLE opens it, in trailers as well', async (t) => {
  for (const withHead of [false, true]) {
    const { get, proxy, reached } = await world(t, {
      policy: BREAKER,
      get: (call, done) => {
        if (withHead) call.sendMetadata(fields({ 'x-head': 'came' }))
        done({ code: UNAVAILABLE, details: 'down' })
      },
    })
    for (let i = 0; i < 4; i++) t.equal((await get()).details, 'down')
    t.match((await state(proxy)).breakers, [{ state: 'open', calls: 4 }])
    const refused = await get()
    t.equal(refused.code, UNAVAILABLE)
    t.equal(refused.metadata.get('x-outrigger-reason')[0], 'circuit_open')
    t.equal(refused.metadata.get('grpc-retry-pushback-ms')[0], '-1')
    t.equal(reached.length, 4)
  }
})

t.test('NOT_FOUND is no failure', async (t) => {
  const { get, proxy } = await world(t, {
    policy: BREAKER,
    get: (_call, done) => done({ code: NOT_FOUND, details: 'no such order' }),
  })
  for (let i = 0; i < 6; i++) t.equal((await get()).code, NOT_FOUND)
  t.match((await state(proxy)).breakers, [{ state: 'closed', calls: 6, failureRatio: 0 }])
})

t.test('OK is none, however many', async (t) => {
  const { get, proxy } = await world(t, { policy: BREAKER, get: (_call, done) => done(null, 'answer') })
  for (let i = 0; i < 6; i++) t.equal((await get()).code, OK)
  t.match((await state(proxy)).breakers, [{ state: 'closed', calls: 6, failureRatio: 0 }])
})

/** How many calls are made, how many messages each has before it ends with UNAVAILABLE, and what the breaker has then. */
for (const [what, messages, failureRatio] of [
  ['A stream that goes on is judged by then: a restart that ends many of them is not as many failed calls', 2, 0],
  ['A call that ends behind its only message has failed', 1, 1],
] as const) {
  t.test(what, async (t) => {
    for (const piece of ['one', 'a'.repeat(70_000)]) {
      const { watch, proxy } = await world(t, {
        policy:
          'breaker: {scope: service, window: {type: count, size: 10, minimumCalls: 10}}\noutlier: {consecutive: 2}',
        watch: (call) => {
          for (let i = 0; i < messages; i++) call.write(piece)
          call.emit('error', { code: UNAVAILABLE, details: 'shutting down' })
        },
      })
      for (let i = 0; i < 4; i++) t.match(await watch(), { code: UNAVAILABLE, messages: Array(messages).fill(piece) })
      t.match(await state(proxy), { breakers: [{ state: 'closed', calls: 4, failureRatio }] })
      t.match(await state(proxy), { outliers: [{ failureRatio }] })
    }
  })
}
