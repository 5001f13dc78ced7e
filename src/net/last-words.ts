/**
 * What a peer said before it reset the connection. A server that answers early and closes with our upload unread resets it, but its answer
 * stands in the kernel; Node closes a socket whose write was refused without another read.
 */
// cold file: once a connection that breaks off
import { readSync } from 'node:fs'
import type { Socket } from 'node:net'
import { isEncrypted } from './encrypted.ts'
import { own } from './shared-read.ts'

/** Bytes: one read, as of a connection that goes on. */
const MOST = 64 * 1024

/** What Node keeps in a socket; there is no public way to its file descriptor. */
interface WithHandle {
  readonly _handle: { readonly fd?: number } | null
}

/** Of a socket that has just refused a write, and which Node has not closed yet. undefined: nothing, or nothing to be had, as of TLS. */
export function lastWords(socket: Socket): Buffer | undefined {
  const fd = (socket as unknown as WithHandle)._handle?.fd ?? -1
  // What was read and not passed on would come behind it, if at all.
  if (fd < 0 || isEncrypted(socket) || socket.readableLength > 0) return undefined
  // Not the buffer that all reads share: somebody may be looking at what stands in it.
  const buffer = Buffer.allocUnsafeSlow(MOST)
  try {
    const size = readSync(fd, buffer)
    return size > 0 ? own(buffer, 0, size) : undefined
  } catch {
    return undefined
  }
}
