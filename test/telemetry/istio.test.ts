import t from 'tap'
import { BOUNDS } from '../../src/telemetry/histogram.ts'
import { routeInfo } from '../support/stubs.ts'
import { World } from './world.ts'

const IDLE = 60_000
const HOSTS: Record<string, string[]> = { inventory: ['inventory', 'inventory.shop.svc.cluster.local'] }

function world(compatible = true, environment: Record<string, string> = { POD_NAMESPACE: 'front' }): World {
  const metrics = { idle: IDLE, compatibility: compatible ? (['istio'] as const) : [] }
  const its = new World({ settings: { metrics }, environment, route: routeInfo('inventory', '/v1/**') })
  its.telemetry.observe({
    snapshots: () => [],
    endpoints: () => [],
    replayBytes: () => 0,
    connections: () => 0,
    config: () => ({ hash: '', lastReloadSuccess: true, loadedAt: 0, warnings: 0 }),
    hosts: (service) => HOSTS[service] ?? [],
    propagate: () => 'all',
  })
  return its
}

t.test('Nothing of it is told unless it was asked for', async (t) => {
  const its = world(false)
  its.ask()
  its.answer(200)
  t.notMatch(await its.metrics(), /istio_/)
})

t.test('Requests under the labels that a client side can fill', async (t) => {
  const its = world()
  its.ask({ method: 'GET' })
  its.answer(200)
  its.ask({ method: 'PUT' })
  its.answer(200)
  its.ask({}, 0)
  its.refuse(503, 'circuit_open')
  const known = {
    reporter: 'source',
    source_workload: 'orders',
    source_workload_namespace: 'front',
    source_app: 'orders',
    destination_workload: 'unknown',
    destination_canonical_service: 'inventory',
    destination_service: 'inventory.shop.svc.cluster.local',
    destination_service_name: 'inventory',
    destination_service_namespace: 'shop',
    request_protocol: 'http',
    connection_security_policy: 'unknown',
  }
  const ok = { ...known, response_code: '200', response_flags: '-' }
  t.equal(await its.metric('istio_requests_total', ok), 2, 'methods are not told apart')
  t.equal(await its.metric('istio_requests_total', { ...known, response_code: '503', response_flags: 'UO' }), 1)
  t.equal(await its.metric('istio_request_duration_milliseconds_count', ok), 2)
})

t.test('Inbound we are the destination, and nobody outside of a cluster has a namespace', async (t) => {
  const its = world(true, {})
  const inbound = routeInfo('orders', '/**') as { direction: string }
  inbound.direction = 'inbound'
  const route = its.route as unknown as Record<string, unknown>
  Object.assign(route, inbound, { telemetry: undefined })
  its.ask()
  its.answer(200)
  const labels = { reporter: 'destination', destination_workload: 'orders', source_workload: 'unknown' }
  const more = { destination_service_namespace: 'unknown', connection_security_policy: 'none' }
  t.equal(await its.metric('istio_requests_total', { ...labels, ...more }), 1)
})

t.test('Durations in milliseconds, in the same buckets', async (t) => {
  const its = world()
  its.ask()
  its.clock.advance(60)
  its.answer(200)
  const text = await its.metrics()
  const bounds = [...text.matchAll(/^istio_request_duration_milliseconds_bucket\{.*le="([^"]+)".*\} (\d)/gm)]
  t.same(
    bounds.map(([, le]) => le),
    [...BOUNDS.map((bound) => String(bound * 1000)), '+Inf'],
  )
  t.ok(
    bounds.every(([, le]) => /^(\d+|\+Inf)$/.test(le ?? '')),
    'whole numbers',
  )
  t.equal(bounds.find(([, , count]) => count === '1')?.[1], '75')
  t.equal(await its.metric('istio_request_duration_milliseconds_sum'), 60)
})

t.test('gRPC calls with their status', async (t) => {
  const its = world()
  its.ask({ grpc: true, method: 'POST', target: '/shop.Inventory/Get' })
  its.tell(0)
  its.ask({ grpc: true, method: 'POST', target: '/shop.Inventory/Get' })
  its.tell(14)
  const call = { request_protocol: 'grpc', response_code: '200' }
  t.equal(await its.metric('istio_requests_total', { ...call, grpc_response_status: '0' }), 1)
  t.equal(await its.metric('istio_requests_total', { ...call, grpc_response_status: '14' }), 1)
  t.equal(await its.metric('istio_requests_total', { request_protocol: 'http' }), undefined, 'not counted twice')
})

t.test('A client that left is code 0, flags DC', async (t) => {
  const its = world()
  its.ask()
  its.fail('client_cancelled')
  t.equal(await its.metric('istio_requests_total', { response_code: '0', response_flags: 'DC' }), 1)
})

t.test('Bytes have a sum and a count', async (t) => {
  const its = world()
  const exchange = its.ask()
  exchange.requestBytes = 100
  exchange.responseBytes = 30
  its.answer(200)
  its.ask()
  its.answer(500)
  t.equal(await its.metric('istio_request_bytes_sum', { destination_service_name: 'inventory' }), 100)
  t.equal(await its.metric('istio_response_bytes_sum'), 30)
  t.equal(await its.metric('istio_request_bytes_count'), 2)
  t.equal(await its.metric('istio_request_bytes_bucket', { le: '+Inf' }), 2)
})

t.test('What leaves our rows stays in a sum that others add to, and leaves with the last', async (t) => {
  const its = world()
  its.ask({ method: 'PUT' })
  its.answer(200)
  its.ask()
  its.answer(200)
  await its.metrics()
  its.clock.advance(IDLE - 1)
  its.ask()
  its.answer(200)
  await its.metrics()
  its.clock.advance(1)
  const total = () => its.metric('istio_requests_total', { response_code: '200' })
  t.equal(await total(), 3)
  t.equal(await its.metric('http_server_request_duration_seconds_count', { http_request_method: 'PUT' }), undefined)
  its.clock.advance(IDLE)
  t.equal(await total(), undefined)
  its.ask()
  its.answer(200)
  t.equal(await total(), 1)
})
