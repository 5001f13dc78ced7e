/** What telemetry asks of the rest of the process. */
import type { Snapshot } from '../core/events.ts'
import type { OpaqueRow } from '../core/opaque.ts'

export type Direction = 'inbound' | 'outbound'

export type EndpointHealth = 'ready' | 'ejected' | 'probing' | 'unhealthy'

export interface EndpointSample {
  readonly service: string
  /** `host:port`; shown by the admin listener, never a label. */
  readonly address: string
  readonly state: EndpointHealth
  /** Attempts in flight. */
  readonly inflight: number
  /** Connections that wait in the pool. */
  readonly idle: number
  /** Connections in all. */
  readonly connections: number
}

/** Who is asked for a service's endpoints, and whether he answers. */
export interface DiscoverySample {
  readonly service: string
  readonly source: 'dns' | 'kubernetes'
  readonly up: boolean
  /** When its endpoints were last known to be right, ms since 1970; 0: never. */
  readonly heardAt: number
}

export interface CertificateSample {
  readonly direction: Direction
  /** Outbound the Service that is called, inbound ourselves. */
  readonly service: string
  /** What we show, or whom we believe. */
  readonly part: 'certificate' | 'ca'
  /** As the policy file names it. */
  readonly file: string
  /** Both in ms since 1970. */
  readonly notBefore: number
  readonly notAfter: number
}

export interface ConfigSample {
  readonly hash: string
  /** The last reload was taken over; true before the first. */
  readonly lastReloadSuccess: boolean
  /** When the configuration in force was taken over, ms since 1970. */
  readonly loadedAt: number
  readonly warnings: number
}

/** Where gauges are read, at each scrape and only then. */
export interface TelemetrySources {
  snapshots(): Iterable<Snapshot>
  endpoints(): Iterable<EndpointSample>
  /** Left out where nobody is asked for endpoints. */
  discovery?(): Iterable<DiscoverySample>
  /** Bytes held by replay buffers. */
  replayBytes(): number
  /** Connections open to clients. */
  connections(direction: Direction): number
  /** Connections that were closed at once because there were too many; left out where nobody counts them. */
  connectionsDropped?(direction: Direction): number
  /** 0…1 by signal; left out where nobody looks after the process. */
  pressure?(): Iterable<readonly [string, number]>
  /** Waits between two turns of the event loop so far; left out where there are none. */
  eventLoopWaits?(): { readonly waits: number; readonly waited: number }
  /** Certificates in force; left out where nobody holds any. */
  certificates?(): Iterable<CertificateSample>
  /** What passes as bytes; left out where nothing does. */
  opaque?(): Iterable<OpaqueRow>
  config(): ConfigSample
  /** Names under which a Service is called; left out where nobody knows. */
  hosts?(service: string): readonly string[]
  /** `propagate` of a Service: asked once per compiled route, not per request. */
  propagate(service: string): 'all' | 'trace' | 'none'
}
