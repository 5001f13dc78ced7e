/** One stream: what it receives, within its window (RFC 9113 §5.2, §6.9). What it sends is in sending-stream.ts; above it stands an exchange. */
import { LARGE_ENOUGH } from '../core/crumbs.ts'
import type { Headers } from '../core/headers.ts'
import { lend, mayBeLent } from '../net/lent-pieces.ts'
import { own } from '../net/shared-read.ts'
import { Backlog } from './backlog.ts'
import { CANCEL, DEFAULT_FRAME } from './frames.ts'
import { FIRST_WINDOW } from './receive-window.ts'
import { SendingStream } from './sending-stream.ts'
import type { StreamOwner } from './stream-owner.ts'

/**
 * What a stream's window may come to, and by how much it grows each time that a quarter of it was taken without a pause: for a stream
 * that has somebody who keeps up, as far as its connection has room.
 */
const LARGEST_WINDOW = 1024 * 1024 + 1
const GROWTH = 4

export abstract class Stream extends SendingStream {
  /** The peer sent END_STREAM, and it was passed on. */
  remoteEnded: boolean
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

  constructor(id: number, session: StreamOwner) {
    super(id, session)
    this.remoteEnded = false
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
  }

  // ---------------------------------------------------------------- what stands above

  /** It carries bytes: no HEADERS follow (RFC 9113 §8.5). */
  abstract get isTunnel(): boolean

  protected abstract onData(chunk: Buffer): void
  protected abstract onEnd(trailers: Headers | undefined): void

  /** The peer reset the stream with this code, or, -1, is gone. Returns whether the stream goes on all the same. */
  outlives(_code: number): boolean {
    return false
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
    else this.#ended(trailers)
  }

  /** All was passed on: other streams may have the window, though this one goes on until the other direction is over, too. */
  #ended(trailers: Headers | undefined): void {
    this.remoteEnded = true
    this.#shrink()
    this.onEnd(trailers)
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
    const enough = this.#window === FIRST_WINDOW ? FIRST_WINDOW >> 1 : this.#window >> 2
    if (this.#uncredited < enough || this.#receivePaused || this.closed) return
    if (this.receivedAll) return
    // Of a body whose length is known the rest may be sent already, and a byte more: nghttp2 sends no END_STREAM into a window of 0, though it may (§6.9.1).
    if (this.remaining >= 0 && this.remaining < this.#window - this.#uncredited) return
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

  /** What comes next is body: where the one before was large, its sender need not wait for each step of the window's growth. */
  protected expectBody(): void {
    const { usual } = this.session.window
    // A byte more than the rest, and one that is lost where that makes an even window.
    const to = this.remaining >= 0 ? Math.min(usual, this.remaining + 2) : usual
    if (to <= this.#window) return
    this.#grow(to)
    this.#ahead = this.#uncredited > 0
    if (this.#ahead) this.#update()
  }

  /** What the next stream is to expect: a body of this kind, if it was more than any stream begins with. */
  #shrink(): void {
    if (this.#window === FIRST_WINDOW) return
    const { window } = this.session
    const small = this.#ahead && this.#window - this.#receiveWindow <= FIRST_WINDOW
    // By halves: where others left no room for it, a window says nothing of the body.
    window.usual = small ? FIRST_WINDOW : Math.max(window.usual >> 1, this.#window)
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
    else if (!this.remoteEnded) this.#ended(held.trailers)
  }

  /** What comes is held, behind what came while nobody took it. */
  get holds(): boolean {
    return this.#held !== undefined
  }

  get receivePaused(): boolean {
    return this.#receivePaused
  }

  override close(): void {
    this.closed = true
    this.dropWaiting()
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
