/** One header block, of a HEADERS frame and the CONTINUATIONs behind it (RFC 9113 §4.3, §6.2, §6.10). */
import { giveSpare, takeSpare } from '../net/spare-buffers.ts'
import {
  END_HEADERS,
  END_STREAM,
  FRAME_SIZE_ERROR,
  HAS_PRIORITY,
  PADDED,
  PROTOCOL_ERROR,
  readUint31,
} from './frames.ts'

/** CONTINUATION frames of one block; a head of 64 KiB needs four. */
const MAX_CONTINUATIONS = 32

const NOTHING = Buffer.alloc(0)

export class HeaderBlock {
  /** The stream that the next frame must go on with, or 0. */
  continues: number
  /** Where the block stands, as far as it came; borrowed, unless it came in parts. */
  bytes: Buffer
  from: number
  to: number
  endStream: boolean
  /** Its stream depends on itself, which RFC 7540 §5.3.1 forbids. */
  dependsOnItself: boolean
  /** What is wrong with its frame, after an error code. */
  problem: string
  /** Where the block is put together when it comes in parts. */
  #store: Buffer | undefined
  #continuations: number

  constructor() {
    this.continues = 0
    this.bytes = NOTHING
    this.from = 0
    this.to = 0
    this.endStream = false
    this.dependsOnItself = false
    this.problem = ''
    this.#store = undefined
    this.#continuations = 0
  }

  /** Nothing of it is still to come. */
  get whole(): boolean {
    return this.continues === 0
  }

  /** A HEADERS frame. Returns an error code, or 0. */
  begin(id: number, flags: number, payload: Buffer, from: number, to: number): number {
    if (id === 0) return this.#wrong(PROTOCOL_ERROR, 'HEADERS on stream 0')
    let at = from
    let end = to
    if ((flags & PADDED) !== 0) {
      if (at === end) return this.#wrong(FRAME_SIZE_ERROR, 'padding without its length')
      end -= payload[at++] as number
    }
    this.dependsOnItself = false
    if ((flags & HAS_PRIORITY) !== 0) {
      this.dependsOnItself = to - at >= 5 && readUint31(payload, at) === id
      at += 5
    }
    if (at > end) return this.#wrong(PROTOCOL_ERROR, 'HEADERS with more padding than frame')
    this.endStream = (flags & END_STREAM) !== 0
    if ((flags & END_HEADERS) !== 0) this.#stands(payload, at, end)
    else {
      // What the frame stands in is borrowed, and the rest comes later.
      this.#stands(this.#gather(payload, at, end, 0), 0, end - at)
      this.continues = id
      this.#continuations = 0
    }
    return 0
  }

  /** A CONTINUATION frame of the stream it goes on with. False: the block takes more bytes or frames than `most` allows. */
  goOn(flags: number, payload: Buffer, from: number, to: number, most: number): boolean {
    const size = this.to + to - from
    if (size > most || ++this.#continuations > MAX_CONTINUATIONS) {
      this.release()
      return false
    }
    this.#stands(this.#gather(payload, from, to, this.to), 0, size)
    if ((flags & END_HEADERS) !== 0) this.continues = 0
    return true
  }

  /** Nothing is held for it any more. */
  release(): void {
    this.bytes = NOTHING
    if (this.#store !== undefined) giveSpare(this.#store)
    this.#store = undefined
  }

  /** Puts what stands between `from` and `to` behind the `filled` bytes that came before. */
  #gather(payload: Buffer, from: number, to: number, filled: number): Buffer {
    const size = filled + to - from
    const before = this.#store
    let store = before
    if (store === undefined || store.length < size) {
      store = takeSpare(size)
      this.#store = store
      if (before !== undefined) {
        before.copy(store, 0, 0, filled)
        giveSpare(before)
      }
    }
    payload.copy(store, filled, from, to)
    return store
  }

  #stands(bytes: Buffer, from: number, to: number): void {
    this.bytes = bytes
    this.from = from
    this.to = to
  }

  #wrong(code: number, problem: string): number {
    this.problem = problem
    return code
  }
}
