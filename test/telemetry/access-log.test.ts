import t from 'tap'
import { LineWriter } from '../../src/telemetry/line-writer.ts'
import { Seeded } from '../support/seeded.ts'
import { World } from './world.ts'

t.test('A line tells the exchange', async (t) => {
  const world = new World()
  world.clock.advance(5)
  const exchange = world.ask({ target: '/v1/items/7?x=1' })
  exchange.requestBytes = 3
  exchange.responseBytes = 5000
  world.clock.advance(12)
  world.answer(200)
  const { line } = world
  t.match(line.traceId, /^[0-9a-f]{32}$/)
  t.same(line, {
    time: '2027-01-15T08:00:00.005Z',
    direction: 'outbound',
    method: 'GET',
    path: '/v1/items/7?x=1',
    authority: 'inventory.shop:8080',
    route: '/v1/**',
    service: 'inventory',
    status: 200,
    durationMs: 12,
    attemptCount: 1,
    attempts: [{ endpoint: '10.0.0.7:8080', status: 200, ms: 12 }],
    upstream: '10.0.0.7:8080',
    requestBytes: 3,
    responseBytes: 5000,
    requestId: 'made-by-us',
    traceId: line.traceId,
    peer: '10.1.0.1',
    protocol: 'HTTP/1.1',
  })
  t.equal(world.accessLog.lines.length, 1)
})

t.test('Several attempts are told one by one, with why another followed or none did', async (t) => {
  const world = new World()
  const exchange = world.ask({}, 0)
  world.attempt('first', '10.0.0.7:8080', true)
  world.clock.advance(4)
  world.fail('connect_failure')
  const { events } = world.telemetry
  events.attemptFollows(exchange, 'retry', 'connect_failure')
  world.attempt('retry', '10.0.0.8:8080', true)
  world.clock.advance(8)
  world.answer(503)
  events.attemptFollows(exchange, 'retry', '503')
  world.attempt('retry', '10.0.0.9:8080')
  events.retrySkipped(exchange, 'limit')
  world.answer(503)
  t.match(world.line, { attemptCount: 3, upstream: '10.0.0.9:8080' })
  t.strictSame(world.line.attempts, [
    { endpoint: '10.0.0.7:8080', reason: 'connect_failure', ms: 4, why_next: 'retry: connect_failure' },
    { endpoint: '10.0.0.8:8080', status: 503, ms: 8, why_next: 'retry: 503' },
    { endpoint: '10.0.0.9:8080', status: 503, ms: 0, why_next: 'none: limit' },
  ])
})

t.test('An attempt that was to follow and found no endpoint is told with the one before', async (t) => {
  const world = new World()
  const exchange = world.ask({}, 0)
  world.attempt('first', '10.0.0.7:8080', true)
  world.answer(503)
  world.telemetry.events.attemptFollows(exchange, 'retry', '503')
  world.telemetry.events.retrySkipped(exchange, 'no_endpoint')
  world.refuse(503, 'no_endpoints')
  t.match(world.line, {
    reason: 'no_endpoints',
    attempts: [{ status: 503, why_next: 'retry: 503, none: no_endpoint' }],
  })
})

t.test('Of attempts side by side the line names the one that won', async (t) => {
  const world = new World()
  world.ask({}, 0)
  world.attempt('first', '10.0.0.7:8080')
  const first = world.upstream.last
  world.clock.advance(40)
  world.attempt('hedge', '10.0.0.8:8080', true)
  world.clock.advance(3)
  world.fail('superseded')
  first.head(200)
  first.finish()
  t.match(world.line, {
    attemptCount: 2,
    upstream: '10.0.0.7:8080',
    attempts: [
      { endpoint: '10.0.0.7:8080', status: 200, ms: 43 },
      { endpoint: '10.0.0.8:8080', kind: 'hedge', reason: 'superseded', ms: 3 },
    ],
  })
})

