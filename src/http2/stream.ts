/** One stream: flow control both ways (RFC 9113 §5.2, §6.9), and what waits because of it. Above it stands an exchange. */
import { LARGE_ENOUGH } from '../core/crumbs.ts'
import type { Headers } from '../core/headers.ts'
import { giveBack, lend, mayBeLent, ownStore } from '../net/lent-pieces.ts'
import { own } from '../net/shared-read.ts'
import { Backlog } from './backlog.ts'
import { CANCEL, DEFAULT_FRAME, FLOW_CONTROL_ERROR, MAX_WINDOW } from './frames.ts'
import { endFrame } from './frame-writer.ts'
import { FIRST_WINDOW } from './receive-window.ts'
import type { OpenStream, StreamOwner } from './stream-owner.ts'

/**
 * What a stream's window may come to, and by how much it grows each time that a quarter of it was taken without a pause: for a stream
 * that has somebody who keeps up, as far as its connection has room.
 */
const LARGEST_WINDOW = 1024 * 1024
const GROWTH = 4

export abstract class Stream implements OpenStream {
  readonly id: number
  readonly session: StreamOwner
  /** Bytes that may still be sent; negative after the peer lowered its initial window (§6.9.2). */
  sendWindow: number
  /** We sent, or will send once what waits is out, END_STREAM. */
  localEnded: boolean
  /** The peer sent END_STREAM, and it was passed on. */
  remoteEnded: boolean
  /** No frame of ours follows, and nothing of the peer's is passed on. */
  closed: boolean
  /** The stream table's: the next one of the same slot. */
  chained: Stream | undefined
  /** Bytes of body that the peer announced and did not send yet; -1: it announced none. */
  remaining: number
  #receiveWindow: number
  /** What the receive window comes to when all is credited. */
  #window: number
  /** It has grown ahead of what comes, and was not credited since. */
  #ahead: boolean
  /** Bytes passed on that the peer was not credited for yet. */
  #uncredited: number
  #receivePaused: boolean
  /** Paused since the peer was last credited; and since when, whole ms. */
  #paused: boolean
  #pausedAt: number
  /** Came while paused, or behind what came while paused. */
  #held: Backlog | undefined
  /** Waits for a window, or for the socket. */
  #queue: Backlog | undefined
  #sourcePaused: boolean
  /** The flags of the frame that was written last, as long as it was not flushed: END_STREAM may still be set there. */
  #lastFrame: Buffer | undefined
  #lastFlags: number
  #lastFlush: number

  constructor(id: number, session: StreamOwner) {
    this.id = id
    this.session = session
    this.sendWindow = session.peer.window
    this.localEnded = false
    this.remoteEnded = false
    this.closed = false
    this.chained = undefined
    this.remaining = -1
    this.#receiveWindow = session.window.first
    this.#window = FIRST_WINDOW
    this.#ahead = false
    this.#uncredited = 0
    this.#receivePaused = false
    this.#paused = false
    this.#pausedAt = 0
    this.#held = undefined
    this.#queue = undefined
    this.#sourcePaused = false
    this.#lastFrame = undefined
    this.#lastFlags = 0
    this.#lastFlush = 0
  }

  // ---------------------------------------------------------------- what stands above

  /** It carries bytes: no HEADERS follow (RFC 9113 §8.5). */
  abstract get isTunnel(): boolean

  protected abstract onData(chunk: Buffer): void
  protected abstract onEnd(trailers: Headers | undefined): void
  /** Nothing comes any more: the peer reset the stream or the connection is lost, or (`byPeer` false) we had to reset it. */
  abstract onReset(code: number, cause: string, byPeer: boolean): void
  /** Of whoever sends through this stream. */
  protected abstract pauseSource(): void
  protected abstract resumeSource(): void

  // ---------------------------------------------------------------- sending

  /** Body bytes wait for the peer or the socket. */
  get waiting(): boolean {
    return this.#queue !== undefined
  }

  /** Whoever sends through this stream was asked to wait. */
  get sourcePaused(): boolean {
    return this.#sourcePaused
  }

