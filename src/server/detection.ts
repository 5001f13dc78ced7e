/** Which version of HTTP a client speaks, found out from its first bytes (RFC 9113 §3.3). */
import type { Socket } from 'node:net'
import type { Timed, Timer } from '../core/clock.ts'
import type { IncomingConnection, ServerOwner } from '../http/server-side.ts'
import { ServerConnection } from '../http1/server.ts'
import { PREFACE } from '../http2/frames.ts'
import { Http2ServerConnection } from '../http2/server.ts'
import { isEncrypted } from '../net/encrypted.ts'
import type { Reader, Reading } from '../net/shared-read.ts'
import { Undecided } from './undecided.ts'

/**
 * Stands for the connection until it is known. Bytes that begin as the preface of HTTP/2 are waited for until they are it
 * or are not; everything else is HTTP/1, whose parser says what is wrong with it.
 */
export class Detection extends Undecided implements Reader, Timed {
  readonly #reading: Reading
  readonly #owner: ServerOwner
  readonly #decided: (connection: IncomingConnection) => void
  readonly #end: () => void
  readonly #close: () => void
  /** Bytes of the preface that came. */
  #matched: number
  #timer: Timer | undefined

  /** `decided` is told the connection that takes this one's place. */
  constructor(socket: Socket, reading: Reading, owner: ServerOwner, decided: (connection: IncomingConnection) => void) {
    super(socket, isEncrypted(socket))
    this.#reading = reading
    this.#owner = owner
    this.#decided = decided
    this.#end = () => this.destroy()
    this.#close = () => this.#gone()
    this.#matched = 0
    this.#timer = owner.clock.schedule(owner.limits.idleTimeout, this)
    reading.reader = this
    socket.on('end', this.#end)
    socket.on('error', this.#end)
    socket.on('close', this.#close)
  }

  /** Nothing, or no whole preface, for too long. */
  expired(): void {
    this.destroy()
  }

  #gone(): void {
    this.#owner.clock.cancel(this.#timer)
    this.#owner.closed(this)
  }

  receive(borrowed: Buffer): void {
    const before = this.#matched
    const size = Math.min(PREFACE.length - before, borrowed.length)
    const same = PREFACE.compare(borrowed, 0, size, before, before + size) === 0
    if (same && before + size < PREFACE.length) this.#wait(before, size)
    else this.#begin(same, before, borrowed)
  }

  #wait(before: number, size: number): void {
    this.#matched += size
    if (before > 0) return
    const { clock, limits } = this.#owner
    clock.cancel(this.#timer)
    this.#timer = clock.schedule(limits.headTimeout, this)
  }

  #begin(isHttp2: boolean, before: number, borrowed: Buffer): void {
    const socket = this.socket
    this.#owner.clock.cancel(this.#timer)
    socket.removeListener('end', this.#end)
    socket.removeListener('error', this.#end)
    socket.removeListener('close', this.#close)
    const connection = isHttp2
      ? new Http2ServerConnection(socket, this.#owner)
      : new ServerConnection(socket, this.#owner)
    this.#reading.reader = connection
    this.#decided(connection)
    if (before > 0) connection.receive(PREFACE.subarray(0, before))
    connection.receive(borrowed)
  }
}
