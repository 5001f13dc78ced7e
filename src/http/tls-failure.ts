/** What went wrong in a handshake with an upstream, in words for the log: which check it was. */
import { ProxyError } from '../core/errors.ts'
import { alertOf, reasonOf } from '../net/tls-error.ts'

const UNTRUSTED = "the upstream's certificate was issued by a CA that is not trusted here"

/** By the codes of Node, which has those of OpenSSL's verification as they are; of an alert, by what it says. */
const CAUSES: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  DEPTH_ZERO_SELF_SIGNED_CERT: "the upstream's certificate is signed by itself and not trusted here",
  CERT_SIGNATURE_FAILURE: "a signature in the upstream's chain of certificates is wrong",
  CERT_HAS_EXPIRED: "the upstream's certificate, or one that it was issued by, has expired",
  CERT_NOT_YET_VALID: "the time of the upstream's certificate has not come",
  CERT_REVOKED: "the upstream's certificate is revoked",
  INVALID_PURPOSE: "the upstream's certificate is not for servers",
  INVALID_CA: 'a certificate in the chain of the upstream issued another and is no CA',
  ERR_TLS_CERT_ALTNAME_INVALID: "the upstream's certificate is for another name",
  ERR_SSL_WRONG_VERSION_NUMBER: 'the upstream answered with something that is no TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'the upstream answered with something that is no TLS',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'the upstream speaks neither TLS 1.2 nor 1.3',
  PROTOCOL_VERSION: 'the upstream speaks neither TLS 1.2 nor 1.3',
  NO_APPLICATION_PROTOCOL: 'the upstream speaks none of the protocols offered (ALPN)',
  UNRECOGNIZED_NAME: 'the upstream does not know the server name',
  CERTIFICATE_REQUIRED: 'the upstream wants a client certificate',
  HANDSHAKE_FAILURE: 'the upstream refused the handshake; it may want a client certificate',
  UNKNOWN_CA: 'the upstream does not trust the CA of our certificate',
  BAD_CERTIFICATE: 'the upstream does not accept our certificate',
  CERTIFICATE_EXPIRED: 'the upstream finds our certificate expired',
  ECONNRESET: 'the upstream ended the connection in the handshake; it may want a client certificate',
  EPIPE: 'the upstream ended the connection in the handshake',
}

export function tlsFailure(error: NodeJS.ErrnoException | undefined): string {
  if (error === undefined) return 'the upstream ended the connection in the handshake'
  const reason = reasonOf(error)
  const known = CAUSES[alertOf(error) || (error.code ?? '')]
  return known === undefined ? reason : `${known} (${reason})`
}

/**
 * In TLS 1.3 a client takes the handshake for done before the server has looked at its certificate. A server that does not
 * like it says so by an alert, and has then looked at nothing that came behind the handshake.
 */
export function lateRefusal(error: NodeJS.ErrnoException | undefined): ProxyError | undefined {
  if (error === undefined) return undefined
  const alert = alertOf(error)
  if (!alert.includes('CERTIFICATE') && alert !== 'UNKNOWN_CA' && alert !== 'ACCESS_DENIED') return undefined
  return new ProxyError('tls_failure', 'upstream', 'unsent', tlsFailure(error))
}
