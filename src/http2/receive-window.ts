/**
 * What the peer may send on all streams of a connection together (RFC 9113 §5.2, §6.9). It is credited on receipt, whatever becomes of
 * the bytes: so no stream that somebody takes from ever waits for one that nobody does. What is held for those is bounded by the
 * windows of the streams: each begins with little, and what all of them may grow by has its bound here.
 *
 * All windows are odd, for bodies are of even lengths, and their ends must not meet: into a window of 0 nghttp2 sends no END_STREAM, though it may
 * (§6.9.1), and Node's server, where nobody reads the request, resets the stream with NO_ERROR once all of its answer but that is out. So the
 * window that the RFC begins with is odd, too.
 */
import type { FrameWriter } from './frame-writer.ts'
import { DEFAULT_WINDOW } from './frames.ts'
import type { WindowRoom } from './window-room.ts'

/** What a peer may send on all streams together before it is credited, until its window grows. */
export const CONNECTION_WINDOW: number = 512 * 1024 + 1
/**
 * What a peer may send on one stream before it is credited, until that window grows: what a connection may have to hold for each of its
 * streams, where nobody takes from them.
 */
export const FIRST_WINDOW: number = 12 * 1024 + 1
/** Bytes that one connection may hold for streams that are paused when all of the process hold more than `PROCESS_HELD`: then credit stops. */
const MOST_HELD_CROWDED = 64 * 1024
export const PROCESS_HELD: number = 64 * 1024 * 1024
/** The same of a client that has not confirmed our SETTINGS: until then its streams may have larger windows. */
const MOST_HELD_UNCONFIRMED = 1024 * 1024

let processHeld = 0

export class ReceiveWindow {
  readonly #out: FrameWriter
  /** What it may grow by, if it holds nothing back. */
  readonly #room: WindowRoom
  /** Bytes that the peer may still send. */
  #left: number
  /** What `#left` comes to when all is credited. */
  #size: number
  /** What a stream's window begins with, as far as the peer knows. What it has beyond `FIRST_WINDOW` is not credited again. */
  first: number
  /** What the window of the stream came to that ended last. */
  usual: number
  /** What the windows of streams have grown by, all together. */
  #grown: number
  /** Bytes held for streams that are paused, and as many as may be. */
  #held: number
  #mostHeld: number

  constructor(out: FrameWriter, room: WindowRoom) {
    this.#out = out
    this.#room = room
    this.#left = CONNECTION_WINDOW
    this.#size = CONNECTION_WINDOW
    this.first = DEFAULT_WINDOW
    this.usual = 0
    this.#grown = 0
    this.#held = 0
    this.#mostHeld = MOST_HELD_UNCONFIRMED
  }

  /** The peer knows our settings (§6.5.3). Returns by how much smaller the windows of open streams are than it thought (§6.9.2). */
  confirmed(): number {
    const less = this.first - FIRST_WINDOW
    this.first = FIRST_WINDOW
    this.#mostHeld = Number.POSITIVE_INFINITY
    return less
  }

  /**
   * A DATA frame of `length` bytes, padding included; `wanted`: for a stream that is open. Returns false where the peer may not
   * send them.
   */
  take(length: number, wanted: boolean): boolean {
    this.#left -= length
    if (this.#left < 0) return false
    this.credit(wanted)
    return true
  }

  /** `mayGrow`: what is thrown away says nothing of how fast anybody reads. */
  credit(mayGrow: boolean): void {
    if (this.crowded) return
    let due = this.#size - this.#left
    if (due < this.#size >> 2) return
    if (mayGrow && this.#held === 0 && this.#size < this.#room.largest && this.#room.take(this.#size - 1)) {
      due += this.#size - 1
      this.#size += this.#size - 1
    }
    this.#out.windowUpdate(0, due)
    this.#left += due
  }

  /** It has grown. */
  get roomy(): boolean {
    return this.#size > CONNECTION_WINDOW
  }

  /** The connection is over: its room serves others. */
  giveBack(): void {
    this.#room.give(this.#size - CONNECTION_WINDOW)
    this.#size = CONNECTION_WINDOW
  }

  /**
   * A stream's window is to grow by `bytes`. Returns by how much it may: all of them together by as much as the connection's
   * window has, and one of them by half of what others have left. It is an even number.
   */
  grow(bytes: number): number {
    const most = (this.#size - this.#grown) >> 1
    const grown = most <= 0 ? 0 : Math.min(bytes, most) & ~1
    this.#grown += grown
    return grown
  }

  /** It is over. */
  shrink(bytes: number): void {
    this.#grown -= bytes
  }

  /** Too much is held, here or in the process, for streams that nobody takes from: the peer may not send on any. */
  get crowded(): boolean {
    return this.#held > this.#mostHeld || (processHeld > PROCESS_HELD && this.#held > MOST_HELD_CROWDED)
  }

  hold(bytes: number): void {
    this.#held += bytes
    processHeld += bytes
  }

  /** They are held no more. */
  release(bytes: number): void {
    this.#held -= bytes
    processHeld -= bytes
  }
}
