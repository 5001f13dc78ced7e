/** What can be asked of a socket that may be one of TLS, without `node:tls` being loaded. */
import type { Socket } from 'node:net'

/** What Node keeps in a socket of TLS: the one of TCP beneath it, to which there is no public way. */
interface Encrypted {
  readonly encrypted?: boolean
  readonly _parent?: Socket | null
}

/** What counts bytes beneath TLS: a socket, or the handle of TCP of one that `tls.connect` has made itself. */
export function wireOf(socket: Socket): { readonly bytesRead: number } | undefined {
  return beneath(socket) ?? (socket as unknown as WithTcp)._handle?._parent
}

export function isEncrypted(socket: Socket): boolean {
  return (socket as Encrypted).encrypted === true
}

/** The socket of TCP beneath one of TLS. */
export function beneath(socket: Socket): Socket | undefined {
  return (socket as Encrypted)._parent ?? undefined
}

/**
 * Ends a connection by a reset, so that what it carried does not look whole. Under TLS too: a FIN without close_notify says
 * as much (RFC 8446 §6.1), but few clients listen. Where a FIN of ours is on its way there is nothing left that could look otherwise, and
 * a reset that meets it is refused by libuv (EINVAL): Node would then neither close the connection nor say that it is closed.
 */
export function breakOff(socket: Socket): void {
  if (isEnding(socket)) socket.destroy()
  else if (!isEncrypted(socket)) socket.resetAndDestroy()
  else if (beneath(socket) !== undefined) beneath(socket)?.resetAndDestroy()
  else resetHandle(socket)
}

/** One that `tls.connect` has made itself has no socket beneath it, but a handle of TCP, which Node closes with it. */
function resetHandle(socket: Socket): void {
  const tcp = (socket as unknown as WithTcp)._handle?._parent
  if (tcp?.reset !== undefined) tcp.close = tcp.reset
  socket.destroy()
}

interface WithTcp {
  readonly _handle: {
    readonly _parent?: {
      readonly bytesRead: number
      close(done: () => void): unknown
      reset?(done: () => void): unknown
    }
  } | null
}

/** All that was written is with the kernel, and the FIN behind it may be. */
function isEnding({ writableEnded, writableFinished, writableLength }: Socket): boolean {
  return writableEnded && !writableFinished && writableLength === 0
}
