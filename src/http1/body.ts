/** Message bodies: bytes → pieces, step by step, strict about every byte between them (RFC 9112 §6, §7). */
import type { Headers } from '../core/headers.ts'
import { BYTES, CR, IS_HEX, IS_TOKEN, IS_VALUE, LF, SP, TAB } from '../http/bytes.ts'
import { mayBeTrailer } from '../http/field-rules.ts'
import { field, readField } from './fields.ts'
import type { HeadLimits } from '../http/server-side.ts'
import { CHUNKED, UNTIL_CLOSE } from './head.ts'

/** What a step found: nothing more in this buffer, a piece, the end, or a message that breaks the rules. */
const MORE = 0
export const PIECE = 1
export const END = 2
export const BROKEN = 3

/** Bytes that the chunk extensions of one message may take; nobody reads them. */
const MAX_EXTENSIONS = 16 * 1024

// States within a chunked body, each waiting for the byte or bytes it is named after.
const SIZE = 0
const EXTENSION_NAME = 2
const EXTENSION_VALUE = 3
const QUOTED = 4
const ESCAPED = 5
const SIZE_LF = 6
const DATA = 7
const DATA_CR = 8
const DATA_LF = 9
const TRAILERS = 10
const AFTER_QUOTED = 11
/** Bad whitespace (RFC 9112 §7.1.1): parsed and left out, but only where more of an extension follows. */
const BEFORE_SEMICOLON = 12
const AFTER_NAME = 13

/**
 * Reads one body. The caller steps: after each step it looks at its own state again, since what it did with a piece may
 * have ended the exchange. A piece is a part of the buffer that was given.
 */
export class BodyReader {
  /** After PIECE: where in the buffer it begins; it ends at `at`. */
  from = 0
  /** After END; undefined without trailers. */
  trailers: Headers | undefined = undefined
  /** After BROKEN. */
  problem = ''
  /** Where the next step goes on in the same buffer. */
  at = 0

  #mode = 0
  #left = 0
  #state = SIZE
  #digits = 0
  #begun = false
  #extensions = 0
  #trailerText = ''
  #limits: HeadLimits

  constructor(limits: HeadLimits) {
    this.#limits = limits
  }

  /** `length` in bytes, CHUNKED or UNTIL_CLOSE. */
  begin(length: number): void {
    this.#mode = length < 0 ? length : 0
    this.#left = length > 0 ? length : 0
    this.#state = SIZE
    this.#digits = 0
    this.#begun = false
    this.#extensions = 0
    this.#trailerText = ''
    this.trailers = undefined
  }

  /** Lets go of the trailers: a connection may be silent for long. */
  release(): void {
    this.trailers = undefined
    this.#trailerText = ''
  }

  /** Nothing is left to come: the next step says END without a byte. */
  get finished(): boolean {
    return this.#mode === 0 && this.#left === 0
  }

