/** Finds where a head ends, however it was cut, without reading a byte twice. */
import { BYTES, CR, IS_TOKEN, LF } from '../http/bytes.ts'

/** Not whole yet. */
export const INCOMPLETE = -1
/** A line feed without its carriage return, or a first byte no message begins with. */
const NOT_HTTP = -2
export const TOO_LARGE = -3

/** Empty lines before a message (RFC 9112 §2.2) are passed over, but not for ever. */
const MAX_EMPTY_LINES = 8

/**
 * Gathers one head. While it is whole in the buffer that came, nothing is copied: that is nearly always so. A client
 * that dribbles makes it keep what came, at most `maxBytes`, in a buffer that doubles.
 */
export class HeadScan {
  /** The buffer in which the head lies, after a success. */
  buffer: Buffer
  /** Where it begins there. */
  start: number
  readonly #maxBytes: number
  #kept: Buffer | undefined
  #length: number
  #at: number
  #lineStart: number
  #emptyLines: number

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
    this.buffer = EMPTY
    this.start = 0
    this.#kept = undefined
    this.#length = 0
    this.#at = 0
    this.#lineStart = 0
    this.#emptyLines = 0
  }

  /** Part of a head is here. */
  get begun(): boolean {
    return this.#kept !== undefined
  }

  /** Whether what came of a head, as long as it is not whole, may yet turn out to begin with `text`. */
  mayBegin(text: string): boolean {
    const kept = this.#kept
    if (kept === undefined) return true
    const length = Math.min(text.length, this.#length)
    return kept.toString('latin1', 0, length) === text.slice(0, length)
  }

  /** Goes on at `at` of a new buffer. Returns where in `this.buffer` the head ends, or a negative verdict. */
  scan(chunk: Buffer, at: number): number {
    if (this.#kept === undefined) {
      this.buffer = chunk
      this.start = at
      this.#at = at
      this.#lineStart = at
      this.#emptyLines = 0
      return this.#scanTo(chunk, chunk.length)
    }
    this.#append(chunk, at)
    return this.#scanTo(this.#kept, this.#length)
  }

  #scanTo(buffer: Buffer, length: number): number {
    let lineStart = this.#lineStart
    for (let i = this.#at; i < length; i++) {
      const byte = buffer[i] as number
      if (byte === LF) {
        if (i === lineStart || buffer[i - 1] !== CR) return NOT_HTTP
        if (i - lineStart === 1) {
          if (lineStart > this.start) return this.#found(buffer, length, i + 1)
          if (++this.#emptyLines > MAX_EMPTY_LINES) return NOT_HTTP
          this.start = i + 1
        }
        lineStart = i + 1
      } else if (i === this.start && byte !== CR && ((BYTES[byte] as number) & IS_TOKEN) === 0) return NOT_HTTP
    }
    this.#at = length
    this.#lineStart = lineStart
    if (length - this.start > this.#maxBytes) return TOO_LARGE
    if (this.#kept === undefined) this.#keep(buffer, length)
    return INCOMPLETE
  }

  #found(buffer: Buffer, length: number, end: number): number {
    if (end - this.start > this.#maxBytes) return TOO_LARGE
    this.buffer = this.#kept === undefined ? buffer : buffer.subarray(0, length)
    this.#kept = undefined
    return end
  }

  /** A copy: a view would pin the whole read. */
  #keep(buffer: Buffer, length: number): void {
    const size = length - this.start
    // Empty lines alone, such as old clients send behind a body, begin nothing.
    if (size === 0) return
    const kept = Buffer.allocUnsafeSlow(Math.max(1024, size * 2))
    buffer.copy(kept, 0, this.start, length)
    this.#at -= this.start
    this.#lineStart -= this.start
    this.start = 0
    this.#kept = kept
    this.#length = size
    this.buffer = EMPTY
  }

  #append(chunk: Buffer, at: number): void {
    const size = chunk.length - at
    let kept = this.#kept as Buffer
    if (this.#length + size > kept.length) {
      const larger = Buffer.allocUnsafeSlow((this.#length + size) * 2)
      kept.copy(larger, 0, 0, this.#length)
      kept = larger
      this.#kept = larger
    }
    chunk.copy(kept, this.#length, at)
    this.#length += size
  }

  /** Lets go of the buffer in which a head was found. */
  release(): void {
    this.buffer = EMPTY
  }

  /** Forgets what was begun. */
  reset(): void {
    this.#kept = undefined
    this.buffer = EMPTY
  }
}

const EMPTY = Buffer.alloc(0)
