/**
 * Text put together as bytes in one page: cheaper than concatenating strings, which must be flattened part by part in the
 * end, and nothing is left for the collector.
 */
import { type Latin1Buffer, put } from '../core/latin1.ts'

/** Bytes of a page: enough for some three hundred lines, since each page costs the wake of a thread. */
const PAGE = 128 * 1024
const LONGEST_LINE = 32 * 1024

/** 1 for bytes that cannot stand in a JSON text as they are, or are not ASCII. */
const ESCAPED = new Uint8Array(256)
ESCAPED.fill(1, 0, 0x20)
ESCAPED.fill(1, 0x7f)
ESCAPED[0x22] = 1
ESCAPED[0x5c] = 1

const ZERO = 48

export class LineWriter {
  bytes: Buffer
  /** Where the next byte goes. */
  at: number
  /** The page behind this one, which was before this one, too. */
  #other: Buffer | undefined

  constructor() {
    this.bytes = newPage()
    this.at = 0
    this.#other = undefined
  }

  /** There may be no room for another line. */
  get full(): boolean {
    return this.at > PAGE - LONGEST_LINE
  }

  /** Bytes that stand ready. */
  piece(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.at)
    this.at += bytes.length
  }

  /** A text that is ASCII and needs no escape. */
  ascii(text: string): void {
    this.at = put(this.bytes, this.at, text)
  }

  /**
   * A text between quotes, escaped as JSON has it. Most texts need no escape, which is found out from the bytes written:
   * they are read faster than characters. Texts come from the wire, so a character is a byte.
   */
  quoted(text: string): void {
    const bytes = this.bytes
    const start = this.at
    bytes[start] = 0x22
    const end = start + 1 + (bytes as Latin1Buffer).latin1Write(text, start + 1)
    let found = 0
    for (let i = start + 1; i < end; i++) found |= ESCAPED[bytes[i] as number] as number
    if (found === 0) {
      bytes[end] = 0x22
      this.at = end + 1
    } else {
      this.at = start + bytes.write(JSON.stringify(text), start)
    }
  }

  /** Between quotes a text that is ASCII and needs no escape. */
  plain(text: string): void {
    this.bytes[this.at++] = 0x22
    this.at += (this.bytes as Latin1Buffer).latin1Write(text, this.at)
    this.bytes[this.at++] = 0x22
  }

  /** A whole number from 0 on. */
  int(value: number): void {
    if (value > 0x7fff_ffff) {
      this.ascii(String(value))
      return
    }
    let end = this.at + 1
    for (let limit = 10; value >= limit; limit *= 10) end++
    this.at = end
    let rest = value
    do {
      const tens = (rest / 10) | 0
      this.bytes[--end] = ZERO + rest - tens * 10
      rest = tens
    } while (rest > 0)
  }

  /** ms with three decimals; cheaper than the shortest form of a double. */
  millis(ms: number): void {
    const micros = ms > 0 ? Math.round(ms * 1000) : 0
    const whole = Math.floor(micros / 1000)
    this.int(whole)
    this.bytes[this.at++] = 0x2e
    this.#three(micros - whole * 1000)
  }

  /** A copy of what was written; the page is empty again. */
  take(): Buffer {
    const copy = Buffer.from(this.bytes.subarray(0, this.at))
    this.at = 0
    return copy
  }

  /** What was written, in its page. It stands until the next call, before which nobody may need it any more. */
  turn(): Buffer {
    const page = this.bytes
    const written = page.subarray(0, this.at)
    this.bytes = this.#other ?? newPage()
    this.#other = page
    this.at = 0
    return written
  }

  #three(value: number): void {
    const hundreds = (value / 100) | 0
    const tens = ((value / 10) | 0) - hundreds * 10
    this.bytes[this.at++] = ZERO + hundreds
    this.bytes[this.at++] = ZERO + tens
    this.bytes[this.at++] = ZERO + value - hundreds * 100 - tens * 10
  }
}

function newPage(): Buffer {
  return Buffer.allocUnsafeSlow(PAGE)
}
