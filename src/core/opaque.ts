/** Connections that pass as bytes, as those count them who pass them on. */

/** Why nobody looks into a connection. Closed: a label. */
const OPAQUE_WHYS = ['listed', 'declared', 'tls', 'server_first', 'silence', 'not_http'] as const
/**
 * - `listed`: its port is one on which the server speaks first (`--opaque-ports`).
 * - `declared`: the application's port is declared not to be HTTP, or the listener says `protocol: tcp`.
 * - `tls`: a ClientHello; the encryption is between the two ends.
 * - `server_first`: its upstream spoke before its client had.
 * - `silence`: too few bytes of its client within the detection time, or one end was over before either had spoken.
 * - `not_http`: the first bytes are no HTTP.
 */
export type OpaqueWhy = (typeof OPAQUE_WHYS)[number]

/** How such a connection ended. Closed: a label. */
export type OpaqueEnd =
  | 'finished'
  | 'client_reset'
  | 'upstream_reset'
  | 'connect_failure'
  | 'connect_timeout'
  | 'dns_failure'
  | 'idle_timeout'
  | 'draining'

/** What is counted of one destination in one direction. Written by the connections themselves, read at a scrape. */
export class OpaqueRow {
  readonly direction: 'inbound' | 'outbound'
  /** A Service, inbound the Sidecar's name, or `passthrough`. */
  readonly destination: string
  readonly opened: Map<OpaqueWhy, number>
  readonly closed: Map<OpaqueEnd, number>
  active: number
  /** Bytes from the client, and to it. */
  received: number
  sent: number
  /** Connections that passed though a policy matches their destination. */
  unguarded: number

  constructor(direction: 'inbound' | 'outbound', destination: string) {
    this.direction = direction
    this.destination = destination
    this.opened = new Map()
    this.closed = new Map()
    this.active = 0
    this.received = 0
    this.sent = 0
    this.unguarded = 0
  }

  open(why: OpaqueWhy): void {
    this.active++
    this.opened.set(why, (this.opened.get(why) ?? 0) + 1)
  }

  close(end: OpaqueEnd): void {
    this.active--
    this.closed.set(end, (this.closed.get(end) ?? 0) + 1)
  }
}

/** One such connection that has ended, for the access log. */
export interface OpaqueConnection {
  readonly direction: 'inbound' | 'outbound'
  readonly destination: string
  readonly why: OpaqueWhy
  readonly end: OpaqueEnd
  readonly peerAddress: string
  readonly peerPort: number
  /** Where its client was going, `host:port`. */
  readonly original: string
  /** Where it went, `host:port`. */
  readonly upstream: string
  /** The name in its ClientHello, or ''. */
  readonly serverName: string
  /** Bytes from the client, and to it. */
  readonly received: number
  readonly sent: number
  /** When it was accepted, ms since 1970. */
  readonly wallTime: number
  /** ms from then to its end: what was waited for its first word is in it. */
  readonly duration: number
}
