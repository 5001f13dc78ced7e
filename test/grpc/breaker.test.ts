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
