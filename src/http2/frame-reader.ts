/** Bytes → frames. DATA is passed on in the pieces it comes in, every other frame when it is whole. */
import { giveSpare, takeSpare } from '../net/spare-buffers.ts'
import {
  DATA,
  DEFAULT_FRAME,
  FRAME_HEADER,
  FRAME_SIZE_ERROR,
  PADDED,
  PROTOCOL_ERROR,
  readUint24,
  readUint31,
} from './frames.ts'

/** Told what was read. Any call may end the connection: then `closed` is set, and nothing more is told. */
export interface FrameSink {
  readonly closed: boolean
  /** The first byte of a frame came. */
  frameBegins(): void
  /** Whether this frame may come now; false when the connection ended. */
  frameAdmitted(type: number, flags: number, id: number): boolean
  /** A frame that is no DATA. `payload` is borrowed. */
  frame(type: number, flags: number, id: number, payload: Buffer, from: number, to: number): void
  /** A DATA frame of `length` bytes, padding included. */
  dataBegins(id: number, length: number): void
  /** It has `body` bytes of body, and `padding` with its length byte. False: nobody wants it. */
  dataKnown(body: number, padding: number, flags: number): boolean
  /** A piece of the body stands in `bytes`, which is borrowed. */
  dataPiece(bytes: Buffer, from: number, to: number): void
  dataEnds(flags: number): void
  connectionError(code: number, cause: string): void
  /** Asked between frames: others have waited long enough, and the rest of what came is read later. */
  tookLong(): boolean
}

/** Frames between two looks at the clock. */
const LOOK = 16

export class FrameReader {
  readonly #sink: FrameSink
  readonly #header: Buffer
  #headerFilled: number
  #length: number
  #type: number
  #flags: number
  #id: number
  /** A frame other than DATA that comes in parts. */
  #payload: Buffer | undefined
  #payloadFilled: number
  #inData: boolean
  #padKnown: boolean
  /** Bytes of body and of padding that are still to come. */
  #dataLeft: number
  #padLeft: number

  constructor(sink: FrameSink) {
    this.#sink = sink
    this.#header = Buffer.allocUnsafe(FRAME_HEADER)
    this.#headerFilled = 0
    this.#length = 0
    this.#type = 0
    this.#flags = 0
    this.#id = 0
    this.#payload = undefined
    this.#payloadFilled = 0
    this.#inData = false
    this.#padKnown = true
    this.#dataLeft = 0
    this.#padLeft = 0
  }

  /** A frame, DATA apart, has begun and is not whole. */
  get inFrame(): boolean {
    return this.#headerFilled > 0 || this.#payload !== undefined
  }

  /** Returns how far it read: less than all that came when that took too long. */
  read(chunk: Buffer, from: number): number {
    const sink = this.#sink
    const end = chunk.length
    let at = from
    for (let turn = 1; at < end && !sink.closed; turn++) {
      if (turn % LOOK === 0 && sink.tookLong()) return at
      if (this.#inData) at = this.#data(chunk, at, end)
      else if (this.#payload !== undefined) at = this.#fill(this.#payload, chunk, at, end)
      else if (this.#headerFilled > 0 || end - at < FRAME_HEADER) at = this.#fillHeader(chunk, at, end)
      else {
        sink.frameBegins()
        this.#readHeader(chunk, at)
        at = this.#begin(chunk, at + FRAME_HEADER, end)
      }
    }
    return end
  }

  #fillHeader(chunk: Buffer, from: number, end: number): number {
    if (this.#headerFilled === 0) this.#sink.frameBegins()
    const size = Math.min(FRAME_HEADER - this.#headerFilled, end - from)
    chunk.copy(this.#header, this.#headerFilled, from, from + size)
    this.#headerFilled += size
    if (this.#headerFilled < FRAME_HEADER) return from + size
    this.#headerFilled = 0
    this.#readHeader(this.#header, 0)
    return this.#begin(chunk, from + size, end)
  }

  #readHeader(from: Buffer, at: number): void {
    this.#length = readUint24(from, at)
    this.#type = from[at + 3] as number
    this.#flags = from[at + 4] as number
    this.#id = readUint31(from, at + 5)
  }

  /** A frame's payload begins at `at`; returns where reading goes on. */
  #begin(chunk: Buffer, at: number, end: number): number {
    const length = this.#length
    // §4.2: we have allowed no larger ones.
    if (length > DEFAULT_FRAME) this.#sink.connectionError(FRAME_SIZE_ERROR, `a frame of ${length} bytes`)
    else if (this.#sink.frameAdmitted(this.#type, this.#flags, this.#id)) {
      if (this.#type === DATA) {
        this.#beginData(length)
        return at
      }
      if (end - at >= length) {
        this.#sink.frame(this.#type, this.#flags, this.#id, chunk, at, at + length)
        return at + length
      }
      this.#payload = takeSpare(length)
      this.#payloadFilled = 0
      return at
    }
    return end
  }

  #fill(payload: Buffer, chunk: Buffer, from: number, end: number): number {
    const length = this.#length
    const size = Math.min(length - this.#payloadFilled, end - from)
    chunk.copy(payload, this.#payloadFilled, from, from + size)
    this.#payloadFilled += size
    if (this.#payloadFilled === length) {
      this.#payload = undefined
      this.#sink.frame(this.#type, this.#flags, this.#id, payload, 0, length)
      giveSpare(payload)
    }
    return from + size
  }

  // ---------------------------------------------------------------- DATA

  #beginData(length: number): void {
    this.#sink.dataBegins(this.#id, length)
    if (this.#sink.closed) return
    const padded = (this.#flags & PADDED) !== 0
    if (padded && length === 0) {
      this.#sink.connectionError(FRAME_SIZE_ERROR, 'padding without its length')
      return
    }
    this.#padKnown = !padded
    this.#dataLeft = length
    this.#padLeft = 0
    this.#inData = true
    if (padded) return
    if (!this.#sink.dataKnown(length, 0, this.#flags)) this.#inData = false
    else if (length === 0) this.#endData()
  }

  #data(chunk: Buffer, from: number, end: number): number {
    let at = from
    if (!this.#padKnown) {
      if (!this.#readPadding(chunk[at++] as number)) return end
    }
    const size = Math.min(this.#dataLeft, end - at)
    if (size > 0) {
      this.#dataLeft -= size
      this.#sink.dataPiece(chunk, at, at + size)
      at += size
    }
    const skipped = Math.min(this.#padLeft, end - at)
    this.#padLeft -= skipped
    if (this.#dataLeft === 0 && this.#padLeft === 0) this.#endData()
    return at + skipped
  }

  #readPadding(padding: number): boolean {
    this.#padKnown = true
    this.#dataLeft--
    if (padding > this.#dataLeft) {
      this.#sink.connectionError(PROTOCOL_ERROR, 'more padding than frame')
      return false
    }
    this.#dataLeft -= padding
    this.#padLeft = padding
    return this.#sink.dataKnown(this.#dataLeft, padding + 1, this.#flags)
  }

  #endData(): void {
    this.#inData = false
    this.#sink.dataEnds(this.#flags)
  }
}
