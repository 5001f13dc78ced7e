/** The socket of a connection towards an HTTP/1.1 client: the root of its events, its one timer, and the ways it ends. */
import type { Socket } from 'node:net'
import type { Timed, Timer } from '../core/clock.ts'
import { type IncomingConnection, LINGER_TIME, type ServerOwner } from '../http/server-side.ts'
import { breakOff, isEncrypted } from '../net/encrypted.ts'
import { Outbox, type OutboxOwner } from '../net/outbox.ts'
import { enter, leave } from '../net/turn.ts'
import { CLOSED, HEAD, LINGER } from './server-state.ts'

/** What requests and answers there are on it is for `ServerConnection` to say, which extends this. */
export abstract class ServerSocket implements IncomingConnection, OutboxOwner, Timed {
  readonly socket: Socket
  readonly outbox: Outbox
  readonly peerAddress: string
  readonly peerPort: number
  readonly secure: boolean
  protected readonly owner: ServerOwner
  /** One of `server-state.ts`. */
  protected state: number
  /** When the state that the timer watches began, ms. */
  protected since: number
  #timer: Timer | undefined

  constructor(socket: Socket, owner: ServerOwner) {
    this.socket = socket
    this.outbox = new Outbox(socket, this)
    this.peerAddress = socket.remoteAddress ?? ''
    this.peerPort = socket.remotePort ?? 0
    this.secure = isEncrypted(socket)
    this.owner = owner
    this.state = HEAD
    this.since = owner.clock.now()
    this.#timer = undefined
    socket.on('end', () => this.#event(this.onEnd))
    socket.on('close', () => this.#event(this.#onClose))
    socket.on('drain', () => this.#event(this.#onDrain))
    socket.on('finish', () => this.#event(this.#onFinish))
    // `close` follows, where all that matters is done.
    socket.on('error', () => {})
    this.arm(owner.limits.idleTimeout)
  }

  abstract readonly busy: boolean
  abstract readonly announces: boolean
  abstract drain(): void
  /** The client says no more. */
  protected abstract onEnd(): void
  /** The connection is gone, in whatever state it was: whoever works for it is told. */
  protected abstract left(): void
  /** The timer ran out `waited` ms after `since`, before the connection began to end. */
  protected abstract overdue(waited: number): void
  abstract blocked(): void
  abstract drained(): void
  abstract refused(): void

  // ---------------------------------------------------------------- events

  /** The root of the rare events: nothing thrown beneath goes further than this connection (G6). */
  #event(handle: () => void): void {
    enter()
    try {
      handle.call(this)
    } catch (error) {
      this.failed(error)
    } finally {
      leave()
    }
  }

  /** Something threw beneath the root of an event. */
  protected failed(error: unknown): void {
    this.owner.defect('http1 server', error)
    this.destroy()
  }

  #onClose(): void {
    this.left()
    this.owner.clock.cancel(this.#timer)
    this.owner.closed(this)
  }

  #onDrain(): void {
    this.outbox.onDrain()
  }

  /** All that we had to say is with the kernel: from now on the client has `LINGER_TIME` to close. */
  #onFinish(): void {
    if (this.state < LINGER) return
    if (this.socket.readableEnded) this.destroy()
    else {
      this.since = this.owner.clock.now()
      this.arm(LINGER_TIME)
    }
  }

  // ---------------------------------------------------------------- time

  /** One timer per connection, moved only when something is due sooner than it: a busy connection never touches it. */
  protected arm(delay: number): void {
    const clock = this.owner.clock
    const timer = this.#timer
    if (timer?.active === true) {
      if (timer.due <= clock.now() + delay) return
      clock.cancel(timer)
    }
    this.#timer = clock.schedule(delay, this)
  }

  expired(): void {
    this.#event(this.#onTimer)
  }

  #onTimer(): void {
    const waited = this.owner.clock.now() - this.since
    if (this.state < LINGER) this.overdue(waited)
    else this.#overdueToEnd(waited)
  }

  /** A client that reads slowly has the idle timeout for it; what it did not get then must not look whole. */
  #overdueToEnd(waited: number): void {
    const limit = this.socket.writableFinished ? LINGER_TIME : this.owner.limits.idleTimeout
    if (waited < limit) this.arm(limit - waited)
    else if (this.socket.writableFinished) this.destroy()
    else breakOff(this.socket)
  }

  // ---------------------------------------------------------------- its end

  destroy(): void {
    this.socket.destroy()
    this.left()
  }

  /** FIN behind what was written; the client has nothing more to say. */
  protected halfClose(): void {
    this.#close()
    this.outbox.end()
  }

  /** Half-closes, and discards what the client still sends, so that the answer is not lost to a reset. */
  protected linger(): void {
    this.state = LINGER
    this.since = this.owner.clock.now()
    this.outbox.end()
    this.socket.resume()
    this.arm(LINGER_TIME)
  }

  /** An answer ends before it is whole, which the client must not take for its end: `untilClose`, that is what a FIN says. */
  protected cutOff(untilClose: boolean): void {
    this.state = CLOSED
    if (this.socket.destroyed) return
    if (untilClose) {
      this.outbox.flush()
      breakOff(this.socket)
    } else {
      this.#close()
      this.outbox.finish()
    }
  }

  /** From now on the timer sees to it that a client which takes nothing more, or does not close, is not kept for ever. */
  #close(): void {
    this.state = CLOSED
    this.since = this.owner.clock.now()
    this.arm(LINGER_TIME)
  }
}
