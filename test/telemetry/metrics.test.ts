import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import t from 'tap'
import type { Snapshot } from '../../src/core/events.ts'
import { World } from './world.ts'

const SERVER = 'http_server_request_duration_seconds'
/** What prom-client tells of its own accord. */
const PROM_CLIENT = /^(process_|nodejs_(?!eventloop_time_))/

const CLIENT = 'http_client_request_duration_seconds'

function observe(world: World, snapshots: Snapshot[] = []): void {
  world.telemetry.observe({
    snapshots: () => snapshots,
    endpoints: () => [
      { service: 'inventory', address: '10.0.0.7:8080', state: 'ready', inflight: 1, idle: 2, connections: 3 },
      { service: 'inventory', address: '10.0.0.8:8080', state: 'ready', inflight: 0, idle: 1, connections: 1 },
    ],
    replayBytes: () => 4096,
    connections: (direction) => (direction === 'inbound' ? 5 : 6),
    config: () => ({ hash: 'abc', lastReloadSuccess: false, loadedAt: 1_800_000_000_000, warnings: 2 }),
    propagate: () => 'all',
  })
}

t.test('An exchange is counted where its duration falls', async (t) => {
  const world = new World()
  world.ask()
  t.equal(await world.metric('http_server_active_requests', { destination: 'inventory' }), 1)
  world.clock.advance(30)
  world.answer(200)
  t.equal(await world.metric('http_server_active_requests', { destination: 'inventory' }), 0)
  for (const name of [SERVER, CLIENT]) {
    t.equal(await world.metric(`${name}_bucket`, { le: '0.025' }), 0)
    t.equal(await world.metric(`${name}_bucket`, { le: '0.05' }), 1)
    t.equal(await world.metric(`${name}_bucket`, { le: '+Inf' }), 1)
    t.equal(await world.metric(`${name}_sum`), 0.03)
    t.equal(await world.metric(`${name}_count`, { http_route: '/v1/**', http_response_status_code: '200' }), 1)
  }
  t.equal(await world.metric('outrigger_attempts_total', { attempt: 'first', outcome: 'success' }), 1)
})

t.test('A boundary belongs to the bucket below it', async (t) => {
  const world = new World()
  world.ask()
  world.clock.advance(5)
  world.answer(200)
  t.equal(await world.metric(`${SERVER}_bucket`, { le: '0.005' }), 1)
})

t.test('A retried failure is two attempts and one exchange', async (t) => {
  const world = new World()
  world.ask({}, 0)
  world.attempt('first', '10.0.0.7:8080', true)
  world.answer(503)
  world.attempt('retry', '10.0.0.8:8080')
  world.answer(200)
  t.equal(await world.metric('outrigger_attempts_total', { attempt: 'first', outcome: '5xx' }), 1)
  t.equal(await world.metric('outrigger_attempts_total', { attempt: 'retry', outcome: 'success' }), 1)
  t.equal(await world.metric(`${CLIENT}_count`, { error_type: '503' }), 1)
  t.equal(await world.metric(`${SERVER}_count`), 1)
})

t.test('An answer put aside is what its attempt came to; an attempt that had none was superseded', async (t) => {
  const world = new World()
  world.ask({}, 0)
  world.attempt('first', '10.0.0.7:8080', true)
  world.upstream.last.head(503)
  world.fail('superseded')
  world.attempt('hedge', '10.0.0.8:8080', true)
  world.fail('superseded')
  t.equal(await world.metric('outrigger_attempts_total', { outcome: '5xx' }), 1)
  t.equal(await world.metric('outrigger_attempts_total', { outcome: 'superseded', attempt: 'hedge' }), 1)
})

t.test('Answers of our own carry their reason, clients that left no status', async (t) => {
  const world = new World()
  world.ask({}, 0)
  world.refuse(503, 'circuit_open')
  t.equal(await world.metric(`${SERVER}_count`, { error_type: 'circuit_open', http_response_status_code: '503' }), 1)
  world.ask()
  world.fail('client_cancelled')
  const text = await world.metrics()
  const line = text.split('\n').find((it) => it.startsWith(`${SERVER}_count`) && it.includes('client_cancelled'))
  t.notMatch(line, /http_response_status_code/)
})

t.test('What matched no route, and methods nobody knows, add no series of their own', async (t) => {
  const world = new World({ route: undefined })
  for (let i = 0; i < 1000; i++) {
    world.ask({ method: `X${i}`, target: `/${i}` }, 0)
    world.refuse(404, 'route_not_found')
  }
  t.equal(await world.metric(`${SERVER}_count`, { http_request_method: '_OTHER' }), 1000)
})

