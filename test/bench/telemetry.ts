/**
 * What telemetry costs a request: the whole stack of the comparison over a wire that answers at once, with more and more of
 * telemetry on. Each variant has a process of its own, for an SDK once loaded is there for all; variants run in turns, and
 * CPU time of the whole process is counted, exports and garbage included.
 */
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { table } from '../../src/demo/table.ts'
import { SystemClock } from '../../src/core/clock.ts'
import type { Config } from '../../src/config/model.ts'
import { median } from './side-by-side.ts'
import { ask, subjects, type TelemetryAsked } from './stack.ts'

type Sidecar = Config['sidecar']

const SILENT: Sidecar['accessLog'] = { format: 'none', sample: 1, output: 'stdout' }
const LOGGED: Sidecar['accessLog'] = { format: 'json', sample: 1, output: '/dev/null' }
const tracing = (sample: number, tail: boolean): Sidecar['tracing'] => ({
  sample,
  propagators: ['tracecontext', 'baggage', 'b3'],
  tail: tail ? { errors: true, slowerThan: 1000 } : undefined,
})

interface Variant {
  readonly name: string
  readonly sidecar: Partial<Sidecar>
  readonly exports: readonly ('traces' | 'metrics')[]
}

const VARIANTS: readonly Variant[] = [
  { name: 'off: counters alone', sidecar: { accessLog: SILENT, tracing: tracing(0, false) }, exports: [] },
  { name: '+ access log', sidecar: { accessLog: LOGGED, tracing: tracing(0, false) }, exports: [] },
  { name: '+ 1 % traces', sidecar: { accessLog: LOGGED, tracing: tracing(0.01, false) }, exports: ['traces'] },
  {
    name: '+ OTLP metrics',
    sidecar: { accessLog: LOGGED, tracing: tracing(0.01, false) },
    exports: ['traces', 'metrics'],
  },
  {
    name: '+ tail: everything',
    sidecar: { accessLog: LOGGED, tracing: tracing(0.01, true) },
    exports: ['traces', 'metrics'],
  },
]

/** Requests a second: what a busy sidecar has; unpaced, spans would come faster than any exporter is made for. */
const RATE = 10_000
/** ms between two batches. */
const BEAT = 4
/** s: until the SDK is loaded and the compiler has seen enough; what is measured. */
const WARM = 4
const MEASURED = 6

/** In a process of its own: prints CPU ns per request. */
async function measure(variant: Variant, collector: string): Promise<void> {
  const asked: TelemetryAsked = { sidecar: variant.sidecar, environment: environment(variant, collector) }
  // The SDK reads the environment itself.
  Object.assign(process.env, asked.environment)
  const clock = new SystemClock()
  const { whole } = subjects(clock, asked)
  const run = async (seconds: number): Promise<number> => {
    const from = performance.now()
    let done = 0
    for (let now = from; now < from + seconds * 1000; now = performance.now()) {
      const due = Math.floor(((now - from) / 1000) * RATE) - done
      ask(whole, due, clock)
      done += due
      await new Promise((resolve) => setTimeout(resolve, BEAT))
    }
    return done
  }
  // Compiled before it is paced.
  for (let i = 0; i < 1000; i++) {
    ask(whole, 64, clock)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await run(WARM)
  const before = process.cpuUsage()
  const requests = await run(MEASURED)
  const { user, system } = process.cpuUsage(before)
  process.stdout.write(`${((user + system) * 1000) / requests}\n`)
  process.exit(0)
}

function environment({ exports }: Variant, collector: string): Record<string, string> {
  return {
    ...(exports.includes('traces') ? { OTEL_EXPORTER_OTLP_ENDPOINT: collector } : {}),
    ...(exports.includes('metrics') ? { OTEL_METRICS_EXPORTER: 'otlp' } : {}),
  }
}

function inProcess(index: number, collector: string): Promise<number> {
  const self = fileURLToPath(import.meta.url)
  const flags = ['--max-semi-space-size=1']
  const child = spawn(process.execPath, [...flags, self, String(index), collector], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (chunk) => (said += chunk))
  return new Promise((resolve, reject) => {
    child.on('close', (code) => (code === 0 ? resolve(Number(said)) : reject(new Error(`ended with ${code}`))))
  })
}

/** The table; `rounds` of all variants. */
export async function telemetryCost(rounds: number): Promise<string> {
  const sink = createServer((request, response) => void request.resume().on('end', () => response.end()))
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve))
  const collector = `http://127.0.0.1:${(sink.address() as AddressInfo).port}`
  const found = VARIANTS.map((): number[] => [])
  for (let round = 0; round < rounds; round++) {
    for (const index of VARIANTS.keys()) found[index]?.push(await inProcess(index, collector))
  }
  sink.close()
  const off = median(found[0] ?? [])
  const rows = VARIANTS.map(({ name }, index) => {
    const values = found[index] ?? []
    const spread = values.map((ns) => Math.round(ns)).toSorted((a, b) => a - b)
    return [name, String(Math.round(median(values))), String(Math.round(median(values) - off)), spread.join(' ')]
  })
  return table(['telemetry', 'ns per request', 'over off', 'each round'], rows)
}

if (import.meta.main) {
  const [index, collector] = process.argv.slice(2)
  await measure(VARIANTS[Number(index)] as Variant, collector ?? '')
}
