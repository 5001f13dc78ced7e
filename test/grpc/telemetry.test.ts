/** What a sidecar's admin port says of real gRPC calls. */
import grpc from '@grpc/grpc-js'
import t from 'tap'
import { eventually, metric } from '../support/ask.ts'
import { fields, world } from './orders.ts'

t.test('a retried call is one call and two attempts, by method and status', async (t) => {
  let calls = 0
  const { get, proxy } = await world(t, {
    policy: 'retry: {max: 1}',
    get: (call, done) => {
      if (calls++ > 0) return done(null, 'answer')
      call.sendMetadata(fields({ 'x-head': 'came' }))
      done({ code: grpc.status.UNAVAILABLE, metadata: fields({ 'grpc-retry-pushback-ms': '0' }) })
    },
  })
  t.equal((await get()).code, grpc.status.OK)
  const count = (name: string, ...labels: string[]) =>
    metric(proxy, `rpc_${name}_call_duration_seconds_count`, 'rpc_method="shop.Orders/Get"', ...labels)
  await eventually('the call to be counted', async () => (await count('server', 'rpc_response_status_code="OK"')) === 1)
  t.equal(await count('client', 'rpc_response_status_code="UNAVAILABLE"', 'error_type="UNAVAILABLE"'), 1)
  t.equal(await count('client', 'rpc_response_status_code="OK"'), 1)
  const spoken = await metric(proxy, 'http_client_request_duration_seconds_count', 'network_protocol_version="2"')
  t.equal(spoken, 2)
})
