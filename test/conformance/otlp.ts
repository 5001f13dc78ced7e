/**
 * `npm run test:otlp`: a sidecar exports spans and metrics to OpenTelemetry's own collector, over each protocol, and what
 * the collector makes of them (it hands them on in JSON) is compared with what was asked and with `/metrics`. The collector is
 * the program that OTELCOL names, or `otelcol` among the built suites or on the PATH; it must have the otlp receiver and
 * the otlphttp exporter. Where it is not there, that is said, and nothing is run.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../support/free-port.ts'
import type { Metric } from '../support/otlp-messages.ts'
import { KIND, OtlpReceiver, values } from '../support/otlp-receiver.ts'
import { port, Spawned } from '../support/spawned.ts'

const SUITES = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'outrigger-suites', 'bin')
const REQUESTS = 20
const POLICIES = 'kind: Sidecar\nname: judged\naccessLog: {format: none}\ndrain: {wait: 1ms}\ntracing: {sample: 100%}\n'

type Undo = () => unknown

function collector(): string | undefined {
  const candidates = [process.env['OTELCOL'] ?? '', join(SUITES, 'otelcol'), 'otelcol']
  return candidates.find((one) => one !== '' && spawnSync(one, ['--version']).status === 0)
}

function configuration(http: number, grpc: number, to: string): string {
  return `receivers:
  otlp: {protocols: {http: {endpoint: "127.0.0.1:${http}"}, grpc: {endpoint: "127.0.0.1:${grpc}"}}}
exporters:
  otlphttp: {endpoint: "${to}", encoding: json, compression: none, sending_queue: {enabled: false}}
service:
  telemetry: {metrics: {level: none}, logs: {level: error}}
  pipelines:
    traces: {receivers: [otlp], exporters: [otlphttp]}
    metrics: {receivers: [otlp], exporters: [otlphttp]}
`
}

function ask(at: number, host: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: at, path, headers: { host }, agent: false }, (response) => {
      let body = ''
      response.on('data', (chunk) => (body += chunk)).on('end', () => resolve(body))
    })
    asked.on('error', reject).end()
  })
}

async function listening(at: number): Promise<void> {
  for (;;) {
    const answered = await ask(at, 'localhost', '/').catch(() => undefined)
    if (answered !== undefined) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function count(metrics: readonly Metric[], name: string): number {
  const found = metrics.filter((metric) => metric.name === name)
  const points = found.flatMap(({ histogram }) => histogram?.dataPoints ?? [])
  return points.reduce((sum, point) => sum + Number(point.count), 0)
}

/** Sentences about what is wrong; none where all is well. */
async function judge(program: string, protocol: string, undo: Undo[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-otlp-'))
  undo.push(() => rmSync(folder, { recursive: true, force: true }))
  const receiver = await new OtlpReceiver().listen({ teardown: (fn) => undo.push(fn) })
  const [http, grpc] = [await freePort(), await freePort()]
  writeFileSync(join(folder, 'collector.yaml'), configuration(http, grpc, receiver.url))
  writeFileSync(join(folder, 'policy.yaml'), POLICIES)
  const child = spawn(program, ['--config', join(folder, 'collector.yaml')], { stdio: ['ignore', 'ignore', 'inherit'] })
  undo.push(() => child.kill('SIGKILL'))
  await listening(http)

  const local = '127.0.0.1:0'
  const flags = ['--config', join(folder, 'policy.yaml'), '--outbound', local, '--admin', local]
  const sidecar = new Spawned(['run', ...flags], {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${protocol === 'grpc' ? grpc : http}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_METRICS_EXPORTER: 'otlp',
  })
  undo.push(() => sidecar.kill('SIGKILL'))
  const { outbound, admin } = await sidecar.ready()
  for (let i = 0; i < REQUESTS; i++) await ask(port(outbound), 'nobody', `/${i}`)
  const scraped = await ask(port(admin), 'localhost', '/metrics')
  sidecar.kill('SIGTERM')
  const { code } = await sidecar.ended

  const servers = receiver.spans.filter(({ kind }) => kind === KIND.SERVER)
  const metrics = receiver.metrics.flatMap(({ resourceMetrics }) =>
    resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics)),
  )
  const families = new Set([...scraped.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name as string))
  const kept = new Set(metrics.map(({ name }) => name))
  const counted = count(metrics, 'http.server.request.duration')
  console.log(`${protocol}: ${servers.length} server spans, ${kept.size} metrics, ${families.size} are scraped`)
  const wrong: string[] = []
  if (code !== 0) wrong.push(`the sidecar ended with ${code}: ${sidecar.err}`)
  if (servers.length !== REQUESTS) wrong.push(`${servers.length} server spans of ${REQUESTS} requests`)
  if (counted !== REQUESTS) wrong.push(`http.server.request.duration has counted ${counted} of ${REQUESTS} requests`)
  const service = values(receiver.traces[0]?.resourceSpans[0]?.resource.attributes)['service.name']
  if (service !== 'judged') wrong.push(`service.name is ${service}`)
  return wrong
}

async function main(): Promise<number> {
  const program = collector()
  if (program === undefined) {
    console.log('skipped: no collector; OTELCOL names one, or otelcol stands on the PATH')
    return 0
  }
  const wrong: string[] = []
  for (const protocol of ['http/protobuf', 'http/json', 'grpc']) {
    const undo: Undo[] = []
    try {
      for (const what of await judge(program, protocol, undo)) wrong.push(`${protocol}: ${what}`)
    } finally {
      for (const one of undo.reverse()) one()
    }
  }
  for (const what of wrong) console.log(what)
  return wrong.length === 0 ? 0 : 1
}

process.exit(await main())