t.test('Of many attempts the newest 20 are told, and the number of all', async (t) => {
  const world = new World()
  world.ask({}, 0)
  for (let i = 0; i < 30; i++) {
    world.attempt('retry', `10.0.0.${i}:8080`, i < 29)
    world.answer(500 + (i % 10))
  }
  const line = world.line as unknown as { attemptCount: number; attempts: { endpoint: string }[] }
  t.equal(line.attemptCount, 30)
  t.equal(line.attempts.length, 20)
  t.equal(line.attempts[0]?.endpoint, '10.0.0.10:8080')
})

t.test('What blocks in shadow mode would have done is a list, each decision once', async (t) => {
  const world = new World()
  const exchange = world.ask()
  for (const decision of ['bulkhead_full', 'bulkhead_full'])
    world.telemetry.events.decided(exchange, 'bulkhead', decision, 'shadow')
  world.telemetry.events.decided(exchange, 'retry', 'retry', 'shadow')
  world.telemetry.events.decided(exchange, 'rateLimit', 'limited', 'enforce')
  world.answer(200)
  t.strictSame(world.line.shadow, ['bulkhead:bulkhead_full', 'retry:retry'])
})

t.test('Answers of our own say why, and a client that left is a 499', async (t) => {
  const world = new World({ route: undefined })
  world.ask({}, 0)
  world.refuse(404, 'route_not_found')
  t.match(world.line, { status: 404, reason: 'route_not_found', route: '', service: '', attemptCount: 0 })
  t.strictSame(world.line.attempts, [])
  t.notOk('upstream' in world.line)
  world.ask()
  world.fail('client_cancelled')
  t.match(world.line, { status: 499, reason: 'client_cancelled' })
})

t.test('Whatever a client sends, the line is one line of JSON', async (t) => {
  const random = new Seeded(11)
  const wild = () => Array.from({ length: random.int(40) }, () => String.fromCharCode(random.int(256))).join('')
  for (let i = 0; i < 300; i++) {
    const [target, authority, requestId, method] = [`/${wild()}`, wild(), wild(), `M${wild()}`]
    const world = new World({ authority })
    world.ask({ target, requestId, method })
    world.answer(200)
    t.same(world.line.path, target)
    t.match(world.line, { requestId, authority, method: '_OTHER', methodSent: method })
    t.equal(world.accessLog.lines.length, 1)
  }
})

t.test('A line that shares parts with the one before tells its own', async (t) => {
  const world = new World()
  const told = (target: string) => {
    world.ask({ target })
    world.answer(200)
    const { time, path } = world.line
    return [time, path]
  }
  t.same(told('/a'), ['2027-01-15T08:00:00.000Z', '/a'])
  t.same(told('/a'), ['2027-01-15T08:00:00.060Z', '/a'])
  world.clock.advance(735)
  t.same(told('/a'), ['2027-01-15T08:00:00.855Z', '/a'])
  t.same(told('/b'), ['2027-01-15T08:00:00.915Z', '/b'])
  world.clock.advance(30)
  t.same(told('/b'), ['2027-01-15T08:00:01.005Z', '/b'])
  for (let i = 0; i < 3; i++) t.equal(told('/"é')[1], '/"é')
  for (let i = 0; i < 3; i++) t.equal(told(`/${'x'.repeat(600)}`)[1], `/${'x'.repeat(600)}`)
  t.equal(told('/b')[1], '/b')
})

t.test('A target of 64 KiB is cut', async (t) => {
  const world = new World()
  world.ask({ target: `/${'x'.repeat(65_536)}` })
  world.answer(200)
  t.equal(world.line.path, `/${'x'.repeat(4095)}...`)
})

t.test('Lines are gathered for a moment, then written together', async (t) => {
  const world = new World()
  for (let i = 0; i < 3; i++) {
    world.ask()
    world.answer(200)
  }
  t.equal(world.accessLog.writes, 0)
  world.clock.advance(60)
  t.equal(world.accessLog.writes, 1)
  t.equal(world.clock.pending, 0)
})

