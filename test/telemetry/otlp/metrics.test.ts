import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import type { Metric, Point } from '../../support/otlp-messages.ts'
import { OtlpReceiver, values } from '../../support/otlp-receiver.ts'
import { World } from '../world.ts'

const CUMULATIVE = 2
const DELTA = 1

/** By the rules of OpenTelemetry's page "Prometheus and OpenMetrics compatibility". */
const UNITS: Readonly<Record<string, string>> = { s: '_seconds', ms: '_milliseconds', By: '_bytes', '': '' }

function prometheusName({ name, unit, sum }: Metric): string {
  const total = sum?.isMonotonic === true ? '_total' : ''
  return `${name.replaceAll('.', '_')}${UNITS[unit ?? '']}${total}`
}

function series(name: string, labels: Record<string, unknown>): string {
  const stated = Object.entries(labels).filter(([, value]) => value !== '')
  const texts = stated.map(([label, value]) => `${label.replaceAll('.', '_')}="${value}"`)
  return `${name}{${texts.sort().join(',')}}`
}

function samplesOf(metric: Metric): [string, number][] {
  const name = prometheusName(metric)
  if (metric.histogram === undefined) {
    const { dataPoints } = metric.sum ?? metric.gauge ?? { dataPoints: [] }
    return dataPoints.map((point) => [series(name, values(point.attributes)), point.asDouble ?? Number.NaN])
  }
  return metric.histogram.dataPoints.flatMap((point): [string, number][] => {
    const labels = values(point.attributes)
    return [
      ...buckets(point).map(([le, value]): [string, number] => [series(`${name}_bucket`, { ...labels, le }), value]),
      [series(`${name}_sum`, labels), point.sum ?? Number.NaN],
      [series(`${name}_count`, labels), Number(point.count)],
    ]
  })
}

function buckets({ bucketCounts = [], explicitBounds = [] }: Point): [string, number][] {
  let below = 0
  return bucketCounts.map((count, at) => {
    below += Number(count)
    return [at < explicitBounds.length ? String(explicitBounds[at]) : '+Inf', below]
  })
}

function exported(receiver: OtlpReceiver): Metric[] {
  return receiver.metrics.flatMap(({ resourceMetrics }) =>
    resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics)),
  )
}

/** Every sample of the text, its labels in order of their names. */
function scraped(text: string): Map<string, number> {
  const samples = new Map<string, number>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const [, name = '', labels = '', value = ''] = /^([a-zA-Z_0-9]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    const sorted = [...labels.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, label, text]) => [label, text])
    samples.set(series(name, Object.fromEntries(sorted)), Number(value))
  }
  return samples
}

/** What is another number at each look: of the process, not of what it did. */
function isOfProcess(name: string): boolean {
  return /^(?:process_|nodejs_|outrigger_event_loop_)/.test(name)
}

/** Each series, but for those of the process: its handles come and go. */
function names(samples: ReadonlyMap<string, number>): string[] {
  return [...samples.keys()].filter((name) => !isOfProcess(name)).sort()
}

/** The SDK reads the environment itself. */
async function receiverFor(t: Parameters<OtlpReceiver['listen']>[0], settings: Record<string, string>) {
  const receiver = await new OtlpReceiver().listen(t)
  const before = { ...process.env }
  Object.assign(process.env, { OTEL_METRICS_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...settings })
  t.teardown(() => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
  })
  return receiver
}

function observed(environment: NodeJS.ProcessEnv): World {
  const world = new World({ environment })
  world.telemetry.observe({
    snapshots: () => [{ kind: 'budget', of: 'retry', service: 'inventory', remaining: 12, percent: 0.2 }],
    endpoints: () => [
      { service: 'inventory', address: '10.0.0.7:8080', state: 'ready', inflight: 1, idle: 2, connections: 3 },
    ],
    replayBytes: () => 4096,
    connections: (direction) => (direction === 'inbound' ? 5 : 6),
    config: () => ({ hash: 'abc', lastReloadSuccess: false, loadedAt: 1_800_000_000_000, warnings: 2 }),
    propagate: () => 'all',
  })
  return world
}

/** A little of everything that is counted. */
function traffic(world: World): void {
  const { events } = world.telemetry
  for (const [took, status] of [
    [3, 200],
    [30, 200],
    [300, 503],
    [30_000, 404],
  ] as const) {
    world.ask()
    world.clock.advance(took)
    world.answer(status)
  }
  world.ask({ target: '/shop.Inventory/Get', grpc: true })
  world.tell(14)
  const exchange = world.ask({}, 0)
  events.retrySkipped(exchange, 'budget')
  events.bulkheadWaited(exchange, 12)
  events.fallbackServed(exchange, 'static', '503')
  world.refuse(503, 'circuit_open')
  world.ask()
}

