/** What can be asked of a socket that may be one of TLS, without `node:tls` being loaded. */
import type { Socket } from 'node:net'

export function isEncrypted(socket: Socket): boolean {
  return (socket as { readonly encrypted?: boolean }).encrypted === true
}

/**
 * Ends a connection so that what it carried does not look whole: by a reset, or, where TLS stands between, without the
 * close_notify that would confirm the end (RFC 8446 §6.1).
 */
export function breakOff(socket: Socket): void {
  if (isEncrypted(socket)) socket.destroy()
  else socket.resetAndDestroy()
}
