/**
 * What the peer may send on all streams of a connection together, and what is held of it for streams that are paused
 * (RFC 9113 §5.2, §6.9). One account of held bytes for the process bounds it for all connections.
 */
import type { FrameWriter } from './frame-writer.ts'
import type { WindowRoom } from './window-room.ts'

/** What a peer may send on all streams together before it is credited, until its window grows; credit comes on receipt. */
export const CONNECTION_WINDOW: number = 512 * 1024
/** Bytes that one connection may hold for streams that are paused before credit for all of it stops. */
const MAX_HELD = 1024 * 1024
/** What is held counts against the window, but for this much: so streams that are read go on beside it. */
const BESIDE_HELD = 128 * 1024
/** The same when all connections of the process hold more than `PROCESS_HELD`. */
const MAX_HELD_CROWDED = 64 * 1024
const PROCESS_HELD = 64 * 1024 * 1024

let processHeld = 0

export class ReceiveWindow {
  readonly #out: FrameWriter
  /** What it may grow by, if it holds nothing back. */
  readonly #room: WindowRoom
  /** Bytes that the peer may still send. */
  #left: number
  /** What `#left` comes to when all is credited, and nothing is held. */
  #size: number
  /** Bytes held for streams that are paused. */
  #held: number

  constructor(out: FrameWriter, room: WindowRoom) {
    this.#out = out
    this.#room = room
    this.#left = CONNECTION_WINDOW
    this.#size = CONNECTION_WINDOW
    this.#held = 0
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

  /**
   * On receipt, so that one slow stream stops nobody, as long as the connection does not hold too much for slow ones. `mayGrow`: what is
   * thrown away says nothing of how fast anybody reads.
   */
  credit(mayGrow: boolean): void {
    if (this.crowded) return
    const most = Math.max(this.#size - this.#held, BESIDE_HELD)
    let due = most - this.#left
    if (due < most / 4) return
    if (mayGrow && this.#held === 0 && this.#size < this.#room.largest && this.#room.take(this.#size)) {
      due += this.#size
      this.#size *= 2
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

  /** It holds so much for streams that nobody takes from that the peer may not send on any. */
  get crowded(): boolean {
    return this.#held > (processHeld > PROCESS_HELD ? MAX_HELD_CROWDED : MAX_HELD)
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
