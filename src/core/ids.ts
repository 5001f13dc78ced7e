/** Ids of requests, traces and spans: hex text cut from a sheet of random digits, written out a sheet at a time. */
import type { Random } from './random.ts'

/** Words per sheet: enough for some forty requests. */
const WORDS = 256
/** Words of one traceparent, and how many stand on a sheet. */
const CONTEXT_WORDS = 6
const CONTEXTS = 32
/** A version, an id of a trace, one of a span, no flags (W3C Trace Context §3.2). */
const CONTEXT = '00-00000000000000000000000000000000-0000000000000000-00'
/** Where the digits of its words begin. */
const PLACES = [3, 11, 19, 27, 36, 44]
/** The digits of a byte, the first one in the low half. */
const DIGITS = Uint16Array.from({ length: 256 }, (_, byte) => {
  const hex = byte.toString(16).padStart(2, '0')
  return hex.charCodeAt(0) | (hex.charCodeAt(1) << 8)
})
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
  /** Traceparents, one behind another; made when the first is asked for. */
  #page: Buffer | undefined
  #contexts: string
  #nextContext: number

  constructor(random: Random) {
    this.#bytes = Buffer.alloc(WORDS * 4)
    this.#words = new Uint32Array(this.#bytes.buffer, this.#bytes.byteOffset, WORDS)
    this.#a = random.word() | 0
    this.#b = random.word() | 0
    this.#c = random.word() | 0
    this.#counter = random.word() | 0
    this.#sheet = ''
    this.#next = 0
    this.#page = undefined
    this.#contexts = ''
    this.#nextContext = 0
  }

  /**
   * A traceparent of a new trace that is not sampled, and of a new span, neither all zero. It stands ready on its sheet: put
   * together from parts it would cost as much as all else that is done about ids.
   */
  traceparent(): string {
    if (this.#nextContext === this.#contexts.length) this.#writeContexts()
    const at = this.#nextContext
    this.#nextContext = at + CONTEXT.length
    return this.#contexts.slice(at, this.#nextContext)
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
    this.#draw(WORDS)
    this.#sheet = this.#bytes.toString('hex')
    this.#next = 0
  }

  #writeContexts(): void {
    if (this.#page === undefined) this.#page = Buffer.from(CONTEXT.repeat(CONTEXTS), 'latin1')
    const page = this.#page
    const words = this.#words
    this.#draw(CONTEXTS * CONTEXT_WORDS)
    for (let i = 0; i < CONTEXTS; i++) {
      const first = i * CONTEXT_WORDS
      if (isZero(words, first, first + 4)) words[first] = 1
      if (isZero(words, first + 4, first + CONTEXT_WORDS)) words[first + 4] = 1
      for (let n = 0; n < CONTEXT_WORDS; n++) {
        hex(page, i * CONTEXT.length + (PLACES[n] as number), words[first + n] as number)
      }
    }
    this.#contexts = page.toString('latin1')
    this.#nextContext = 0
  }

  /** So many words of digits. */
  #draw(count: number): void {
    let a = this.#a
    let b = this.#b
    let c = this.#c
    let counter = this.#counter
    for (let i = 0; i < count; i++) {
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
  }
}

function isZero(words: Uint32Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (words[i] !== 0) return false
  return true
}

/** The eight digits of a word. */
function hex(into: Buffer, at: number, word: number): void {
  for (let i = 0; i < 4; i++) {
    const digits = DIGITS[(word >>> (24 - 8 * i)) & 255] as number
    into[at + 2 * i] = digits & 255
    into[at + 2 * i + 1] = digits >>> 8
  }
}
