import t from 'tap'
import type { Span } from '../../support/otlp-messages.ts'
import { ERROR, KIND, OtlpReceiver, values } from '../../support/otlp-receiver.ts'
import { World } from '../world.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const PARENT = 'b7ad6b7169203331'

t.test('Spans reach an OTLP endpoint: one server span with its attempts as children, ids as on the wire', async (t) => {
  const receiver = await new OtlpReceiver().listen(t)
  // The SDK reads the environment itself.
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = receiver.url
  process.env.OTEL_EXPORTER_OTLP_PROTOCOL = 'http/json'
  process.env.OTEL_RESOURCE_ATTRIBUTES = 'deployment.environment.name=test'
  Object.assign(process.env, { POD_NAME: 'orders-1', POD_NAMESPACE: 'shop', CONTAINER_NAME: 'outrigger-proxy' })

  const world = new World({ environment: process.env })
  world.ask(
    {
      headers: [
        'traceparent',
        `00-${TRACE}-${PARENT}-01`,
        'tracestate',
        'a=b',
        'TraceState',
        'c=d',
        'user-agent',
        'curl',
      ],
      target: '/v1/items/7?secret=1',
    },
    0,
  )
  world.attempt('first', '10.0.0.7:8080', true)
  const first = world.wireField('traceparent')
  world.clock.advance(20)
  world.fail('connect_failure')
  world.telemetry.events.bulkheadWaited({ ...world.upstream.last.request.exchange }, 3)
  world.telemetry.events.attemptFollows(world.upstream.last.request.exchange, 'retry', 'connect_failure')
  world.telemetry.events.decided(world.upstream.last.request.exchange, 'timeout', 'request_timeout', 'shadow')
  world.attempt('retry', '[fd00::8]:9090')
  const second = world.wireField('traceparent')
  world.clock.advance(10)
  world.answer(503)
  // Not traced: the caller said so.
  world.ask({ headers: ['traceparent', `00-${TRACE}-${PARENT}-00`] })
  world.answer(200)
  world.clock.advance(20)
  await world.telemetry.close(10_000)

  t.equal(receiver.requests[0]?.line, 'POST /v1/traces')
  t.match(receiver.requests[0]?.headers['content-type'], /^application\/json/)
  const { spans } = receiver
  t.equal(spans.length, 3)
  t.match(receiver.resource, {
    'service.name': 'orders',
    'service.version': '1.2.3',
    'service.namespace': 'shop',
    'service.instance.id': 'shop.orders-1.outrigger-proxy',
    'k8s.pod.name': 'orders-1',
    'deployment.environment.name': 'test',
  })
  const server = spans.find((span) => span.kind === KIND.SERVER) as Span
  t.match(server, {
    traceId: TRACE,
    parentSpanId: PARENT,
    name: 'GET /v1/**',
    traceState: 'a=b,c=d',
    status: { code: ERROR },
  })
  t.match(values(server.attributes), {
    'http.request.method': 'GET',
    'http.route': '/v1/**',
    'http.response.status_code': 503,
    'url.path': '/v1/items/7',
    'url.query': 'secret=1',
    'server.address': 'inventory.shop',
    'server.port': 8080,
    'client.address': '10.1.0.1',
    'user_agent.original': 'curl',
    'error.type': '503',
    'outrigger.attempts': 2,
  })
  t.match(server.events, [
    { name: 'outrigger.bulkhead_waited' },
    { name: 'outrigger.attempt_follows' },
    { name: 'outrigger.timeout' },
  ])
  t.match(values(server.events[1]?.attributes), { kind: 'retry', because: 'connect_failure' })
  t.match(values(server.events[2]?.attributes), { decision: 'request_timeout', mode: 'shadow' })
  const clients = spans.filter((span) => span.kind === KIND.CLIENT)
  t.same(
    clients.map((span) => `00-${span.traceId}-${span.spanId}-01`),
    [first, second],
  )
  t.ok(clients.every((span) => span.parentSpanId === server.spanId))
  t.match(values(clients[0]?.attributes), {
    'network.peer.address': '10.0.0.7',
    'error.type': 'connect_failure',
    'outrigger.attempt.why_next': 'retry: connect_failure',
  })
  t.notOk('http.request.resend_count' in values(clients[0]?.attributes))
  t.match(values(clients[1]?.attributes), {
    'network.peer.address': 'fd00::8',
    'network.peer.port': 9090,
    'http.request.resend_count': 1,
    'http.response.status_code': 503,
  })
  t.equal(BigInt(clients[0]?.endTimeUnixNano ?? 0) - BigInt(clients[0]?.startTimeUnixNano ?? 0), 20_000_000n)
  t.equal(BigInt(server.endTimeUnixNano) - BigInt(server.startTimeUnixNano), 30_000_000n)
})

t.test('The SDK is not loaded where nothing names an endpoint, or it is disabled', async (t) => {
  const endpoint = 'http://127.0.0.1:1'
  for (const environment of [
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SDK_DISABLED: 'true' },
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint, OTEL_TRACES_EXPORTER: 'none' },
  ]) {
    const world = new World({ environment, settings: { tracing: { sample: 1, propagators: ['tracecontext'] } } })
    const exchange = world.ask()
    t.equal((exchange.trace as { recorded: unknown }).recorded, undefined)
    world.answer(200)
    await world.telemetry.close()
  }
})
