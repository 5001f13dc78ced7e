/** Frames out: each is written into the outbox's block and goes out with whatever else one event causes. */
import type { Headers } from '../core/headers.ts'
import { dataWritten, messageWritten } from '../net/moderation.ts'
import type { Outbox } from '../net/outbox.ts'
import {
  ACK,
  CONTINUATION,
  DATA,
  DEFAULT_FRAME,
  END_HEADERS,
  END_STREAM,
  FLAGS_AT,
  FRAME_HEADER,
  frameHeader,
  GOAWAY,
  HEADERS,
  PING,
  RST_STREAM,
  SETTINGS,
  uint32,
  WINDOW_UPDATE,
} from './frames.ts'
import { BLOCK_OVERHEAD, Encoder, FIELD_OVERHEAD } from './hpack/encoder.ts'

/** Up to here DATA is copied behind its frame header for TLS, too; above it goes there as a part of its own. */
const COPY_DATA = 4096
const NOTHING = Buffer.alloc(0)

/** Whose frame it is, told of each that may still become its last one. */
export interface FrameOwner {
  readonly id: number
  /** Its flags stand in `frame` at `flags`, and may be changed until the outbox has flushed more often than `flush`. */
  wrote(frame: Buffer, flags: number, flush: number): void
}

/** Writers so far. */
let made = 0

export class FrameWriter {
  /** The largest frame the peer takes. */
  maxFrame: number
  /** Of frames that no window holds back, written since whoever watches this set it to 0, bytes. */
  unread: number
  /**
   * Heads answer what is read, and who has too many unread is not read. Requests do not: were answers not read because of them, a server that
   * reads none before its answers are taken would wait for us as we for it.
   */
  headsAnswer: boolean
  readonly #outbox: Outbox
  readonly #encoder: Encoder
  /** Tells its streams from those of other connections: with a stream's id in the lower half. */
  readonly #mark: number
  /** Where the header block that is being written stands. */
  #into: Buffer

  constructor(outbox: Outbox) {
    this.#mark = made++ << 16
    this.maxFrame = DEFAULT_FRAME
    this.unread = 0
    this.headsAnswer = true
    this.#outbox = outbox
    this.#encoder = new Encoder()
    this.#into = NOTHING
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  allowTable(size: number): void {
    this.#encoder.allow(size)
  }

  /** `chunk` from `from` to `to`, at most `maxFrame` bytes. */
  data(owner: FrameOwner, chunk: Buffer, from: number, to: number): void {
    const size = to - from
    dataWritten(size, this.#mark ^ owner.id)
    const outbox = this.#outbox
    const copied = size <= COPY_DATA || outbox.copies
    const room = outbox.room(copied ? FRAME_HEADER + size : FRAME_HEADER)
    const start = outbox.at
    const at = frameHeader(room, start, size, DATA, 0, owner.id)
    if (copied) {
      chunk.copy(room, at, from, to)
      outbox.commit(at + size)
    } else {
      outbox.commit(at)
      outbox.bytes(from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to))
    }
    owner.wrote(room, start + FLAGS_AT, outbox.flushes)
  }

  /** END_STREAM without anything. */
  emptyEnd(id: number): void {
    this.#control(DATA, END_STREAM, id, 0, 0)
  }

  trailers(owner: FrameOwner, trailers: Headers): void {
    const from = this.beginBlock(blockRoom(trailers))
    this.endBlock(owner, this.fields(trailers, from), END_STREAM)
  }

  // A header block: beginBlock, field and fields, endBlock; nothing else is written between them.

  /** Room for a block of `size` bytes behind a frame header; returns where its fields begin. */
  beginBlock(size: number): number {
    const room = this.#outbox.room(FRAME_HEADER + BLOCK_OVERHEAD + size)
    this.#into = room
    return this.#encoder.begin(room, this.#outbox.at + FRAME_HEADER)
  }

  field(name: string, value: string, at: number): number {
    return this.#encoder.field(name, value, this.#into, at)
  }

  /** Field names go out in lower case, as HTTP/2 has them (RFC 9113 §8.2). */
  fields(headers: Headers, from: number): number {
    const encoder = this.#encoder
    const into = this.#into
    let at = from
    for (let i = 0; i < headers.length; i += 2) {
      at = encoder.anyCase(headers[i] as string, headers[i + 1] as string, into, at)
    }
    return at
  }

  /** The block ends at `to`: its frame header, and CONTINUATION where it is larger than a frame. */
  endBlock(owner: FrameOwner, to: number, flags: number): void {
    messageWritten()
    const outbox = this.#outbox
    const start = outbox.at
    const size = to - start - FRAME_HEADER
    const into = this.#into
    if (this.headsAnswer) this.unread += FRAME_HEADER + size
    if (size > this.maxFrame) {
      this.#longBlock(owner, into, start + FRAME_HEADER, to, flags)
      return
    }
    frameHeader(into, start, size, HEADERS, flags | END_HEADERS, owner.id)
    outbox.commit(to)
    owner.wrote(into, start + FLAGS_AT, outbox.flushes)
  }

  #longBlock(owner: FrameOwner, into: Buffer, from: number, to: number, flags: number): void {
    const outbox = this.#outbox
    // The room was not committed: the block is copied out of it before frames are written there.
    const block = Buffer.from(into.subarray(from, to))
    const most = this.maxFrame
    for (let at = 0; at < block.length; at += most) {
      const size = Math.min(most, block.length - at)
      const last = at + size === block.length ? END_HEADERS : 0
      const room = outbox.room(FRAME_HEADER + size)
      const type = at === 0 ? HEADERS : CONTINUATION
      const body = frameHeader(room, outbox.at, size, type, (at === 0 ? flags : 0) | last, owner.id)
      if (at === 0) owner.wrote(room, outbox.at + FLAGS_AT, outbox.flushes)
      block.copy(room, body, at, at + size)
      outbox.commit(body + size)
    }
  }

