/** gRPC calls in metrics, in the access log and in spans. */
import t from 'tap'
import { ProxyError } from '../../src/core/errors.ts'
import type { AttemptRecord } from '../../src/telemetry/attempt-layer.ts'
import { RpcMethods } from '../../src/telemetry/rpc-methods.ts'
import type { SampledExchange } from '../../src/telemetry/sampled.ts'
import { tracedAttempts } from '../../src/telemetry/traced-attempts.ts'
import { clientAttributes, clientName, serverAttributes, serverName } from '../../src/telemetry/otlp/span-attributes.ts'
import type { TraceContext } from '../../src/telemetry/trace-context.ts'
import { routeInfo } from '../support/stubs.ts'
import { type AskOptions, World } from './world.ts'

const SERVER = 'rpc_server_call_duration_seconds'
const CLIENT = 'rpc_client_call_duration_seconds'
const CALL: AskOptions = { method: 'POST', target: '/shop.Orders/Get', grpc: true }

t.test('A call is counted under its method and its status, in a head alone and in trailers', async (t) => {
  for (const headOnly of [false, true]) {
    const world = new World()
    world.ask(CALL)
    world.clock.advance(30)
    world.tell(0, headOnly)
    for (const name of [SERVER, CLIENT]) {
      t.equal(await world.metric(`${name}_bucket`, { le: '0.025' }), 0)
      t.equal(await world.metric(`${name}_sum`), 0.03)
      const labels = { rpc_system_name: 'grpc', rpc_method: 'shop.Orders/Get', rpc_response_status_code: 'OK' }
      t.equal(await world.metric(`${name}_count`, { ...labels, destination: 'inventory' }), 1)
      t.equal(await world.metric(`${name}_count`, { error_type: 'OK' }), undefined)
    }
    t.equal(await world.metric('http_server_request_duration_seconds_count', { network_protocol_version: '2' }), 1)
    t.equal(await world.metric('http_client_request_duration_seconds_count', { network_protocol_version: '2' }), 1)
    t.match(world.line, { status: 200, grpcStatus: 'OK', protocol: 'HTTP/2' })
  }
})

t.test('A status is an error of the server or an answer to its client', async (t) => {
  for (const [code, name, server, outcome] of [
    [5, 'NOT_FOUND', false, 'success'],
    [7, 'PERMISSION_DENIED', false, 'success'],
    [14, 'UNAVAILABLE', true, 'grpc:UNAVAILABLE'],
    [4, 'DEADLINE_EXCEEDED', true, 'grpc:DEADLINE_EXCEEDED'],
    [13, 'INTERNAL', true, 'grpc:INTERNAL'],
  ] as const) {
    const world = new World()
    world.ask(CALL)
    world.tell(code)
    t.equal(await world.metric(`${SERVER}_count`, { rpc_response_status_code: name }), 1)
    t.equal(await world.metric(`${SERVER}_count`, { error_type: name }), server ? 1 : undefined, name)
    t.equal(await world.metric(`${CLIENT}_count`, { error_type: name }), 1, name)
    t.equal(await world.metric('outrigger_attempts_total', { outcome }), 1, name)
    t.equal(world.line.grpcStatus, name)
  }
})

t.test('A call that ends without a status is UNKNOWN', async (t) => {
  const world = new World()
  world.ask(CALL)
  world.answer(200)
  t.equal(await world.metric(`${SERVER}_count`, { rpc_response_status_code: 'UNKNOWN', error_type: 'UNKNOWN' }), 1)
})

t.test('An answer of HTTP alone makes no method known: it says nothing of what there is', async (t) => {
  for (const status of [200, 405, 401, 503]) {
    const world = new World()
    world.ask(CALL)
    world.answer(status)
    for (const name of [SERVER, CLIENT])
      t.equal(await world.metric(`${name}_count`, { rpc_method: '_OTHER' }), 1, `${status}`)
    world.ask(CALL)
    world.tell(2)
    t.equal(await world.metric(`${SERVER}_count`, { rpc_method: 'shop.Orders/Get' }), 1, 'UNKNOWN, by a server of gRPC')
  }
})

t.test('A retried call is two attempts and one call', async (t) => {
  const world = new World()
  world.ask(CALL, 0)
  world.attempt('first', '10.0.0.7:8080', true)
  world.tell(14)
  world.attempt('retry', '10.0.0.8:8080')
  world.tell(0)
  t.equal(await world.metric(`${CLIENT}_count`, { rpc_response_status_code: 'UNAVAILABLE' }), 1)
  t.equal(await world.metric(`${CLIENT}_count`, { rpc_response_status_code: 'OK' }), 1)
  t.equal(await world.metric(`${SERVER}_count`, { rpc_response_status_code: 'OK' }), 1)
  t.equal(await world.metric('outrigger_attempts_total', { attempt: 'first', outcome: 'grpc:UNAVAILABLE' }), 1)
  t.match(world.line, {
    grpcStatus: 'OK',
    attempts: [
      { status: 200, grpcStatus: 'UNAVAILABLE' },
      { status: 200, grpcStatus: 'OK' },
    ],
  })
})