t.test('text is for people, none is none, a sample is a sample', async (t) => {
  const settings = (format: 'text' | 'none' | 'json', sample: number) => ({
    accessLog: { format, sample, output: 'stdout' },
  })
  const text = new World({ settings: settings('text', 1) })
  text.ask()
  text.answer(200)
  text.clock.advance(60)
  t.match(
    text.accessLog.lines[0],
    /^2027-01-15T08:00:00.000Z outbound 10.1.0.1 HTTP\/1.1 GET "\/v1\/items\?x=1" .* 200 - 0.000ms /,
  )
  const exchange = text.ask({}, 0)
  text.attempt('first', '10.0.0.7:8080', true)
  text.answer(503)
  text.telemetry.events.attemptFollows(exchange, 'retry', '503')
  text.telemetry.events.decided(exchange, 'timeout', 'request_timeout', 'shadow')
  text.attempt('retry', '10.0.0.8:8080')
  text.answer(200)
  text.clock.advance(60)
  t.ok(
    text.accessLog.lines[1]?.endsWith(
      ' tried="10.0.0.7:8080 503 0ms (retry: 503); 10.0.0.8:8080 200 0ms" shadow=timeout:request_timeout',
    ),
    String(text.accessLog.lines[1]),
  )
  const none = new World({ settings: settings('none', 1) })
  none.ask()
  none.answer(200)
  none.clock.advance(60)
  t.equal(none.accessLog.lines.length, 0)
  const some = new World({ settings: settings('json', 0.25) })
  for (let i = 0; i < 1000; i++) {
    some.ask()
    some.answer(200)
  }
  some.clock.advance(60)
  t.ok(some.accessLog.lines.length > 180 && some.accessLog.lines.length < 320, `${some.accessLog.lines.length}`)
})

t.test('The pieces: quotes, numbers, milliseconds', async (t) => {
  const written = (write: (to: LineWriter) => void) => {
    const to = new LineWriter()
    write(to)
    return to.take().toString()
  }
  for (const text of ['', 'plain', '"', '\\', '\n', '\u007f', 'é', 'ÿ"', '\0']) {
    t.equal(JSON.parse(written((to) => to.quoted(text))), text)
  }
  for (const value of [0, 1, 9, 10, 99, 100, 999, 1000, 65_535, 2_147_483_647, 2_147_483_648, 1e15]) {
    t.equal(
      written((to) => to.int(value)),
      String(value),
    )
  }
  t.same(
    [0, -1, 0.0004, 0.0005, 1.9996, 12, 999.999, 60_000.5].map((ms) => written((to) => to.millis(ms))),
    ['0.000', '0.000', '0.000', '0.001', '2.000', '12.000', '999.999', '60000.500'],
  )
})

t.test('A page that fills up is handed on before its time', async (t) => {
  const world = new World()
  for (let i = 0; i < 800; i++) {
    world.ask({ target: `/${'x'.repeat(i)}` })
    world.answer(200)
  }
  t.ok(world.accessLog.writes > 3)
  t.equal(world.line.path, `/${'x'.repeat(799)}`)
  t.same(
    world.accessLog.lines.map((line) => (JSON.parse(line).path as string).length),
    Array.from({ length: 800 }, (_, i) => i + 1),
  )
})

t.test('An attempt that goes on when its exchange ends has no status yet, and lasted until then', async (t) => {
  const world = new World()
  world.ask()
  world.clock.advance(30)
  world.refuse(503, 'request_timeout')
  t.same(world.line['attempts'], [{ endpoint: '10.0.0.7:8080', ms: 30 }])
  const [ended] = world.telemetry.endings.since(0)
  t.match(ended?.attempts, [{ endpoint: '10.0.0.7:8080', status: 0, reason: '', ms: 30 }])
})
