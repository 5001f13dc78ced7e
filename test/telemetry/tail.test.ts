import t from 'tap'
import { SampledExchange } from '../../src/telemetry/sampled.ts'
import { Tail, tailReason } from '../../src/telemetry/tail.ts'
import { TraceContext } from '../../src/telemetry/trace-context.ts'
import type { Span } from '../support/otlp-messages.ts'
import { ERROR, KIND, OtlpReceiver, values } from '../support/otlp-receiver.ts'
import { requestHead, routeInfo } from '../support/stubs.ts'
import { World } from './world.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const PARENT = 'b7ad6b7169203331'
const RULES = { errors: true, slowerThan: 1000 }
const TRACING = { sample: 0, propagators: ['tracecontext', 'b3'] as const, tail: RULES }
const ELSEWHERE = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }

t.test('tailReason() takes errors, and what took as long as slowerThan', async (t) => {
  const cases: [failed: boolean, took: number, errors: boolean, slowerThan: number, reason: string][] = [
    [false, 999.9, true, 1000, ''],
    [false, 1000, true, 1000, 'slow'],
    [true, 0, true, 1000, 'error'],
    [true, 2000, true, 1000, 'error'],
    [true, 0, false, 1000, ''],
    [true, 2000, false, 1000, 'slow'],
    [false, 1e9, true, Number.POSITIVE_INFINITY, ''],
  ]
  for (const [failed, took, errors, slowerThan, reason] of cases) {
    t.equal(tailReason({ errors, slowerThan }, failed, took), reason, `${failed} ${took} ${errors} ${slowerThan}`)
  }
})

function record(tail: Tail): SampledExchange {
  return new SampledExchange(new TraceContext(), requestHead({}), tail)
}

t.test('Tail has room for 4096 exchanges; what finds none is counted, and what ends makes room', async (t) => {
  const tail = new Tail(RULES)
  for (let i = 0; i < 4096; i++) tail.admits()
  t.notOk(tail.admits())
  t.equal(tail.dropped, 1)
  tail.release(record(tail))
  t.ok(tail.admits())
  t.equal(tail.dropped, 1)
})

t.test('Tail has room for 4 MiB of decisions; an exchange that lost some is counted once', async (t) => {
  const tail = new Tail(RULES)
  const many: SampledExchange[] = []
  let refused = 0
  for (let i = 0; i < 300; i++) {
    if (!tail.admits()) {
      refused++
      continue
    }
    const recorded = record(tail)
    many.push(recorded)
    for (let at = 0; at < 100; at++) recorded.decided({ name: 'x', at, attributes: {} })
  }
  // Of 256 bytes each, and 192 for each decision.
  t.equal(many.filter(({ events }) => events.length === 100).length, 215)
  const cut = many.filter(({ events }) => events.length < 100).length
  t.ok(cut > 0)
  t.equal(tail.dropped, cut + refused)
  for (const recorded of many) tail.release(recorded)
  t.ok(tail.admits())
  const after = record(tail)
  after.decided({ name: 'x', at: 0, attributes: {} })
  t.equal(after.events.length, 1)
})

t.test('Without tracing.tail nothing is recorded that the head decision left out', async (t) => {
  const world = new World({ environment: ELSEWHERE })
  const exchange = world.ask()
  t.equal((exchange.trace as TraceContext).recorded, undefined)
  world.answer(500)
  await world.telemetry.close()
})

t.test('With it, but without an exporter, neither', async (t) => {
  const world = new World({ settings: { tracing: TRACING } })
  t.equal((world.ask().trace as TraceContext).recorded, undefined)
})

t.test(
  'What policies decide after the end of an exchange takes no room: a write goes on though its client left',
  async (t) => {
    const world = new World({ environment: ELSEWHERE, settings: { tracing: TRACING } })
    for (let i = 0; i < 200; i++) {
      const exchange = world.ask()
      world.fail('client_cancelled')
      for (let at = 0; at < 128; at++) world.telemetry.events.decided(exchange, 'idempotency', 'stored', 'enforce')
    }
    world.ask()
    t.equal(await world.metric('outrigger_tail_dropped_total'), 0)
    await world.telemetry.close(0)
  },
)

