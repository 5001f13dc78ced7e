/** Telemetry: metrics, traces and logs. The way in for the rest of the process. */
export { type End, tookOf } from './ended/end.ts'
export type { EndListener } from './ended/endings.ts'
export { type EndedAttempt, type EndedExchange, recordOf } from './ended/record.ts'
export type { RouteRows } from './route-rows.ts'
export { FileSink } from './line-sink.ts'
export { createLog, LOG_LEVELS, type Log, type LogLevel } from './log.ts'
export { BOUNDS } from './histogram.ts'
export type { ServiceTotals } from './totals.ts'
export type {
  CertificateSample,
  ConfigSample,
  Direction,
  DiscoverySample,
  EndpointHealth,
  EndpointSample,
  TelemetrySources,
} from './sources.ts'
export type { MetricsText, Telemetry, TelemetrySettings } from './types.ts'
export { METRIC_COMPATIBILITIES, type MetricCompatibility } from './types.ts'
export { createTelemetry } from './telemetry.ts'