t.test('Rows are bounded: what finds none is counted', async (t) => {
  const world = new World()
  for (let i = 0; i < 5000; i++) {
    world.ask({ method: ['GET', 'PUT', 'POST', 'HEAD', 'PATCH', 'DELETE', 'OPTIONS'][i % 7] as string })
    world.answer(100 + (Math.floor(i / 7) % 900))
  }
  const dropped = await world.metric('outrigger_series_dropped_total')
  t.ok((dropped ?? 0) > 0)
  const total = (await world.metrics()).split('\n').filter((line) => line.startsWith(`${SERVER}_count`))
  t.ok(total.length === 2000)
})

t.test('Routes are bounded: those beyond share one name, and are counted', async (t) => {
  const world = new World()
  const route = world.route as { template: string; telemetry: unknown }
  // Two are there from the start: what matches none, in and out.
  for (let i = 0; i < 5000; i++) {
    Object.assign(route, { template: `/${i}`, telemetry: undefined })
    world.ask()
    world.answer(200)
  }
  const shared = { route: '_OTHER', destination: '_OTHER', attempt: 'first' }
  t.equal(await world.metric('outrigger_attempts_total', shared), 2)
  t.equal(await world.metric('outrigger_attempts_total', { route: '/4997', attempt: 'first' }), 1)
  // Two routes, and of each histogram what had no row: all but 2 000.
  t.equal(await world.metric('outrigger_series_dropped_total'), 2 + 2 * 3000)
})

t.test('A family that is long is written in pieces, and is one family', async (t) => {
  const world = new World()
  for (let i = 0; i < 600; i++) {
    world.ask()
    world.answer(200 + i)
  }
  for (const accept of ['', 'application/openmetrics-text']) {
    const lines = (await world.metrics(accept)).split('\n')
    const first = lines.indexOf(`# TYPE ${SERVER} histogram`)
    t.equal(lines.filter((line) => line.startsWith(`# TYPE ${SERVER} `)).length, 1)
    const samples = lines.slice(first + 1, first + 1 + 600 * 17)
    t.ok(
      samples.every((line) => line.startsWith(`${SERVER}_`)),
      'without a gap',
    )
    t.notOk(lines[first + 1 + 600 * 17]?.startsWith(SERVER), 'and no more')
  }
})

t.test('A reload makes new routes and keeps what was counted', async (t) => {
  const world = new World()
  world.ask()
  world.answer(200)
  const route = world.route as { telemetry: unknown }
  route.telemetry = undefined
  world.ask()
  world.answer(200)
  t.equal(await world.metric(`${SERVER}_count`), 2)
})

t.test('A tunnel counts its handshake, and its bytes when it ends', async (t) => {
  const world = new World()
  const exchange = world.ask({ method: 'CONNECT' })
  world.upstream.last.head(200)
  world.clock.advance(60_000)
  exchange.requestBytes = 10
  exchange.responseBytes = 20
  world.upstream.last.finish()
  t.equal(await world.metric(`${SERVER}_bucket`, { le: '0.005' }), 1)
  t.equal(await world.metric(`${SERVER}_count`), 1)
  t.equal(await world.metric(`${CLIENT}_bucket`, { le: '0.005' }), 1, 'of its attempt too')
  t.equal(await world.metric(`${CLIENT}_count`), 1)
  t.equal(await world.metric('outrigger_attempts_total', { outcome: 'success' }), 1)
  t.equal(await world.metric('outrigger_tunnel_bytes_total', { direction: 'outbound', flow: 'received' }), 10)
  t.equal(await world.metric('outrigger_tunnel_bytes_total', { direction: 'outbound', flow: 'sent' }), 20)
})

const SNAPSHOTS: Snapshot[] = [
  {
    kind: 'breaker',
    id: 'inventory',
    service: 'inventory',
    scope: 'service',
    key: '',
    state: 'open',
    forced: 'auto',
    failureRatio: 0.5,
    slowRatio: 0,
    calls: 20,
    opensFor: 3,
  },
  {
    kind: 'bulkhead',
    service: 'inventory',
    per: 'service',
    key: '',
    inflight: 7,
    limit: 50,
    queued: 2,
    maxQueue: 100,
    streams: 0,
    maxStreams: 50,
  },
  { kind: 'budget', of: 'retry', service: 'inventory', remaining: 12, percent: 0.2 },
]

