/** A listening socket and the connections it has taken. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { listenOn } from './any-address.ts'
import { Reading, readingSocket } from './shared-read.ts'

export interface ListenerOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** What it is for, in a message: `inbound`, `outbound`. */
  readonly purpose: string
  /** Above it new connections are closed at once, and counted. */
  readonly maxConnections: number
  /** TLS reads for itself: the socket is handed on as it was accepted, and `reading` is not fed yet. */
  readonly encrypted: boolean
  /** `reading.reader` is to be set. */
  readonly onConnection: (socket: Socket, reading: Reading) => void
}

export interface Listener {
  /** `host:port`, with the port that was taken. */
  readonly address: string
  /** Connections that were taken, those too that were closed at once. */
  readonly accepted: number
  /** Connections that were closed because there were too many. */
  readonly dropped: number
  /** Of the listening socket; -1: there is none to be had. */
  readonly fd: number
  /** No new connections; the open ones go on. */
  stop(): void
}

/** What Node keeps behind a server; there is no public way to its file descriptor. */
interface WithHandle {
  readonly _handle: { readonly fd?: number } | null
}

const OPTIONS = { allowHalfOpen: true, noDelay: true, keepAlive: true }

/** Rejects with a sentence that says what holds the address. */
export function listen(options: ListenerOptions): Promise<Listener> {
  const { host, port, purpose, maxConnections, encrypted, onConnection } = options
  return new Promise((resolve, reject) => {
    let accepted = 0
    let dropped = 0
    let open = 0
    // Connections are counted here: Node's own count does not follow a socket that is made anew.
    const server: Server = createServer({ ...OPTIONS, pauseOnConnect: !encrypted }, (connection) => {
      accepted++
      if (open >= maxConnections) {
        dropped++
        connection.destroy()
        return
      }
      open++
      const reading = new Reading()
      const socket = encrypted ? connection : readingSocket(connection, reading)
      socket.once('close', () => open--)
      onConnection(socket, reading)
      if (!encrypted) socket.resume()
    })
    const refused = (error: NodeJS.ErrnoException) => reject(new Error(cannotListen(purpose, host, port, error)))
    listenOn(server, host, port, refused, () => {
      // Errors of accept(2), such as no file descriptors left: the listener stays, and tries again.
      server.on('error', () => {})
      const bound = server.address() as AddressInfo
      resolve({
        address: bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`,
        get accepted() {
          return accepted
        },
        get dropped() {
          return dropped
        },
        get fd() {
          return (server as unknown as WithHandle)._handle?.fd ?? -1
        },
        stop: () => void server.close(),
      })
    })
  })
}

function cannotListen(purpose: string, host: string, port: number, error: NodeJS.ErrnoException): string {
  const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  const why =
    error.code === 'EADDRINUSE'
      ? 'another process listens there'
      : error.code === 'EACCES'
        ? 'ports below 1024 need a privilege this process does not have'
        : error.code === 'EADDRNOTAVAIL'
          ? 'this machine has no such address'
          : error.message
  return `cannot listen on ${where} (${purpose}): ${why}`
}
