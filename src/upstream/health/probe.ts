/** What a health check asks, whatever it asks by. */
import { connect, type Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { tls } from '../../net/lazy-tls.ts'
import { connectionOptions, type TlsSettings } from '../tls-dialer.ts'

/** Of an answer's body, what is read before its end is taken for granted. */
export const MOST_BYTES = 65_536

/** Who asks over HTTP. */
export const USER_AGENT = 'outrigger-health-check'

export interface ProbeAnswer {
  readonly passed: boolean
  /** What came, in words, for the log. */
  readonly why: string
}

export interface ProbeTarget {
  readonly host: string
  readonly port: number
  /** undefined: plain text. */
  readonly tls: TlsSettings | undefined
}

/** What an HTTP server is asked. */
export interface HttpProbe extends ProbeTarget {
  /** As of the Service; without TLS `auto` is HTTP/1.1. */
  readonly protocol: 'auto' | 'http1' | 'http2'
  /** The Host it is asked under. */
  readonly authority: string
  readonly path: string
  /** ms for all of it, connecting included. */
  readonly timeout: number
}

/** Never rejects. `signal`: nobody wants to know any more. */
export type Probe = (host: string, port: number, signal: AbortSignal) => Promise<ProbeAnswer>

/**
 * A connection of its own for each probe, so that what is tested is the whole way and a pooled connection in trouble is not
 * taken for the server; over TLS with all that requests are held to: CA, name, and our certificate. `offers`: by ALPN.
 */
export function dial({ host, port, tls: settings }: ProbeTarget, offers: readonly string[]): Socket {
  if (settings === undefined) return connect({ host, port, noDelay: true })
  return tls().connect({
    ...connectionOptions(host, port, settings, offers),
    allowHalfOpen: false,
  } as ConnectionOptions)
}
