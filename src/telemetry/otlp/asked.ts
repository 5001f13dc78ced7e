/** What the environment asks for, by OpenTelemetry's own names: which signals are exported, and how metrics are. */
// cold file: runs once per start

type Environment = Readonly<Record<string, string | undefined>>

/** ms; OpenTelemetry's defaults. */
const INTERVAL = 60_000
const TIMEOUT = 30_000

export type Protocol = 'http/protobuf' | 'http/json' | 'grpc'

export interface MetricsAsked {
  /** ms between two exports. */
  readonly interval: number
  /** ms that one may take; at most the interval. */
  readonly timeout: number
  readonly protocol: Protocol
  /** Counters and histograms tell what came since the last export, not since the start. */
  readonly delta: boolean
}

/** An exporter of spans is configured and not switched off. */
export function asksTraces(environment: Environment): boolean {
  if (isDisabled(environment) || environment.OTEL_TRACES_EXPORTER === 'none') return false
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: own = '', OTEL_EXPORTER_OTLP_ENDPOINT: common = '' } = environment
  // An empty variable is one that is not set.
  return own !== '' || common !== ''
}

/**
 * undefined: metrics are not exported. An endpoint that is common to all signals is not enough, for metrics are there to be
 * scraped anyway, and whoever does both would have all of them twice.
 */
export function askedMetrics(environment: Environment): MetricsAsked | undefined {
  const exporters = (environment.OTEL_METRICS_EXPORTER ?? '').split(',').map((name) => name.trim())
  const named = exporters.includes('otlp')
  const pointed = (environment.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT ?? '') !== '' && !exporters.includes('none')
  if (isDisabled(environment) || !(named || pointed)) return undefined
  const interval = milliseconds(environment.OTEL_METRIC_EXPORT_INTERVAL, INTERVAL)
  const preference = environment.OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE?.trim().toLowerCase()
  return {
    interval,
    timeout: Math.min(interval, milliseconds(environment.OTEL_METRIC_EXPORT_TIMEOUT, TIMEOUT)),
    protocol: protocolOf(environment),
    delta: preference === 'delta' || preference === 'lowmemory',
  }
}

function isDisabled(environment: Environment): boolean {
  return environment.OTEL_SDK_DISABLED?.toLowerCase() === 'true'
}

/** What is no positive number of ms is taken as left out, as the SDK does. */
function milliseconds(text: string | undefined, otherwise: number): number {
  const value = Number(text ?? '')
  return Number.isFinite(value) && value >= 1 ? value : otherwise
}

function protocolOf(environment: Environment): Protocol {
  const said = environment.OTEL_EXPORTER_OTLP_METRICS_PROTOCOL ?? environment.OTEL_EXPORTER_OTLP_PROTOCOL
  const protocol = said?.trim()
  return protocol === 'grpc' || protocol === 'http/json' ? protocol : 'http/protobuf'
}
