/** What Node says of a handshake that failed. */

const ALERT = '_ALERT_'

/**
 * The alert that the peer sent, as RFC 8446 §6.2 names it (`UNKNOWN_CA`), or ''. What stands before it in the code differs
 * from one OpenSSL to the next.
 */
export function alertOf(error: NodeJS.ErrnoException): string {
  const code = error.code ?? ''
  const at = code.startsWith('ERR_SSL_') ? code.indexOf(ALERT) : -1
  return at < 0 ? '' : code.slice(at + ALERT.length)
}

/** OpenSSL's own word without the numbers and file names around it, or else the message. */
export function reasonOf(error: NodeJS.ErrnoException & { readonly reason?: string }): string {
  return error.reason ?? error.message
}
