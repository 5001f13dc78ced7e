/** A client's connection of which is not known yet what it speaks: nobody waits for anything on it. */
import type { Socket } from 'node:net'
import type { IncomingConnection } from '../http/server-side.ts'

export class Undecided implements IncomingConnection {
  readonly peerAddress: string
  readonly peerPort: number
  readonly secure: boolean
  readonly busy: boolean
  readonly announces: boolean
  protected readonly socket: Socket

  constructor(socket: Socket, secure: boolean) {
    this.peerAddress = socket.remoteAddress ?? ''
    this.peerPort = socket.remotePort ?? 0
    this.secure = secure
    this.busy = false
    this.announces = false
    this.socket = socket
  }

  drain(): void {
    this.destroy()
  }

  destroy(): void {
    this.socket.destroy()
  }
}
