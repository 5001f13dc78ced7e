/** A fallback that asks another service, with grpc-js on both outer sides of a sidecar. */
import grpc from '@grpc/grpc-js'
import t from 'tap'
import { metric } from '../support/ask.ts'
import { type Get, serve, world } from './orders.ts'

const { OK, UNAVAILABLE, NOT_FOUND } = grpc.status

function ending(code: grpc.status): Get {
  return (_call, done) => done({ code, details: 'theirs' })
}

const POLICY = 'fallback: [{when: ["grpc:UNAVAILABLE", connect_failure], use: service, service: spare}]'

t.test('UNAVAILABLE in a head alone is answered by the other service, message and all', async (t) => {
  const spare = await serve(t, { get: (call, done) => done(null, `spare heard ${call.request}`) })
  const { get, proxy } = await world(t, {
    policy: POLICY,
    get: ending(UNAVAILABLE),
    others: { spare: spare.port },
  })
  const { code, messages, metadata } = await get()
  t.equal(code, OK)
  t.strictSame(messages, ['spare heard ask'])
  t.equal(metadata.get('grpc-status').length, 0)
  t.equal(spare.reached.length, 1)
  const labels = ['kind="service"', 'reason="grpc:UNAVAILABLE"']
  t.equal(await metric(proxy, 'outrigger_fallback_total', ...labels), 1)
  t.equal(
    await metric(
      proxy,
      'rpc_server_call_duration_seconds_count',
      'rpc_response_status_code="OK"',
      'error_type="UNAVAILABLE"',
    ),
    1,
  )
})

t.test('an answer is no failure, and a service that fails as well leaves the first failure', async (t) => {
  const spare = await serve(t, { get: ending(UNAVAILABLE) })
  const found = await world(t, { policy: POLICY, get: ending(NOT_FOUND), others: { spare: spare.port } })
  t.equal((await found.get()).code, NOT_FOUND)
  t.equal(spare.reached.length, 0)
  const failing: Get = (_call, done) => done({ code: UNAVAILABLE, details: 'first' })
  const lost = await world(t, { policy: POLICY, get: failing, others: { spare: spare.port } })
  t.match(await lost.get(), { code: UNAVAILABLE, details: 'first' })
  t.equal(spare.reached.length, 1)
})
