import t from 'tap'
import type { EndListener } from '../../../src/telemetry/index.ts'
import { World } from '../world.ts'

t.test('A plain exchange leaves nothing, and neither does an answer of the upstream that is no failure', (t) => {
  const world = new World()
  for (const status of [200, 304, 404, 499]) {
    world.ask()
    world.answer(status)
  }
  world.ask({ grpc: true })
  world.tell(5)
  t.equal(world.telemetry.endings.count, 0)
  t.strictSame(world.telemetry.endings.since(0), [])
  t.end()
})

t.test('A failure is told with its attempts and why each was followed or not', (t) => {
  const world = new World()
  world.clock.advance(5)
  const exchange = world.ask({ target: '/v1/items/7?token=x' }, 0)
  world.clock.advance(1)
  world.attempt('first', '10.0.0.7:8080', true)
  world.clock.advance(4)
  world.fail('connect_failure')
  world.telemetry.events.attemptFollows(exchange, 'retry', 'connect_failure')
  world.clock.advance(10)
  world.attempt('retry', '10.0.0.8:8080')
  world.telemetry.events.retrySkipped(exchange, 'budget')
  world.clock.advance(2)
  world.answer(503)
  const first = { kind: 'first', endpoint: '10.0.0.7:8080', at: 1, ms: 4, status: 0, grpcStatus: '' }
  const second = { kind: 'retry', endpoint: '10.0.0.8:8080', at: 15, ms: 2, status: 503, grpcStatus: '', reason: '' }
  t.strictSame(world.telemetry.endings.since(0), [
    {
      time: Date.parse('2027-01-15T08:00:00.005Z'),
      direction: 'outbound',
      service: 'inventory',
      route: '/v1/**',
      method: 'GET',
      outcome: 'failed',
      status: 503,
      grpcStatus: '',
      origin: 'upstream',
      reason: '',
      duration: 17,
      attemptCount: 2,
      attempts: [
        { ...first, reason: 'connect_failure', whyNext: 'retry: connect_failure' },
        { ...second, whyNext: 'none: budget' },
      ],
      shadow: [],
      path: '',
      cause: '',
      traceId: '',
    },
  ])
  t.end()
})

t.test('The outcome is the word for what became of it', (t) => {
  const world = new World()
  const last = () => world.telemetry.endings.since(0).at(-1)
  world.ask({}, 0)
  world.refuse(503, 'circuit_open')
  t.match(last(), { outcome: 'refused', reason: 'circuit_open', origin: 'proxy', attempts: [] })
  world.ask()
  world.refuse(504, 'request_timeout')
  t.match(last(), { outcome: 'failed', reason: 'request_timeout' })
  world.ask()
  world.fail('client_cancelled')
  t.match(last(), { outcome: 'cancelled', status: 499, origin: '' })
  world.ask()
  world.upstream.last.head(200)
  world.fail('upstream_reset')
  t.match(last(), { outcome: 'failed', status: 200, reason: 'upstream_reset' })
  world.ask({}, 0)
  world.attempt('first', '10.0.0.7:8080', true)
  world.answer(503)
  world.attempt('retry')
  world.answer(200)
  t.match(last(), { outcome: 'retried', status: 200 })
  world.ask({}, 0)
  world.attempt('first', '10.0.0.7:8080', true)
  world.attempt('hedge')
  world.answer(200)
  t.match(last(), { outcome: 'hedged', status: 200 })
  const shadowed = world.ask()
  world.telemetry.events.decided(shadowed, 'bulkhead', 'bulkhead_full', 'shadow')
  world.answer(200)
  t.match(last(), { outcome: 'shadow', shadow: ['bulkhead:bulkhead_full'] })
  world.ask({}, 0)
  world.stand(200, 'connect_failure')
  t.match(last(), { outcome: 'fallback', status: 200, reason: 'connect_failure' })
  world.ask({ grpc: true })
  world.tell(14)
  t.match(last(), { outcome: 'failed', status: 200, grpcStatus: 'UNAVAILABLE' })
  t.equal(world.telemetry.endings.count, 9)
  t.end()
})

t.test('Paths, causes and trace ids are kept only where they were asked for, and never a query', (t) => {
  const world = new World({ pagePaths: true })
  const exchange = world.ask({ target: '/v1/items/7?token=x' }, 0)
  exchange.cause = 'connect ECONNREFUSED'
  world.refuse(502, 'connect_failure')
  world.ask({ target: `/${'a'.repeat(5000)}` }, 0)
  world.refuse(502, 'connect_failure')
  const [one, two] = world.telemetry.endings.since(0)
  t.match(one, { path: '/v1/items/7', cause: 'connect ECONNREFUSED', traceId: /^[0-9a-f]{32}$/ })
  t.equal(two?.path.length, 259)
  t.end()
})

t.test('The last hundred are kept, and who has seen some of them is told the others', (t) => {
  const world = new World()
  const { endings } = world.telemetry
  for (let i = 0; i < 230; i++) {
    world.ask()
    world.answer(500 + (i % 100))
  }
  const statuses = (seen: number) => endings.since(seen).map(({ status }) => status)
  t.equal(endings.count, 230)
  t.strictSame(
    statuses(0),
    Array.from({ length: 100 }, (_, i) => 500 + ((130 + i) % 100)),
  )
  t.strictSame(statuses(228), [528, 529])
  t.strictSame(statuses(230), [])
  t.end()
})

t.test('Whoever listens is told of every exchange, until it listens no more', (t) => {
  const world = new World()
  const told: string[] = []
  const listener = (name: string): EndListener => ({
    exchangeEnded: ({ request, rows, status, origin, reason, now }) =>
      void told.push(`${name} ${request.method} ${rows.service} ${status} ${origin} ${reason} ${now}`),
  })
  const now = world.clock.now()
  const leave = world.telemetry.endings.listen(listener('one'))
  world.ask()
  world.answer(200)
  const leaveToo = world.telemetry.endings.listen(listener('two'))
  world.ask({}, 0)
  world.refuse(429, 'rate_limited')
  leave()
  world.ask()
  world.answer(201)
  leaveToo()
  world.ask()
  world.answer(202)
  t.strictSame(told, [
    `one GET inventory 200 upstream  ${now}`,
    `one GET inventory 429 proxy rate_limited ${now}`,
    `two GET inventory 429 proxy rate_limited ${now}`,
    `two GET inventory 201 upstream  ${now}`,
  ])
  t.end()
})
