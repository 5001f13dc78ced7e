/** Trace and span ids: hex text cut from a sheet of random words, written out a sheet at a time. */
import type { Random } from '../core/random.ts'

/** Words per sheet: enough for some forty requests. */
const WORDS = 256
const ZERO_TRACE = '0'.repeat(32)
const ZERO_SPAN = '0'.repeat(16)

export class Ids {
  readonly #random: Random
  readonly #bytes: Buffer
  readonly #words: Uint32Array
  #sheet: string
  #next: number

  constructor(random: Random) {
    this.#random = random
    this.#bytes = Buffer.alloc(WORDS * 4)
    this.#words = new Uint32Array(this.#bytes.buffer, this.#bytes.byteOffset, WORDS)
    this.#sheet = ''
    this.#next = 0
  }

  /** 32 hex digits, never all zero (W3C Trace Context §3.2.2.3). */
  traceId(): string {
    const id = this.#cut(32)
    return id === ZERO_TRACE ? this.traceId() : id
  }

  /** 16 hex digits, never all zero. */
  spanId(): string {
    const id = this.#cut(16)
    return id === ZERO_SPAN ? this.spanId() : id
  }

  #cut(length: number): string {
    if (this.#next + length > this.#sheet.length) this.#write()
    const id = this.#sheet.slice(this.#next, this.#next + length)
    this.#next += length
    return id
  }

  #write(): void {
    for (let i = 0; i < WORDS; i++) this.#words[i] = this.#random.word()
    this.#sheet = this.#bytes.toString('hex')
    this.#next = 0
  }
}
