import { spawnSync } from 'node:child_process'
import t from 'tap'
import { METRIC_TYPES, metricFormat } from '../../src/telemetry/metric-format.ts'
import { World } from './world.ts'

const OPEN = 'application/openmetrics-text; version=1.0.0'
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SAMPLED = { headers: ['traceparent', `00-${TRACE}-b7ad6b7169203331-01`] }
const UNSAMPLED = { headers: ['traceparent', `00-${TRACE}-b7ad6b7169203331-00`] }

t.test('metricFormat() follows Accept', async (t) => {
  const cases: [string, string][] = [
    ['', 'classic'],
    ['*/*', 'classic'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'classic'],
    [OPEN, 'openmetrics'],
    ['application/openmetrics-text', 'openmetrics'],
    ['Application/OpenMetrics-Text;Version="1.0.0"; charset=utf-8', 'openmetrics'],
    ['application/openmetrics-text; version=0.0.1', 'classic'],
    ['application/openmetrics-text;version=1.0.0;q=0', 'classic'],
    ['application/openmetrics-text;q=0.4, text/plain;q=0.5', 'classic'],
    // Prometheus 2 and 3 as they ask.
    [
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'openmetrics',
    ],
    [
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      'openmetrics',
    ],
  ]
  for (const [accept, format] of cases) t.equal(metricFormat(accept), format, accept)
})

t.test('A traced exchange is the exemplar of its bucket, and of that of its attempt', async (t) => {
  const world = new World()
  world.ask(SAMPLED)
  world.clock.advance(30)
  world.answer(200)
  const text = await world.metrics(OPEN)
  for (const side of ['server', 'client']) {
    const bucket = new RegExp(`^http_${side}_request_duration_seconds_bucket\\{.*le="0.05".*\\} 1 # (.*)$`, 'm')
    t.equal(bucket.exec(text)?.[1], `{trace_id="${TRACE}"} 0.03 1800000000.03`)
  }
  t.equal(text.match(/ # \{/g)?.length, 2, 'one bucket each')
  t.notMatch(await world.metrics(), / # \{/, 'the classic text has no word for it')
})

t.test('The newest trace of a bucket stays; what is not traced leaves none', async (t) => {
  const world = new World()
  world.ask(SAMPLED)
  world.answer(200)
  world.clock.advance(1000)
  const newer = TRACE.replace('0af', 'fa0')
  world.ask({ headers: ['traceparent', `00-${newer}-b7ad6b7169203331-01`] })
  world.answer(200)
  world.ask(UNSAMPLED)
  world.answer(200)
  const exemplars = (await world.metrics(OPEN)).match(/trace_id="\w+"/g)
  t.same(exemplars, [`trace_id="${newer}"`, `trace_id="${newer}"`])
})

t.test('gRPC calls have exemplars of their own', async (t) => {
  const world = new World()
  world.ask({ ...SAMPLED, grpc: true, target: '/shop.Inventory/Get' })
  world.tell(0)
  const text = await world.metrics(OPEN)
  t.match(text, new RegExp(`rpc_server_call_duration_seconds_bucket\\{.*le="0.005".*\\} 1 # \\{trace_id="${TRACE}"\\}`))
  t.match(text, new RegExp(`rpc_client_call_duration_seconds_bucket\\{.*le="0.005".*\\} 1 # \\{trace_id="${TRACE}"\\}`))
})

t.test('What is beyond every bound is the exemplar of +Inf', async (t) => {
  const world = new World()
  world.ask(SAMPLED)
  world.clock.advance(10_001)
  world.answer(200)
  t.match(await world.metrics(OPEN), /http_server_request_duration_seconds_bucket\{.*le="\+Inf".*\} 1 # \{trace_id=/)
})

t.test('OpenMetrics as its specification wants it', async (t) => {
  const world = new World()
  world.ask(SAMPLED)
  world.answer(503)
  const { type, text } = await world.telemetry.metrics(OPEN)
  t.equal(type, METRIC_TYPES.openmetrics)
  t.ok(text.endsWith('\n# EOF\n'))
  t.notMatch(text, /\n\n/, 'no empty lines')
  t.match(text, /^# TYPE outrigger_attempts counter$/m)
  t.match(text, /^outrigger_attempts_total\{/m)
  t.match(text, /^# TYPE process_cpu_user_seconds counter\nprocess_cpu_user_seconds_total /m)
  t.same(text.match(/le="\d+"/g), null, 'bounds are floats')
  t.match(text, /le="1.0"/)
  const classic = await world.telemetry.metrics()
  t.equal(classic.type, METRIC_TYPES.classic)
  t.match(classic.text, /^# TYPE outrigger_attempts_total counter$/m)
  t.match(classic.text, /le="1"/)
  t.equal(seriesOf(classic.text), seriesOf(text), 'the same series in both')
})

/** Lines of ours; what Node's own collector saw meanwhile may differ. */
function seriesOf(text: string): number {
  return text.split('\n').filter((line) => /^(outrigger|http|rpc)_/.test(line)).length
}

t.test("Prometheus' own client takes the OpenMetrics text", async (t) => {
  const there = spawnSync('python3', ['-c', 'import prometheus_client.openmetrics.parser'])
  if (there.status !== 0) {
    t.pass('skipped: no python3 with prometheus_client')
    return
  }
  const world = new World()
  world.ask(SAMPLED)
  world.answer(200)
  const program = [
    'import sys',
    'from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse',
    'families = list(parse(sys.stdin.read()))',
    'print(sum(1 for f in families for s in f.samples if s.exemplar))',
  ].join('\n')
  const judged = spawnSync('python3', ['-c', program], { input: await world.metrics(OPEN), encoding: 'utf8' })
  t.equal(judged.stdout, '2\n', judged.stderr)
})

t.test('What is exported for how it ended is an exemplar, too', async (t) => {
  const tail = { errors: true, slowerThan: Number.POSITIVE_INFINITY }
  const tracing = { sample: 0, propagators: ['tracecontext'] as const, tail }
  // Nothing is sent: the world closes before the SDK would be loaded.
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }
  const world = new World({ environment, settings: { tracing } })
  world.ask(UNSAMPLED)
  world.answer(200)
  t.notMatch(await world.metrics(OPEN), / # \{/)
  world.ask(UNSAMPLED)
  world.answer(503)
  const line = (await world.metrics(OPEN)).split('\n').find((it) => it.includes(' # {'))
  t.match(line, new RegExp(`^http_server_request.*http_response_status_code="503".*trace_id="${TRACE}"`))
})
