/**
 * `node:tls`, read in by the first who needs it: a sidecar without TLS does without its 3 MB and its milliseconds at start
 * (docs/decisions/0002).
 */
import type * as Tls from 'node:tls'

let loaded: typeof Tls | undefined

export function tls(): typeof Tls {
  loaded ??= process.getBuiltinModule('node:tls')
  return loaded
}

/** The versions that both sides speak: what is older is broken (RFC 8996). */
export const VERSIONS = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' } as const

/** Names of ALPN (RFC 7301, RFC 9113 §3.2), what is liked better first. */
export const H2 = 'h2'
export const HTTP1 = 'http/1.1'