t.test('States are read from snapshots, events are counted', async (t) => {
  const world = new World()
  observe(world, SNAPSHOTS)
  const exchange = world.ask()
  const { events } = world.telemetry
  events.retrySkipped(exchange, 'budget')
  events.bulkheadRejected(exchange, 'bulkhead_full')
  events.bulkheadWaited(exchange, 12)
  events.fallbackServed(exchange, 'static', 'circuit_open')
  events.circuitChanged(SNAPSHOTS[0] as never, 'closed', '10 of 20 failed')
  events.defect('http1', new Error('boom'))
  world.telemetry.refused('header_too_large', 'inbound')
  world.telemetry.violation('flood', 'client', 'inbound')
  const expected: [string, Record<string, string>, number][] = [
    ['outrigger_circuit_state', { state: 'open', scope: 'service' }, 1],
    ['outrigger_circuit_state', { state: 'closed' }, 0],
    ['outrigger_circuit_failure_ratio', {}, 0.5],
    ['outrigger_circuit_transitions_total', { from: 'closed', to: 'open', destination: 'inventory' }, 1],
    ['outrigger_bulkhead_inflight', {}, 7],
    ['outrigger_bulkhead_limit', {}, 50],
    ['outrigger_bulkhead_queue_depth', {}, 2],
    ['outrigger_bulkhead_rejected_total', { reason: 'bulkhead_full' }, 1],
    ['outrigger_bulkhead_queue_duration_seconds_bucket', { le: '0.025' }, 1],
    ['outrigger_retry_budget_remaining', { destination: 'inventory' }, 12],
    ['outrigger_retry_skipped_total', { reason: 'budget' }, 1],
    ['outrigger_fallback_total', { kind: 'static', reason: 'circuit_open' }, 1],
    ['outrigger_endpoints', { state: 'ready' }, 2],
    ['outrigger_endpoints', { state: 'ejected' }, 0],
    ['http_client_open_connections', { http_connection_state: 'idle' }, 3],
    ['http_client_open_connections', { http_connection_state: 'active' }, 1],
    ['outrigger_replay_buffer_bytes', {}, 4096],
    ['outrigger_downstream_connections', { direction: 'outbound' }, 6],
    ['outrigger_config_info', { hash: 'abc', version: '1.2.3' }, 1],
    ['outrigger_config_last_reload_success', {}, 0],
    ['outrigger_config_last_reload_timestamp_seconds', {}, 1_800_000_000],
    ['outrigger_policy_warnings', {}, 2],
    ['outrigger_refused_total', { direction: 'inbound', reason: 'header_too_large' }, 1],
    ['outrigger_http2_violations_total', { direction: 'inbound', peer: 'client', kind: 'flood' }, 1],
    ['outrigger_defects_total', { where: 'http1' }, 1],
  ]
  for (const [name, labels, value] of expected) t.equal(await world.metric(name, labels), value, name)
  const logged = world.logLines.lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  t.match(logged, [
    { level: 'warn', msg: 'circuit changed', from: 'closed', to: 'open', why: '10 of 20 failed', service: 'inventory' },
    { level: 'error', msg: 'defect', where: 'http1', error: /boom/ },
  ])
})

t.test('promtool takes the whole text', async (t) => {
  if (spawnSync('promtool', ['--version']).error !== undefined) {
    t.pass('skipped: promtool is not installed (Debian package prometheus)')
    return
  }
  const world = new World()
  observe(world, SNAPSHOTS)
  const exchange = world.ask()
  world.answer(500)
  world.telemetry.events.retrySkipped(exchange, 'deadline')
  world.telemetry.events.bulkheadWaited(exchange, 3)
  world.telemetry.events.bulkheadRejected(exchange, 'bulkhead_full')
  world.telemetry.events.fallbackServed(exchange, 'static', '503')
  world.telemetry.events.circuitChanged(SNAPSHOTS[0] as never, 'closed', '')
  world.telemetry.events.defect('x', 'y')
  world.telemetry.refused('head_timeout', 'outbound')
  const input = await world.metrics()
  const { status, stderr, stdout } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' })
  t.equal(status, 0, stderr + stdout)
  t.equal(stderr + stdout, '')
})

t.test('docs/metrics.md has every metric of ours, and no other', async (t) => {
  const docs = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')
  const rows = docs.split('\n').filter((line) => line.startsWith('| `'))
  const told = rows.flatMap((row) => [
    ...(row.split('|')[1] ?? '').matchAll(/`((?:outrigger|http|rpc|istio|nodejs)_\w+)`/g),
  ])
  const documented = new Set(told.map(([, name]) => name as string))
  const text = await new World({ settings: { metrics: { idle: 1, compatibility: ['istio'] } } }).metrics()
  const exposed = new Set(Array.from(text.matchAll(/^# TYPE (\S+)/gm), ([, name]) => name as string))
  for (const name of exposed) if (!PROM_CLIENT.test(name)) t.ok(documented.has(name), `${name} is documented`)
  for (const name of documented) t.ok(exposed.has(name), `${name} exists`)
})

t.test('The delay of the event loop is counted from the start on, and so is what it did', async (t) => {
  const world = new World()
  world.telemetry.late(3)
  world.telemetry.late(700)
  t.equal(await world.metric('outrigger_event_loop_delay_seconds_bucket', { le: '0.005' }), 1)
  t.equal(await world.metric('outrigger_event_loop_delay_seconds_count'), 2)
  t.equal(await world.metric('outrigger_event_loop_delay_seconds_sum'), 0.703)
  t.ok(((await world.metric('nodejs_eventloop_time_seconds_total', { nodejs_eventloop_state: 'active' })) ?? 0) > 0)
})
