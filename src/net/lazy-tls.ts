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

/** OpenSSL's SSL_OP_NO_RENEGOTIATION: who asks for a second handshake in the same connection is told that there is none. */
const NO_RENEGOTIATION = 0x4000_0000

/** What both sides are held to: older versions are broken (RFC 8996), and HTTP/2 forbids renegotiation (RFC 9113 §9.2.1). */
export const TERMS = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3', secureOptions: NO_RENEGOTIATION } as const

/**
 * What a listener takes, in OpenSSL's words: all of TLS 1.3, and of TLS 1.2 what RFC 9113 §9.2.2 does not prohibit. A client
 * would be given HTTP/2 whatever cipher it brings, for ALPN knows nothing of it.
 */
export const CIPHERS =
  'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:' +
  'ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20'

/** Names of ALPN (RFC 7301, RFC 9113 §3.2), what is liked better first. */
export const H2 = 'h2'
export const HTTP1 = 'http/1.1'
