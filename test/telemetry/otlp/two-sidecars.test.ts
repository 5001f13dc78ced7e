/** One trace through client → sidecar → application → sidecar → sidecar → application, at a collector of our own. */
import { createServer, request } from 'node:http'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import type { RequestListener } from 'node:http'
import t from 'tap'
import { freePort } from '../../support/free-port.ts'
import type { Metrics, Span } from '../../support/otlp-messages.ts'
import { KIND, OtlpReceiver, values } from '../../support/otlp-receiver.ts'
import { port, start } from '../../support/spawned.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const CALLER = 'b7ad6b7169203331'

interface Test {
  teardown(fn: () => unknown): unknown
}

async function serve(t: Test, answer: RequestListener): Promise<number> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** A GET; its status once the answer is over. */
function get(at: number, path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: at, path, headers, agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
    asked.on('error', reject).end()
  })
}

interface Place {
  readonly app: number
  /** 0: any free one. */
  readonly inbound: number
}

function sidecar(t: Test, name: string, documents: string, at: Place, environment: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const head = `kind: Sidecar\nname: ${name}\naccessLog: {format: none}\ntracing: {sample: 0%}\n`
  writeFileSync(join(folder, 'policy.yaml'), [head, documents].filter(Boolean).join('---\n'))
  const local = '127.0.0.1:0'
  const inbound = `127.0.0.1:${at.inbound}`
  const flags = ['--app', `127.0.0.1:${at.app}`, '--inbound', inbound, '--outbound', local, '--admin', local]
  return start(t, ['run', '--config', folder, ...flags], environment)
}

function serviceAndNames({ resource, scopeMetrics }: Metrics['resourceMetrics'][number]) {
  return {
    service: values(resource.attributes)['service.name'],
    names: scopeMetrics.flatMap(({ metrics }) => metrics.map(({ name }) => name)),
  }
}

t.test(
  'A collector gets spans and metrics: one trace crosses two sidecars and an application that copies traceparent',
  async (t) => {
    const receiver = await new OtlpReceiver().listen(t)
    const environment = {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_BSP_SCHEDULE_DELAY: '50',
      OTEL_METRICS_EXPORTER: 'otlp',
      OTEL_METRIC_EXPORT_INTERVAL: '200',
    }
    let asked = 0
    const stock = await serve(t, (_, response) => {
      response.statusCode = asked++ === 0 ? 503 : 200
      response.end('stock')
    })
    // Known before, so that both sidecars start at once.
    const inbound = await freePort()
    const inventory = sidecar(t, 'inventory', '', { app: stock, inbound }, environment)
    let outbound = 0
    const shop = await serve(t, async ({ headers }, response) => {
      response.statusCode = await get(outbound, '/items/7', {
        host: 'inventory',
        traceparent: `${headers.traceparent}`,
      })
      response.end('shop')
    })
    const service = `kind: Service\nname: inventory\nendpoints: ["127.0.0.1:${inbound}"]\n`
    const match = '{direction: outbound, service: inventory}'
    const retry = `kind: Policy\nname: p\nmatch: ${match}\ntimeout: {request: 5s}\nretry: {max: 1, backoff: {base: 1ms}}\n`
    const front = sidecar(t, 'shop', `${service}---\n${retry}`, { app: shop, inbound: 0 }, environment)
    const [ready] = await Promise.all([front.ready(), inventory.ready()])
    outbound = port(ready.outbound)

    t.equal(await get(port(ready.inbound[0]), '/orders', { traceparent: `00-${TRACE}-${CALLER}-01` }), 200)
    const told = () => receiver.metrics.flatMap(({ resourceMetrics }) => resourceMetrics.map(serviceAndNames))
    const duration = (service: string) =>
      told().some((it) => it.service === service && it.names.includes('http.server.request.duration'))
    await receiver.until(() => receiver.spans.length === 9 && duration('shop') && duration('inventory'))

    const { spans } = receiver
    t.same(new Set(spans.map(({ traceId }) => traceId)), new Set([TRACE]))
    const below = (parent: string, kind: number): Span[] =>
      spans
        .filter((span) => span.parentSpanId === parent && span.kind === kind)
        .sort((a, b) => Number(BigInt(a.startTimeUnixNano) - BigInt(b.startTimeUnixNano)))
    const only = (parent: string, kind: number): Span => {
      const found = below(parent, kind)
      t.equal(found.length, 1)
      return found[0] as Span
    }
    // Through the first sidecar to the application, and out of it again.
    const toShop = only(only(CALLER, KIND.SERVER).spanId, KIND.CLIENT)
    const out = only(toShop.spanId, KIND.SERVER)
    t.match(values(out.attributes), { 'outrigger.direction': 'outbound', 'outrigger.attempts': '2' })
    t.match(out.events, [{ name: 'outrigger.attempt_follows' }])
    const attempts = below(out.spanId, KIND.CLIENT)
    t.same(
      attempts.map(({ attributes }) => values(attributes)['http.request.resend_count'] ?? '-'),
      ['-', '1'],
    )
    // Each attempt is the parent of what the second sidecar saw of it.
    for (const [at, attempt] of attempts.entries()) {
      const server = only(attempt.spanId, KIND.SERVER)
      const status = at === 0 ? '503' : '200'
      t.match(values(server.attributes), { 'outrigger.direction': 'inbound', 'http.response.status_code': status })
      t.equal(below(server.spanId, KIND.CLIENT).length, 1)
    }
  },
)