  /** What would come now could not go out: it is better held where it is counted. */
  protected holdWithoutWindow(): void {
    if (this.sendWindow > 0) {
      if (this.session.sendWindow > 0 && !this.session.full) return
      this.session.waiting.add(this)
    }
    if (this.#sourcePaused) return
    this.#sourcePaused = true
    this.pauseSource()
  }

  send(chunk: Buffer): void {
    if (this.closed || this.localEnded || chunk.length === 0) return
    if (this.#queue !== undefined) this.#queue.push(chunk)
    else {
      const sent = this.#sendSome(chunk, 0)
      if (sent === chunk.length) {
        if (!this.session.full) return
        this.session.waiting.add(this)
      } else {
        this.#queue = new Backlog()
        if (this.sendWindow > 0) this.session.waiting.add(this)
        // For the socket or the connection nobody waits long; who opens no window of the stream may never do so.
        const rest = this.sendWindow > 0 || !this.session.outbox.copies ? chunk : ownStore(chunk, sent)
        this.#queue.push(rest)
        if (rest === chunk) this.#queue.from = sent
      }
    }
    if (this.#sourcePaused) return
    this.#sourcePaused = true
    this.pauseSource()
  }

  /** As much as windows and socket take, from `from` on; returns up to where that was. */
  #sendSome(chunk: Buffer, from: number): number {
    const session = this.session
    const size = chunk.length
    let at = from
    while (at < size && !session.full) {
      const room = Math.min(size - at, this.sendWindow, session.sendWindow, session.out.maxFrame)
      if (room <= 0) break
      this.sendWindow -= room
      session.writeData(this, chunk, at, at + room)
      at += room
    }
    if (at === size && session.outbox.copies) giveBack(chunk)
    return at
  }

  /** The last of this direction. */
  sendEnd(trailers: Headers | undefined): void {
    if (this.closed || this.localEnded) return
    this.localEnded = true
    if (this.#queue === undefined) this.#writeEnd(trailers)
    else this.#queue.end(trailers)
  }

  #writeEnd(trailers: Headers | undefined): void {
    const session = this.session
    if (trailers !== undefined && trailers.length > 0) session.out.trailers(this, trailers)
    else if (this.#lastFrame !== undefined && this.#lastFlush === session.outbox.flushes)
      endFrame(this.#lastFrame, this.#lastFlags)
    else session.out.emptyEnd(this.id)
    this.#lastFrame = undefined
    this.onLocalEnd()
  }

  /** END_STREAM of ours was written. */
  protected abstract onLocalEnd(): void

  /** Told by the session of each frame that may still become the last one. */
  wrote(frame: Buffer, flags: number, flush: number): void {
    this.#lastFrame = frame
    this.#lastFlags = flags
    this.#lastFlush = flush
  }

  /** The frame that was written last does not become the last one. */
  protected seal(): void {
    this.#lastFrame = undefined
  }

  /** A window opened, or the socket takes more. Returns whether something still waits for the connection, not for this stream's window. */
  flush(): boolean {
    const queue = this.#queue
    if (queue !== undefined) {
      const { pieces } = queue
      while (pieces.length > 0) {
        const first = pieces[0] as Buffer
        queue.from = this.#sendSome(first, queue.from)
        if (queue.from < first.length) return this.sendWindow > 0
        queue.shift()
      }
      this.#queue = undefined
      if (queue.ended) {
        this.#sourcePaused = false
        this.#writeEnd(queue.trailers)
        return false
      }
    }
    if (!this.#sourcePaused) return false
    // The peer may open a window before it reads what fills the socket, and then say no more: the source waits for the socket.
    if (this.session.full) return this.sendWindow > 0
    this.#sourcePaused = false
    this.resumeSource()
    return this.#queue !== undefined && this.sendWindow > 0
  }

  /** The peer reads no more, though what it sends is whole and still on its way through here. */
  protected stopSending(): void {
    this.localEnded = true
    this.#queue = undefined
    this.#lastFrame = undefined
    if (!this.#sourcePaused) return
    // What still comes goes nowhere, and somebody may have to send it all before he reads.
    this.#sourcePaused = false
    this.resumeSource()
  }

  /** The peer reset the stream or is gone. Returns whether the stream goes on all the same. */
  outlives(): boolean {
    return false
  }

  /** A WINDOW_UPDATE for this stream. */
  credited(increment: number): void {
    if (this.sendWindow + increment > MAX_WINDOW) {
      this.session.resetStream(this, FLOW_CONTROL_ERROR, 'a window of more than 2^31 − 1 bytes')
      return
    }
    this.sendWindow += increment
    if (this.#sourcePaused && this.sendWindow > 0) this.session.waiting.flushOne(this)
  }

  // ---------------------------------------------------------------- receiving

  /**
   * Takes `size` bytes of a DATA frame, padding included, off the window. Returns false where the peer may not send them. A frame of 16 KiB, which
   * every peer may send (§4.2), is more than the first window: some do without having read it, and where somebody takes it, nothing is held.
   */
  take(size: number): boolean {
    this.#receiveWindow -= size
    if (this.#receiveWindow >= 0) return true
    return this.#receiveWindow >= FIRST_WINDOW - DEFAULT_FRAME && !this.#receivePaused && this.#held === undefined
  }

  /** A copy of what is borrowed. */
  protected owned(bytes: Buffer, from: number, to: number): Buffer {
    return mayBeLent(to - from) ? lend(bytes, from, to) : own(bytes, from, to)
  }

  /** A piece of a DATA frame stands in `bytes`, which is borrowed. */
  received(bytes: Buffer, from: number, to: number): void {
    if (this.remaining >= 0) {
      if (to - from > this.remaining) {
        this.session.malformed(this, 'more DATA than Content-Length says')
        return
      }
      this.remaining -= to - from
    }
    if (this.#receivePaused || this.#held !== undefined) this.#hold(bytes, from, to)
    else {
      const chunk = this.owned(bytes, from, to)
      this.onData(chunk)
      this.credit(chunk.length)
    }
  }

  #hold(bytes: Buffer, from: number, to: number): void {
    if (this.#held === undefined) this.#held = new Backlog()
    if (to - from < LARGE_ENOUGH) this.#held.gather(bytes, from, to)
    // As long as nobody has taken anything, a copy in a store of its own length: perhaps nobody ever does.
    else this.#held.push(this.#window === FIRST_WINDOW ? own(bytes, from, to) : this.owned(bytes, from, to))
    this.session.window.hold(to - from)
  }

  /** END_STREAM, with the trailers that said so. */
  receivedEnd(trailers: Headers | undefined): void {
    if (this.remaining > 0) {
      this.session.malformed(this, 'less DATA than Content-Length says')
      return
    }
    if (this.#held !== undefined) this.#held.end(trailers)
    else {
      this.remoteEnded = true
      this.onEnd(trailers)
    }
  }

  /** The peer said all, whether it was passed on or not. */
  get receivedAll(): boolean {
    return this.remoteEnded || this.#held?.ended === true
  }

  /**
   * Bytes were passed on: once they are a quarter of a window the peer may send as many again. Of the first one half: most bodies are smaller,
   * and a frame more would be all that they get of it, as where nothing is left to come.
   */
  credit(bytes: number): void {
    this.#uncredited += bytes
    const enough = this.#window === FIRST_WINDOW ? FIRST_WINDOW / 2 : this.#window / 4
    if (this.#uncredited < enough || this.#receivePaused || this.closed) return
    if (this.receivedAll || this.remaining === 0) return
    if (!this.#paused) this.#grow(this.#window * GROWTH)
    this.#paused = false
    this.#ahead = false
    this.#update()
  }

  #update(): void {
    this.session.out.windowUpdate(this.id, this.#uncredited)
    this.#receiveWindow += this.#uncredited
    this.#uncredited = 0
  }

  #grow(to: number): void {
    if (this.#window >= LARGEST_WINDOW) return
    const grown = this.session.window.grow(Math.min(to, LARGEST_WINDOW) - this.#window)
    this.#uncredited += grown
    this.#window += grown
  }

  /** Behind its head: where the body before was a large one, its sender need not wait for each step of the window's growth. */
  protected expectBody(): void {
    const { usual } = this.session.window
    if (usual <= this.#window) return
    this.#grow(usual)
    this.#ahead = this.#uncredited > 0
    if (this.#ahead) this.#update()
  }

  /** What the next stream is to expect: a body of this kind, if it was more than any stream begins with. */
  #shrink(): void {
    if (this.#window === FIRST_WINDOW) return
    const { window } = this.session
    const small = this.#ahead && this.#window - this.#receiveWindow <= FIRST_WINDOW
    window.usual = small ? FIRST_WINDOW : this.#window
    window.shrink(this.#window - FIRST_WINDOW)
    this.#window = FIRST_WINDOW
  }

  /** §6.9.2: the peer knows now that this window is smaller by `bytes` than it thought. */
  narrow(bytes: number): void {
    this.#receiveWindow -= bytes
  }

  pauseReceiving(): void {
    if (this.#receivePaused) return
    this.#receivePaused = true
    this.#paused = true
    this.#pausedAt = Math.floor(this.session.clock.now())
  }

  /** It holds something, and nobody took anything for `time` ms. */
  isStuck(now: number, time: number): boolean {
    return this.#receivePaused && this.#held !== undefined && this.#held.bytes > 0 && now - this.#pausedAt >= time
  }

  resumeReceiving(): void {
    if (!this.#receivePaused) return
    this.#receivePaused = false
    const held = this.#held
    while (held !== undefined && held.bytes > 0 && !this.#receivePaused && !this.closed) {
      const chunk = held.shift()
      this.session.release(chunk.length)
      this.onData(chunk)
      this.credit(chunk.length)
    }
    if (this.closed || (held !== undefined && held.bytes > 0)) return
    this.credit(0)
    if (held?.ended !== true) this.#held = undefined
    else if (!this.remoteEnded) {
      this.remoteEnded = true
      this.onEnd(held.trailers)
    }
  }

  get receivePaused(): boolean {
    return this.#receivePaused
  }

  /** Called once, by the session that forgets this stream. */
  close(): void {
    this.closed = true
    this.#queue = undefined
    this.#lastFrame = undefined
    this.#shrink()
    const held = this.#held
    if (held === undefined) return
    this.session.release(held.bytes)
    held.pieces.length = 0
    held.bytes = 0
  }

  /** Nobody above is interested any more. */
  cancel(): void {
    if (!this.closed) this.session.resetStream(this, CANCEL, '')
  }
}