  // ---------------------------------------------------------------- control

  windowUpdate(id: number, increment: number): void {
    this.#control(WINDOW_UPDATE, 0, id, 4, increment)
  }

  reset(id: number, code: number): void {
    this.#control(RST_STREAM, 0, id, 4, code)
  }

  /** Pairs of name and value. */
  settings(settings: readonly number[]): void {
    const outbox = this.#outbox
    const size = (settings.length / 2) * 6
    const room = outbox.room(FRAME_HEADER + size)
    let at = frameHeader(room, outbox.at, size, SETTINGS, 0, 0)
    for (let i = 0; i < settings.length; i += 2) {
      const name = settings[i] as number
      room[at] = name >>> 8
      room[at + 1] = name
      at = uint32(room, at + 2, settings[i + 1] as number)
    }
    outbox.commit(at)
  }

  settingsAck(): void {
    this.#control(SETTINGS, ACK, 0, 0, 0)
  }

  /** `what` comes back with the answer, in its last byte. */
  ping(what: number): void {
    const outbox = this.#outbox
    const room = outbox.room(FRAME_HEADER + 8)
    const at = frameHeader(room, outbox.at, 8, PING, 0, 0)
    outbox.commit(uint32(room, uint32(room, at, 0), what))
  }

  /** What was asked stands in `payload` at `from`. */
  pingAck(payload: Buffer, from: number): void {
    const outbox = this.#outbox
    const room = outbox.room(FRAME_HEADER + 8)
    const at = frameHeader(room, outbox.at, 8, PING, ACK, 0)
    payload.copy(room, at, from, from + 8)
    outbox.commit(at + 8)
    this.unread += FRAME_HEADER + 8
  }

  goaway(lastId: number, code: number): void {
    const outbox = this.#outbox
    const room = outbox.room(FRAME_HEADER + 8)
    const at = frameHeader(room, outbox.at, 8, GOAWAY, 0, 0)
    outbox.commit(uint32(room, uint32(room, at, lastId), code))
  }

  /** `size` 0, or 4 for one number. */
  #control(type: number, flags: number, id: number, size: number, value: number): void {
    const outbox = this.#outbox
    const room = outbox.room(FRAME_HEADER + size)
    let at = frameHeader(room, outbox.at, size, type, flags, id)
    if (size === 4) at = uint32(room, at, value)
    outbox.commit(at)
    this.unread += FRAME_HEADER + size
  }
}

/** Sets END_STREAM on a frame that was written and not flushed yet. */
export function endFrame(frame: Buffer, flags: number): void {
  frame[flags] = (frame[flags] as number) | END_STREAM
}

/** Bytes that fields take at most in a block. */
export function blockRoom(headers: Headers): number {
  let size = 0
  for (let i = 0; i < headers.length; i++) size += (headers[i] as string).length
  return size + (headers.length / 2) * FIELD_OVERHEAD
}
