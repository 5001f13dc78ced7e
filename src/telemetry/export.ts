/** The export by OTLP: the SDK is loaded while the first requests are already served; without it they are, unseen. */
// cold file: runs at start and end
import { Deadline } from './deadline.ts'
import type { Log } from './log.ts'
import type { Families } from './otlp/metric-producer.ts'
import type { SpanExport, SpanQueue } from './span-queue.ts'
import type { TelemetryOptions } from './types.ts'

/** ms after the start in which the SDK is not loaded: reading it in takes 300 ms, and requests come first. */
const SETTLING = 1000

export class Export {
  readonly #spans: SpanQueue | undefined
  /** The start is over: now there is time to load the SDK. */
  readonly #settled: Deadline
  readonly #exporter: Promise<SpanExport | undefined>
  readonly #log: Log

  /** `spans` undefined: none are exported. */
  constructor(options: TelemetryOptions, spans: SpanQueue | undefined, families: Families) {
    const startedAt = options.clock.wallTime()
    this.#spans = spans
    this.#log = options.log
    this.#settled = new Deadline()
    options.clock.schedule(SETTLING, this.#settled)
    this.#exporter = this.#settled.passed.then(() => open(options, spans, families, startedAt))
  }

  /** Sends what is left, even if it had not begun. A collector that does not want it is no reason to end otherwise than well. */
  async end(): Promise<void> {
    this.#settled.expired()
    const exporter = await this.#exporter
    this.#spans?.drain()
    try {
      await exporter?.shutdown()
    } catch (error) {
      this.#log.warn('the last of the telemetry is not exported', { cause: String(error).slice(0, 500) })
    }
  }
}

async function open(
  options: TelemetryOptions,
  spans: SpanQueue | undefined,
  families: Families,
  startedAt: number,
): Promise<SpanExport | undefined> {
  try {
    const { startExport } = await import('./otlp/sdk.ts')
    const exporter = startExport(options, families, startedAt)
    spans?.open(exporter)
    return exporter
  } catch (error) {
    options.log.error('nothing is exported: the OpenTelemetry SDK did not start', { error })
    return undefined
  }
}