  step(buffer: Buffer, at: number): number {
    this.at = at
    if (this.#mode === CHUNKED) return this.#chunked(buffer)
    if (this.#mode === UNTIL_CLOSE) return this.#take(buffer.length - at)
    if (this.#left === 0) return END
    const step = this.#take(Math.min(this.#left, buffer.length - at))
    if (step === PIECE) this.#left -= this.at - this.from
    return step
  }

  #take(size: number): number {
    if (size === 0) return MORE
    this.from = this.at
    this.at += size
    return PIECE
  }

  #broken(problem: string): number {
    this.problem = problem
    return BROKEN
  }

  #chunked(buffer: Buffer): number {
    const length = buffer.length
    while (this.at < length) {
      if (this.#state === DATA) {
        const step = this.#take(Math.min(this.#left, length - this.at))
        this.#left -= this.at - this.from
        if (this.#left === 0) this.#state = DATA_CR
        return step
      }
      if (this.#state === TRAILERS) return this.#trailers(buffer)
      const problem = this.#line(buffer[this.at++] as number)
      if (problem !== '') return this.#broken(problem)
    }
    return MORE
  }

  /** One byte of what stands between the data: sizes, extensions, line ends. */
  #line(byte: number): string {
    const flags = BYTES[byte] as number
    switch (this.#state) {
      case SIZE:
        if ((flags & IS_HEX) !== 0) {
          // 13 hexadecimal digits are below 2^53; leading zeros count, nobody needs them.
          if (++this.#digits > 13) return 'a chunk size of more than 13 digits'
          this.#left = this.#left * 16 + hexValue(byte)
          return ''
        }
        if (this.#digits === 0) return 'a chunk without a size'
        return this.#afterSize(byte)
      case AFTER_QUOTED:
        return this.#afterSize(byte)
      case EXTENSION_NAME:
        if (++this.#extensions > MAX_EXTENSIONS) return 'chunk extensions of more than 16 KiB'
        if ((flags & IS_TOKEN) !== 0) {
          this.#begun = true
          return ''
        }
        if (!this.#begun) return isBlank(byte) ? '' : 'a chunk extension without a name'
        return this.#afterName(byte)
      case AFTER_NAME:
        if (++this.#extensions > MAX_EXTENSIONS) return 'chunk extensions of more than 16 KiB'
        return byte === CR ? 'whitespace behind a chunk extension' : this.#afterName(byte)
      case BEFORE_SEMICOLON:
        if (++this.#extensions > MAX_EXTENSIONS) return 'chunk extensions of more than 16 KiB'
        return byte === CR ? 'whitespace behind a chunk size' : this.#afterSize(byte)
      case EXTENSION_VALUE:
        if (++this.#extensions > MAX_EXTENSIONS) return 'chunk extensions of more than 16 KiB'
        if ((flags & IS_TOKEN) !== 0) {
          this.#begun = true
          return ''
        }
        if (this.#begun) return this.#afterSize(byte)
        if (isBlank(byte)) return ''
        if (byte !== 34) return 'a chunk extension without a value'
        this.#state = QUOTED
        return ''
      case QUOTED:
        if (++this.#extensions > MAX_EXTENSIONS) return 'chunk extensions of more than 16 KiB'
        if (byte === 34) this.#state = AFTER_QUOTED
        else if (byte === 92) this.#state = ESCAPED
        else if ((flags & IS_VALUE) === 0) return 'a control character in a chunk extension'
        return ''
      case ESCAPED:
        this.#state = QUOTED
        return (flags & IS_VALUE) === 0 ? 'a control character in a chunk extension' : ''
      case SIZE_LF:
        if (byte !== LF) return 'a chunk size line that does not end with CRLF'
        this.#state = this.#left === 0 ? TRAILERS : DATA
        return ''
      case DATA_CR:
        if (byte !== CR) return 'chunk data that is longer than its size'
        this.#state = DATA_LF
        return ''
      default:
        if (byte !== LF) return 'chunk data that does not end with CRLF'
        this.#state = SIZE
        this.#digits = 0
        return ''
    }
  }

  #afterName(byte: number): string {
    if (byte === 61) {
      this.#state = EXTENSION_VALUE
      this.#begun = false
      return ''
    }
    if (!isBlank(byte)) return this.#afterSize(byte)
    this.#state = AFTER_NAME
    return ''
  }

  #afterSize(byte: number): string {
    if (byte === CR) this.#state = SIZE_LF
    else if (isBlank(byte)) this.#state = BEFORE_SEMICOLON
    else if (byte === 59) {
      this.#state = EXTENSION_NAME
      this.#begun = false
    } else return 'a chunk size with a character that is no hexadecimal digit'
    return ''
  }

  /** Gathers lines until the empty one; the common case is that it comes at once. */
  #trailers(buffer: Buffer): number {
    const at = this.at
    if (this.#trailerText === '' && buffer[at] === CR && buffer[at + 1] === LF) {
      this.at = at + 2
      return END
    }
    const before = this.#trailerText.length
    this.#trailerText += buffer.toString('latin1', at, Math.min(buffer.length, at + this.#limits.maxHeaderBytes + 4))
    const text = this.#trailerText
    const end = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n', Math.max(0, before - 3))
    if (end < 0) {
      if (text.length > this.#limits.maxHeaderBytes) return this.#broken('a trailer section that is too large')
      if (bareLineFeed(text, Math.max(0, before - 1))) return this.#broken('a trailer line that does not end with CRLF')
      this.at = buffer.length
      return MORE
    }
    if (end > this.#limits.maxHeaderBytes) return this.#broken('a trailer section that is too large')
    const size = end === 0 && text.startsWith('\r\n') ? 2 : end + 4
    this.at = at + size - before
    if (size > 2) return this.#parseTrailers(text.slice(0, size))
    return END
  }

  #parseTrailers(text: string): number {
    const kept: string[] = []
    let count = 0
    for (let at = 0; at < text.length - 2; at = field.next) {
      const problem = readField(text, at)
      if (problem !== '') return this.#broken(`trailers: ${problem}`)
      if (++count > this.#limits.maxHeaders) return this.#broken(`more than ${this.#limits.maxHeaders} trailer fields`)
      if (mayBeTrailer(field.name)) kept.push(field.name, field.value)
    }
    if (kept.length > 0) this.trailers = kept
    return END
  }
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === TAB
}

function hexValue(byte: number): number {
  return byte <= 57 ? byte - 48 : (byte | 32) - 87
}

/** A LF without its CR: waiting for CRLF CRLF would be waiting for ever. */
function bareLineFeed(text: string, from: number): boolean {
  for (let at = text.indexOf('\n', from); at >= 0; at = text.indexOf('\n', at + 1)) {
    if (at === 0 || text.charCodeAt(at - 1) !== CR) return true
  }
  return false
}
