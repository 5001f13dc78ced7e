/** What the rest of the process sees of telemetry. No package's type appears here. */
import type { Clock } from '../core/clock.ts'
import type { Reason } from '../core/errors.ts'
import type { PolicyEvents } from '../core/events.ts'
import type { Layer } from '../core/exchange.ts'
import type { OpaqueConnection } from '../core/opaque.ts'
import type { Random } from '../core/random.ts'
import type { Endings } from './ended/endings.ts'
import type { LineSink } from './line-sink.ts'
import type { Log } from './log.ts'
import type { Direction, TelemetrySources } from './sources.ts'
import type { ServiceTotals } from './totals.ts'

/** The part of a Sidecar document that telemetry reads; `SidecarDocument` fits. */
export interface TelemetrySettings {
  /** `service.name`, unless OTEL_SERVICE_NAME says otherwise. */
  readonly name: string
  readonly accessLog: {
    readonly format: 'json' | 'text' | 'none'
    /** Fraction of the exchanges, 0…1. */
    readonly sample: number
    /** `stdout`, `stderr` or a file. */
    readonly output: string
  }
  readonly tracing: {
    /** Fraction of the exchanges that begin a trace here, 0…1. */
    readonly sample: number
    readonly propagators: readonly ('tracecontext' | 'baggage' | 'b3')[]
    /** What is exported at its end although the head decision left it out; undefined: nothing. `slowerThan` in ms. */
    readonly tail?: { readonly errors: boolean; readonly slowerThan: number } | undefined
  }
  readonly metrics: {
    /** ms after which a series that nothing was counted in leaves. */
    readonly idle: number
    /** Other meshes whose metrics are told, too, as far as they can be. */
    readonly compatibility: readonly MetricCompatibility[]
  }
}

export type MetricCompatibility = (typeof METRIC_COMPATIBILITIES)[number]

export const METRIC_COMPATIBILITIES = ['istio'] as const

export interface TelemetryOptions {
  readonly sidecar: TelemetrySettings
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Ours, for `outrigger_config_info` and `service.version`. */
  readonly version: string
  /** `process.env`, handed in by cmd; the OTEL_* of it are read once. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** What clients sent, paths for instance, is kept of exchanges that were not plain; left out: it is not. */
  readonly pagePaths?: boolean
  /** Takes the access log instead of what the Sidecar document names; for tests. */
  readonly accessLogSink?: LineSink
}

export interface MetricsText {
  /** For Content-Type. */
  readonly type: string
  readonly text: string
}

export interface Telemetry {
  /** Outermost layer of every exchange: duration, in flight, access log, server span. */
  readonly server: Layer
  /** Below the pick of an endpoint, above the connection: attempts, client span, propagation fields. */
  readonly attempt: Layer
  readonly events: PolicyEvents
  readonly log: Log
  /** The last exchanges that were not plain, and where to listen to all of them. */
  readonly endings: Endings
  /** A connection that passed as bytes has ended: its line in the access log; undefined where there is none. */
  readonly passed: ((connection: OpaqueConnection) => void) | undefined
  /** A codec refused what never became an exchange (400, 408, 431). */
  refused(reason: Reason, direction: Direction): void
  /** An HTTP/2 peer broke the rules; `how` is of one closed list (src/http/violation.ts). */
  violation(how: string, peer: 'client' | 'upstream', direction: Direction | ''): void
  /** A timer of ours came that many ms late: what the event loop's delay is counted from. */
  late(ms: number): void
  /** Hands in where gauges are read; may be called again after a reload. */
  observe(sources: TelemetrySources): void
  /** What was counted of each service since the start. */
  totals(): ServiceTotals[]
  /** The exposition in the format that `accept`, a field as it came, asks for; prom-client is loaded by the first call. */
  metrics(accept?: string): Promise<MetricsText>
  /** Opens the access log's file anew; throws what `node:fs` throws, and then the one that was open stays. */
  reopen(): void
  /** Writes out what is queued and ends the exporter; settles within `timeout` ms whatever they do. */
  close(timeout?: number): Promise<void>
}
