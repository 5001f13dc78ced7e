import t from 'tap'
import { HistogramTable, NO_ROW } from '../../src/telemetry/histogram.ts'
import type { RouteRows } from '../../src/telemetry/route-rows.ts'
import { World } from './world.ts'

const SERVER = 'http_server_request_duration_seconds_count'
const IDLE = 60_000

function world(): World {
  return new World({ settings: { metrics: { idle: IDLE, compatibility: [] } } })
}

t.test('A row that nothing was counted in leaves, and those beside it stay as they were', async (t) => {
  const its = world()
  its.ask()
  its.answer(503)
  its.ask()
  its.answer(200)
  t.equal(await its.metric(SERVER, { http_response_status_code: '503' }), 1)
  its.clock.advance(IDLE / 2)
  its.ask()
  its.answer(200)
  await its.metrics()
  its.clock.advance(IDLE / 2)
  t.equal(await its.metric(SERVER, { http_response_status_code: '503' }), undefined)
  t.equal(await its.metric(SERVER, { http_response_status_code: '200' }), 2)
  t.equal(await its.metric('outrigger_attempts_total', { outcome: '5xx' }), 1, 'a row of a living route')
  its.ask()
  its.answer(503)
  t.equal(await its.metric(SERVER, { http_response_status_code: '503' }), 1, 'it is back')
})

t.test('Idle is counted from the look that saw the last change: who is read seldom loses nothing', async (t) => {
  const its = world()
  its.ask()
  its.answer(200)
  its.clock.advance(3 * IDLE)
  t.equal(await its.metric(SERVER), 1)
})

t.test('A route stays while an exchange is under way', async (t) => {
  const its = world()
  its.ask()
  its.telemetry.events.retrySkipped(its.ask(), 'budget')
  its.answer(200)
  await its.metrics()
  its.clock.advance(IDLE)
  t.equal(await its.metric('outrigger_retry_skipped_total'), 1)
})

t.test(
  'A route without an exchange leaves whole and begins anew; sums over its destination do not go backwards',
  async (t) => {
    const its = world()
    const exchange = its.ask()
    exchange.requestBytes = 100
    its.telemetry.events.retrySkipped(exchange, 'budget')
    its.answer(200)
    const route = its.route as { template: string; telemetry: unknown }
    const gone = route.telemetry as RouteRows
    // Another route of the same service, as a reload would make it.
    route.telemetry = undefined
    route.template = '/v2'
    its.ask().requestBytes = 10
    its.answer(200)
    const bytes = () => its.metric('outrigger_request_body_bytes_total', { destination: 'inventory' })
    t.equal(await bytes(), 110)
    its.clock.advance(IDLE - 1)
    its.ask()
    its.answer(200)
    await its.metrics()
    its.clock.advance(1)
    t.equal(await bytes(), 110)
    t.equal(gone.gone, true)
    t.equal(await its.metric('outrigger_retry_skipped_total'), undefined)
    // A request of the old configuration.
    route.telemetry = gone
    route.template = '/v1/**'
    its.ask()
    its.answer(200)
    t.equal(await its.metric(SERVER, { http_route: '/v1/**' }), 1)
    t.equal(await bytes(), 110)
    its.clock.advance(IDLE)
    t.equal(await bytes(), undefined, 'all of them are gone')
  },
)

t.test('What matched no route stays a route', async (t) => {
  const its = new World({ route: undefined, settings: { metrics: { idle: IDLE, compatibility: [] } } })
  its.ask({}, 0)
  its.refuse(404, 'route_not_found')
  await its.metrics()
  its.clock.advance(IDLE)
  t.equal(await its.metric(SERVER), undefined)
  its.ask({}, 0)
  its.refuse(404, 'route_not_found')
  t.equal(await its.metric(SERVER), 1)
})

t.test('Rows that left make room for others, with nothing in them', (t) => {
  const table = new HistogramTable(1)
  const row = table.addRow()
  table.observe(row, 3)
  table.exemplify(row, 3, 'abc', 1)
  t.equal(table.addRow(), NO_ROW)
  t.equal(table.isIdle(row, 0, IDLE), false)
  t.equal(table.isIdle(row, IDLE - 1, IDLE), false)
  t.equal(table.isIdle(row, IDLE, IDLE), true)
  table.free(row)
  t.equal(table.addRow(), row)
  t.equal(table.cumulative(row).at(-1), 0)
  t.equal(table.sum(row), 0)
  t.equal(table.exemplar(row, 0), undefined)
  t.end()
})

t.test('What found no row finds one once another left', async (t) => {
  const its = world()
  for (let i = 0; i < 2001; i++) {
    const method = ['GET', 'PUT', 'POST', 'HEAD'][i % 4] as string
    its.ask({ method })
    its.answer(200 + (i >> 2))
  }
  t.equal(await its.metric('outrigger_series_dropped_total'), 2, 'the exchange and its attempt')
  its.clock.advance(IDLE)
  await its.metrics()
  its.ask()
  its.answer(700)
  t.equal(await its.metric(SERVER), 1)
  t.equal(await its.metric('outrigger_series_dropped_total'), 2)
})
