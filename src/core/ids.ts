/** Ids of requests, traces and spans: hex text cut from a sheet of random digits, written out a sheet at a time. */
import type { Random } from './random.ts'

/** Words per sheet: enough for some forty requests. */
const WORDS = 256
const ZERO_TRACE = '0'.repeat(32)
const ZERO_SPAN = '0'.repeat(16)

/**
 * Ids must differ, nobody needs to be unable to guess them; so the system's generator gives the seed, and sfc32 (Doty-
 * Humphrey) the digits, at a tenth of the cost.
 */
export class Ids {
  readonly #bytes: Buffer
  readonly #words: Uint32Array
  /** The state of sfc32. */
  #a: number
  #b: number
  #c: number
  #counter: number
  #sheet: string
  #next: number

  constructor(random: Random) {
    this.#bytes = Buffer.alloc(WORDS * 4)
    this.#words = new Uint32Array(this.#bytes.buffer, this.#bytes.byteOffset, WORDS)
    this.#a = random.word() | 0
    this.#b = random.word() | 0
    this.#c = random.word() | 0
    this.#counter = random.word() | 0
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
    let a = this.#a
    let b = this.#b
    let c = this.#c
    let counter = this.#counter
    for (let i = 0; i < WORDS; i++) {
      const word = (((a + b) | 0) + counter) | 0
      counter = (counter + 1) | 0
      a = b ^ (b >>> 9)
      b = (c + (c << 3)) | 0
      c = (((c << 21) | (c >>> 11)) + word) | 0
      this.#words[i] = word
    }
    this.#a = a
    this.#b = b
    this.#c = c
    this.#counter = counter
    this.#sheet = this.#bytes.toString('hex')
    this.#next = 0
  }
}