t.test('A failure is the status that its client is told, with our reason', async (t) => {
  const world = new World({ route: routeInfo('inventory', 'shop.Orders/Get') })
  world.ask(CALL)
  world.fail('connect_failure')
  const labels = {
    rpc_response_status_code: 'UNAVAILABLE',
    error_type: 'connect_failure',
    rpc_method: 'shop.Orders/Get',
  }
  for (const name of [SERVER, CLIENT]) t.equal(await world.metric(`${name}_count`, labels), 1)
  world.ask(CALL)
  world.upstream.last.head()
  world.upstream.last.break(new ProxyError('upstream_reset', 'upstream', 'no', '', 0, 8))
  t.equal(await world.metric(`${SERVER}_count`, { rpc_response_status_code: 'CANCELLED' }), 1, 'a server that cancels')
})

t.test('What is no gRPC call has no such series', async (t) => {
  const world = new World()
  world.ask()
  world.answer(200)
  t.equal(await world.metric(`${SERVER}_count`), undefined)
  t.equal(world.line.grpcStatus, undefined)
})

t.test('Methods that no server knows have no name', async (t) => {
  const world = new World()
  for (let i = 0; i < 30; i++) {
    world.ask({ ...CALL, target: `/made.Up/Name${i}` })
    world.tell(12)
  }
  t.equal(await world.metric(`${SERVER}_count`, { rpc_method: '_OTHER' }), 30)
  t.equal(await world.metric(`${CLIENT}_count`, { rpc_method: '_OTHER' }), 30)
})

t.test('RpcMethods keeps so many names, and those of routes beside them', async (t) => {
  const methods = new RpcMethods()
  for (let i = 0; i < 1000; i++) methods.indexOf(`/a.B/M${i}`, '*', true)
  t.equal(methods.names.length, 501)
  t.equal(methods.indexOf('/a.B/New', '*', true), 0)
  t.equal(methods.names[methods.indexOf('/a.B/Named', 'a.B/Named', false)], 'a.B/Named')
  t.equal(methods.names[methods.indexOf('/a.B/M499', '*', false)], 'a.B/M499', 'a name stays')
})

t.test('RpcMethods takes names of methods only', async (t) => {
  const methods = new RpcMethods()
  const bad = ['', '/', '/a', '//M', '/a/', '/a/b/c', '/a.B/M"x', '/a.B/M.x', '/a b/M', `/a.B/${'x'.repeat(300)}`]
  for (const path of bad) t.equal(methods.indexOf(path, '*', true), 0, path)
  for (const path of ['/S/M', '/pkg.sub_1.Service/Do_2']) t.ok(methods.indexOf(path, '*', true) > 0, path)
})

/** What the spans of a call would say: the exporter is named, and never loaded. */
function traced(asked: AskOptions, end: (world: World) => void) {
  const world = new World({
    environment: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' },
    settings: { tracing: { sample: 1, propagators: ['tracecontext'] } },
  })
  const exchange = world.ask(asked)
  end(world)
  const recorded = (exchange.trace as TraceContext).recorded as SampledExchange
  const attempt = tracedAttempts(exchange)[0] as AttemptRecord
  return {
    server: { name: serverName(recorded), ...serverAttributes(recorded) },
    client: { name: clientName(recorded), ...clientAttributes(recorded, attempt) },
  }
}

t.test('Spans of a call are named by its method, and say its status', async (t) => {
  const { server, client } = traced(CALL, (world) => world.tell(5))
  const said = { name: 'shop.Orders/Get', 'rpc.system.name': 'grpc', 'rpc.method': 'shop.Orders/Get' }
  t.match(server, { ...said, 'rpc.response.status_code': 'NOT_FOUND', 'network.protocol.version': '2' })
  t.notOk('error.type' in server, 'an answer to its client')
  t.match(client, { ...said, 'error.type': 'NOT_FOUND', 'network.protocol.version': '2' })
})

t.test('Spans of a call that failed say why', async (t) => {
  t.match(traced(CALL, (world) => world.tell(14)).server, { 'error.type': 'UNAVAILABLE' })
  const { server, client } = traced(CALL, (world) => world.fail('connect_failure'))
  for (const span of [server, client]) {
    t.match(span, { 'error.type': 'connect_failure', 'rpc.response.status_code': 'UNAVAILABLE' })
  }
})

t.test('Spans of a call that no server knows are named by the system', async (t) => {
  const { server } = traced({ ...CALL, target: '/made.Up/Name' }, (world) => world.tell(12))
  t.match(server, { name: 'grpc', 'rpc.method': '_OTHER', 'rpc.method_original': 'made.Up/Name' })
})