t.test('Errors and slow exchanges are exported although nobody sampled them', async (t) => {
  const receiver = await new OtlpReceiver().listen(t)
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = receiver.url
  const world = new World({ environment: process.env, settings: { tracing: TRACING } })
  const { events } = world.telemetry
  /** Each is told from the others by its path. */
  const ask = (target: string, headers: string[] = [], attempts = 1, grpc = false) =>
    world.ask({ target, headers, grpc }, attempts)

  ask('/well')
  t.match(world.wireField('traceparent'), /-00$/)
  world.clock.advance(999)
  world.answer(200)
  ask('/not-found')
  world.answer(404)

  const failed = ask('/failed', ['traceparent', `00-${TRACE}-${PARENT}-00`, 'tracestate', 'a=b'], 0)
  world.attempt('first', '10.0.0.7:8080', true)
  const first = world.wireField('traceparent')
  world.fail('connect_failure')
  events.attemptFollows(failed, 'retry', 'connect_failure')
  world.attempt('retry', '10.0.0.8:8080')
  world.answer(503)

  ask('/b3', ['b3', '0'])
  t.match(world.wireField('b3'), /-0$/)
  world.answer(500)

  ask('/slow')
  world.clock.advance(1000)
  world.answer(200)

  ask('/refused', [], 0)
  world.refuse(503, 'circuit_open')
  ask('/limited', [], 0)
  world.refuse(429, 'rate_limited')

  ask('/left')
  world.fail('client_cancelled')

  // A call whose answer began at once: how long it streams says nothing of how fast it was.
  ask('/shop.Inventory/Watch', [], 1, true)
  world.upstream.last.head(200)
  world.clock.advance(60_000)
  world.upstream.last.finish(['grpc-status', '0'])
  ask('/shop.Inventory/Fails', [], 1, true)
  world.tell(14)

  ask('/sampled', ['traceparent', `00-${TRACE}-${PARENT}-01`])
  world.answer(200)

  world.clock.advance(20)
  await world.telemetry.close(10_000)

  t.match(receiver.requests[0]?.headers['content-type'], /^application\/x-protobuf/)
  const servers = receiver.spans.filter(({ kind }) => kind === KIND.SERVER)
  const told = servers.map(({ attributes }) => {
    const { 'url.path': path, 'outrigger.tail': tail } = values(attributes)
    return `${path} ${tail ?? '-'}`
  })
  t.same(told, [
    '/failed error',
    '/b3 error',
    '/slow slow',
    '/refused error',
    '/shop.Inventory/Fails error',
    '/sampled -',
  ])
  const server = servers[0] as Span
  t.match(server, { traceId: TRACE, parentSpanId: PARENT, traceState: 'a=b', status: { code: ERROR } })
  t.same(
    server.events.map(({ name }) => name),
    ['outrigger.attempt_follows'],
  )
  const attempts = receiver.spans.filter(({ parentSpanId }) => parentSpanId === server.spanId)
  t.equal(attempts.length, 2)
  t.equal(`00-${attempts[0]?.traceId}-${attempts[0]?.spanId}-00`, first)
  t.equal(await world.metric('outrigger_tail_dropped_total'), 0)
})

t.test('What a route says of streams decides where slow is measured', async (t) => {
  const receiver = await new OtlpReceiver().listen(t)
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = receiver.url
  for (const stream of [true, false]) {
    const route = routeInfo('inventory', `/stream-${stream}`, stream)
    const world = new World({ environment: process.env, settings: { tracing: TRACING }, route })
    world.ask({ grpc: !stream })
    world.upstream.last.head(200)
    world.clock.advance(5000)
    world.upstream.last.finish(stream ? undefined : ['grpc-status', '0'])
    world.clock.advance(20)
    await world.telemetry.close(10_000)
  }
  const routes = receiver.spans.filter(({ kind }) => kind === KIND.SERVER).map(({ attributes }) => values(attributes))
  t.same(
    routes.map((it) => it['http.route']),
    ['/stream-false'],
  )
})
