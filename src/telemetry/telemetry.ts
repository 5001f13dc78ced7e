/** Puts the parts of telemetry together. */
// cold file: runs at start and end
import type { Clock } from '../core/clock.ts'
import type { Reason } from '../core/errors.ts'
import type { PolicyEvents } from '../core/events.ts'
import type { Layer } from '../core/exchange.ts'
import type { OpaqueConnection } from '../core/opaque.ts'
import { AccessLog } from './access-log.ts'
import { attemptLayer } from './attempt-layer.ts'
import { Deadline } from './deadline.ts'
import { Endings } from './ended/endings.ts'
import { Export } from './export.ts'
import { Exposition } from './exposition.ts'
import { Ids } from '../core/ids.ts'
import { FileSink, type LineSink } from './line-sink.ts'
import type { Log } from './log.ts'
import { METRIC_TYPES, metricFormat } from './metric-format.ts'
import { MetricSource } from './metric-source.ts'
import { CountedEvents } from './policy-events.ts'
import { count, Registry } from './registry.ts'
import { askedMetrics, asksTraces } from './otlp/asked.ts'
import { compileSampler } from './sampling.ts'
import { serverLayer } from './server-layer.ts'
import { SpanQueue } from './span-queue.ts'
import { Tail } from './tail.ts'
import { serviceTotals, type ServiceTotals } from './totals.ts'
import type { Direction, TelemetrySources } from './sources.ts'
import type { MetricsText, Telemetry, TelemetryOptions } from './types.ts'

/** Throws a sentence when the access log's file cannot be opened. */
export function createTelemetry(options: TelemetryOptions): Telemetry {
  return new AssembledTelemetry(options)
}

class AssembledTelemetry implements Telemetry {
  readonly server: Layer
  readonly attempt: Layer
  readonly events: PolicyEvents
  readonly log: Log
  readonly endings: Endings
  readonly passed: ((connection: OpaqueConnection) => void) | undefined
  readonly #clock: Clock
  readonly #registry: Registry
  readonly #accessLog: AccessLog | undefined
  readonly #exposition: Exposition
  /** undefined: the environment asks for none. */
  readonly #export: Export | undefined

  constructor(options: TelemetryOptions) {
    const { clock, random, log, environment, sidecar } = options
    const registry = new Registry(sidecar.metrics.idle)
    const ids = new Ids(random)
    const b3 = sidecar.tracing.propagators.includes('b3')
    const sampler = compileSampler(environment, sidecar.tracing.sample, random)
    const spans = asksTraces(environment) ? new SpanQueue(clock) : undefined
    const { tail: rules } = sidecar.tracing
    const tail = rules === undefined || spans === undefined ? undefined : new Tail(rules)
    const accessLog = openAccessLog(options)
    this.log = log
    this.#clock = clock
    this.#registry = registry
    this.#accessLog = accessLog
    this.passed = accessLog === undefined ? undefined : (connection) => accessLog.passed(connection)
    const endings = new Endings(options.pagePaths === true)
    this.endings = endings
    this.server = serverLayer({ clock, registry, ids, sampler, accessLog, endings, spans, tail, b3 })
    this.attempt = attemptLayer({ clock, registry, ids, b3, exporting: spans !== undefined })
    this.events = new CountedEvents(registry, clock, log)
    const own = {
      version: options.version,
      logLinesDropped: () => accessLog?.dropped ?? 0,
      spansDropped: () => spans?.dropped ?? 0,
      tailDropped: () => tail?.dropped ?? 0,
    }
    const self = { name: sidecar.name, namespace: environment.POD_NAMESPACE ?? '' }
    const source = new MetricSource(registry, clock, own, sidecar.metrics.compatibility, self)
    this.#exposition = new Exposition(source)
    const exports = spans !== undefined || askedMetrics(environment) !== undefined
    this.#export = exports ? new Export(options, spans, this.#exposition) : undefined
  }

  refused(reason: Reason, direction: Direction): void {
    this.#registry.refuse(reason, direction)
  }

  violation(how: string, peer: 'client' | 'upstream', direction: Direction | ''): void {
    count(this.#registry.violations, `${direction} ${peer} ${how}`)
  }

  late(ms: number): void {
    this.#registry.loopDelay.observe(0, ms)
  }

  observe(sources: TelemetrySources): void {
    this.#registry.sources = sources
  }

  totals(): ServiceTotals[] {
    return serviceTotals(this.#registry)
  }

  async metrics(accept = ''): Promise<MetricsText> {
    const format = metricFormat(accept)
    return { type: METRIC_TYPES[format], text: await this.#exposition.text(format) }
  }

  reopen(): void {
    this.#accessLog?.reopen()
  }

  async close(timeout = 2000): Promise<void> {
    const deadline = new Deadline()
    const timer = this.#clock.schedule(timeout, deadline)
    await Promise.race([deadline.passed, this.#writeOut()])
    this.#clock.cancel(timer)
  }

  async #writeOut(): Promise<void> {
    await Promise.all([this.#accessLog?.close(), this.#export?.end()])
  }
}

function openAccessLog(options: TelemetryOptions): AccessLog | undefined {
  const { format, sample, output } = options.sidecar.accessLog
  if (format === 'none') return undefined
  const sink = options.accessLogSink ?? openSink(output, options.log)
  return new AccessLog(options.clock, options.random, sink, format, sample)
}

/** A closed stdout is no reason not to start; a file that was asked for and cannot be written is. */
function openSink(output: string, log: Log): LineSink {
  if (output !== 'stdout' && output !== 'stderr') return openFile(output)
  try {
    return new FileSink(output === 'stdout' ? 1 : 2)
  } catch (error) {
    log.warn('no access log', { output, error })
    return new NoSink()
  }
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder',
  EISDIR: 'that is a folder',
  EACCES: 'this user may not write there',
  EROFS: 'nothing can be written there',
  ENOTDIR: 'a part of it is no folder',
}

function openFile(path: string): LineSink {
  try {
    return new FileSink(path)
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw new Error(`accessLog.output must be a file that can be written, found '${path}': ${WHY[code] ?? message}`)
  }
}

class NoSink implements LineSink {
  dropped = 0

  write(_chunk: Buffer, lines: number, free?: () => void): void {
    this.dropped += lines
    free?.()
  }

  reopen(): void {}

  close(): Promise<void> {
    return Promise.resolve()
  }
}