for (const protocol of ['http/protobuf', 'http/json']) {
  t.test(`What is exported over ${protocol} is what is scraped`, async (t) => {
    const receiver = await receiverFor(t, { OTEL_EXPORTER_OTLP_PROTOCOL: protocol, OTEL_TRACES_EXPORTER: 'none' })
    const world = observed(process.env)
    traffic(world)
    const { text } = await world.telemetry.metrics()
    await world.telemetry.close(10_000)

    t.equal(receiver.requests[0]?.line, 'POST /v1/metrics')
    const got = new Map(exported(receiver).flatMap(samplesOf))
    const wanted = scraped(text)
    t.same(names(got), names(wanted))
    t.ok(names(got).length > 150, `${names(got).length}`)
    t.ok(got.has('process_resident_memory_bytes{}') && got.has('process_cpu_seconds_total{}'))
    for (const [name, value] of wanted) if (!isOfProcess(name)) t.equal(got.get(name), value, name)
    t.equal(receiver.traces.length, 0)
  })
}

t.test('Names and units are those of the conventions, counters count from the start', async (t) => {
  const receiver = await receiverFor(t, {})
  const world = observed(process.env)
  const startedAt = world.clock.wallTime()
  traffic(world)
  await world.telemetry.close(10_000)

  const metrics = new Map(exported(receiver).map((metric) => [metric.name, metric]))
  const duration = metrics.get('http.server.request.duration')
  t.match(duration, { unit: 's', histogram: { aggregationTemporality: CUMULATIVE } })
  const point = duration?.histogram?.dataPoints.find(({ count }) => Number(count) === 2) as Point
  t.match(values(point.attributes), {
    direction: 'outbound',
    destination: 'inventory',
    'http.request.method': 'GET',
    'http.response.status_code': '200',
    'http.route': '/v1/**',
    'network.protocol.version': '1.1',
    'url.scheme': 'http',
  })
  t.notOk('error.type' in values(point.attributes))
  t.equal(Number(point.startTimeUnixNano) / 1e6, startedAt)
  t.equal(Number(point.timeUnixNano) / 1e6, world.clock.wallTime())
  t.same(point.explicitBounds, [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10])
  t.same(point.bucketCounts?.map(Number), [1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  t.not(metrics.get('http.server.active_requests')?.sum?.isMonotonic, true)
  t.match(metrics.get('outrigger.attempts'), { sum: { isMonotonic: true } })
  t.notOk(metrics.get('outrigger.attempts')?.unit)
  t.match(metrics.get('rpc.server.call.duration'), { unit: 's' })
  t.match(metrics.get('outrigger.replay_buffer'), { unit: 'By', gauge: { dataPoints: [{ asDouble: 4096 }] } })
  t.match(metrics.get('outrigger.config_last_reload_timestamp'), { unit: 's' })
  const resource = values(receiver.metrics[0]?.resourceMetrics[0]?.resource.attributes)
  t.match(resource, { 'service.name': 'orders', 'service.version': '1.2.3' })
})

t.test('With the preference delta only what came is told', async (t) => {
  const receiver = await receiverFor(t, {
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta',
    OTEL_METRIC_EXPORT_INTERVAL: '20',
  })
  const world = observed(process.env)
  const attempts = () => exported(receiver).filter(({ name }) => name === 'outrigger.attempts')
  world.ask()
  world.answer(200)
  // The SDK is loaded a second after the start; its intervals are of the real clock.
  world.clock.advance(1000)
  await receiver.until(() => attempts().length === 1)
  for (let i = 0; i < 3; i++) {
    world.ask()
    world.answer(200)
  }
  await receiver.until(() => attempts().length === 2)
  await world.telemetry.close(10_000)
  t.same(
    attempts().map(({ sum }) => [sum?.aggregationTemporality, sum?.dataPoints[0]?.asDouble]),
    [
      [DELTA, 1],
      [DELTA, 3],
    ],
  )
})

t.test('A collector that never answers holds up the end until its timeout, and no longer', async (t) => {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>()
  const silent = createServer(() => ask())
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    silent.closeAllConnections()
    silent.close()
  })
  const { port } = silent.address() as AddressInfo
  await receiverFor(t, { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `http://127.0.0.1:${port}/v1/metrics` })
  const world = observed(process.env)
  let over = false
  const closed = world.telemetry.close(2000).then(() => {
    over = true
  })
  await asked
  t.notOk(over)
  world.clock.advance(2100)
  await closed
  t.ok(over)
})
