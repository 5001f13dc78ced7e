/** Outlier and gRPC statuses, with grpc-js on both outer sides of a sidecar. */
import grpc from '@grpc/grpc-js'
import t from 'tap'
import { state } from '../support/ask.ts'
import { fields, world } from './orders.ts'

const { UNAVAILABLE, NOT_FOUND } = grpc.status

const OUTLIER = 'outlier: {consecutive: 100}'

t.test('failures are counted whether the head says them or the trailers', async (t) => {
  for (const withHead of [false, true]) {
    const { get, proxy } = await world(t, {
      policy: OUTLIER,
      get: (call, done) => {
        if (withHead) call.sendMetadata(fields({ 'x-head': 'came' }))
        done({ code: UNAVAILABLE, details: 'down' })
      },
    })
    for (let i = 0; i < 3; i++) t.equal((await get()).code, UNAVAILABLE)
    t.match(await state(proxy), { outliers: [{ state: 'ready', consecutive: 3, calls: 3, failureRatio: 1 }] })
  }
})

t.test('NOT_FOUND is a success, and ends a row', async (t) => {
  let code: number = UNAVAILABLE
  const { get, proxy } = await world(t, { policy: OUTLIER, get: (_call, done) => done({ code, details: 'so' }) })
  for (let i = 0; i < 3; i++) await get()
  code = NOT_FOUND
  t.equal((await get()).code, NOT_FOUND)
  t.match(await state(proxy), { outliers: [{ consecutive: 0, calls: 4, failureRatio: 0.75 }] })
})
