/**
 * What a peer said before it reset the connection. A server that answers early and closes with our upload unread resets it, but its answer
 * stands in the kernel; Node closes a socket whose write was refused without another read, and takes nothing of TLS any more.
 */
// cold file: once a connection that breaks off
import { readSync } from 'node:fs'
import type { Socket } from 'node:net'
import { isEncrypted } from './encrypted.ts'
import { own } from './shared-read.ts'

/** Bytes of one read; and of all: behind a reset comes nothing but what the kernel has, which may be megabytes. */
const ONE_READ = 64 * 1024
const MOST = 1024 * 1024

/** What Node keeps in a socket; there is no public way to its file descriptor, nor past it into TLS. */
interface WithHandle {
  readonly _handle: {
    readonly fd?: number
    /** Of TLS: what was read of the connection, to be deciphered and passed on. */
    receive?(encrypted: Buffer): void
  } | null
}

/** Of a socket that has just refused a write, and which Node has not closed yet. All of it is there once the socket says `close`. */
export function lastWords(socket: Socket): readonly Buffer[] {
  const handle = (socket as unknown as WithHandle)._handle
  if (handle === null) return []
  const words = unheard(socket)
  const pieces = kept(handle.fd ?? -1)
  if (!isEncrypted(socket)) return words.concat(pieces)
  divert(socket, words)
  for (const piece of pieces) handle.receive?.(piece)
  return words
}

/** What was read before and not passed on. `read` says it to those who hear `data`, too, and they are in the midst of the write. */
function unheard(socket: Socket): Buffer[] {
  const pieces: Buffer[] = []
  socket.emit = () => false
  while (socket.readableLength > 0) pieces.push(socket.read())
  delete (socket as Partial<Socket>).emit
  return pieces
}

/**
 * What TLS passes on goes to `words`. If the write was refused while TLS was passing on a read, it goes on with the rest of that, and with
 * what it is given here, only behind us, and not for a socket that is closed: so that waits for the end of this turn.
 */
function divert(socket: Socket, words: Buffer[]): void {
  socket.push = (piece: Buffer | null) => {
    if (piece !== null) words.push(piece)
    return true
  }
  const { destroy } = socket
  socket.destroy = (error) => {
    setImmediate(() => destroy.call(socket, error))
    return socket
  }
}

/** What the kernel has of it. */
function kept(fd: number): Buffer[] {
  const pieces: Buffer[] = []
  // Not the buffer that all reads share: somebody may be looking at what stands in it.
  const buffer = Buffer.allocUnsafeSlow(ONE_READ)
  try {
    for (let size = 0; size < MOST; ) {
      const read = readSync(fd, buffer)
      if (read === 0) break
      pieces.push(own(buffer, 0, read))
      size += read
    }
  } catch {
    // There is no more.
  }
  return pieces
}
