/** HPACK, bytes → fields (RFC 7541 §6). */
import { classify } from '../field-kind.ts'
import { decode, decodedAtMost } from './huffman.ts'
import { type SensitiveNames, sensitive } from './sensitive.ts'
import { Entry, STATIC, STATIC_END } from './static-table.ts'
import { DynamicTable } from './table.ts'

/** Told each field of a block, in order. `kind` is what field-kind.ts says of it. */
export interface FieldSink {
  field(name: string, value: string, kind: number): void
}

/** An integer of more bytes than this is none that anybody needs. */
const MAX_CONTINUATION = 4

/** Huffman-coded strings are decoded here before they become strings. */
let scratch = Buffer.allocUnsafeSlow(4096)

export class Decoder {
  readonly #table: DynamicTable
  /** What our SETTINGS allow the peer's encoder, bytes. */
  readonly #limit: number
  readonly #sensitive: SensitiveNames
  #buffer: Buffer
  #at: number
  #end: number
  /** What is wrong, or ''; a COMPRESSION_ERROR that ends the connection. */
  #problem: string

  constructor(limit: number, names: SensitiveNames = sensitive) {
    this.#table = new DynamicTable(limit, limit)
    this.#limit = limit
    this.#sensitive = names
    this.#buffer = scratch
    this.#at = 0
    this.#end = 0
    this.#problem = ''
  }

  /** One whole block. Returns '' or what is wrong with it; then the connection cannot go on (RFC 9113 §4.3). */
  decode(buffer: Buffer, from: number, to: number, sink: FieldSink): string {
    this.#buffer = buffer
    this.#at = from
    this.#end = to
    this.#problem = ''
    let begun = false
    while (this.#at < to) {
      const first = buffer[this.#at] as number
      if (first >= 128) this.#indexed(sink)
      else if (first >= 64) this.#literal(sink, 6, false)
      else if (first < 32) this.#literal(sink, 4, first >= 16)
      else if (begun) return 'a table size update behind a field'
      else this.#resize()
      if (this.#problem !== '') break
      begun ||= (first & 0xe0) !== 32
    }
    this.#buffer = scratch
    return this.#problem
  }

  #resize(): void {
    const size = this.#integer(5)
    if (this.#problem !== '') return
    if (size > this.#limit) this.#problem = `a table of ${size} bytes where ${this.#limit} are allowed`
    else this.#table.resize(size)
  }

  #indexed(sink: FieldSink): void {
    const index = this.#integer(7)
    const entry = index < STATIC_END ? STATIC[index] : this.#table.at(index - STATIC_END)
    if (this.#problem !== '') return
    if (index === 0 || entry === undefined) this.#problem = `an index ${index} that no table has`
    else sink.field(entry.name, entry.value, entry.kind)
  }

  /** `prefix` 6: into the table; 4: not; `never`: nor by anybody behind us. */
  #literal(sink: FieldSink, prefix: number, never: boolean): void {
    const index = this.#integer(prefix)
    if (this.#problem !== '') return
    let name: string
    if (index === 0) name = this.#string()
    else {
      const entry = index < STATIC_END ? STATIC[index] : this.#table.at(index - STATIC_END)
      if (entry === undefined) {
        this.#problem = `an index ${index} that no table has`
        return
      }
      name = entry.name
    }
    if (this.#problem !== '') return
    const value = this.#string()
    if (this.#problem !== '') return
    if (prefix === 6) {
      const entry = new Entry(name, value)
      this.#table.insert(entry)
      sink.field(name, value, entry.kind)
    } else {
      if (never) this.#sensitive.note(name)
      sink.field(name, value, classify(name, value))
    }
  }

  /** §5.1. */
  #integer(prefix: number): number {
    const most = (1 << prefix) - 1
    let value = (this.#buffer[this.#at++] as number) & most
    if (value < most) return value
    for (let i = 0; i < MAX_CONTINUATION; i++) {
      if (this.#at >= this.#end) {
        this.#problem = 'an integer without its end'
        return 0
      }
      const byte = this.#buffer[this.#at++] as number
      value += (byte & 127) * 2 ** (7 * i)
      if (byte < 128) return value
    }
    this.#problem = 'an integer that is too large'
    return 0
  }

  /** §5.2. */
  #string(): string {
    if (this.#at >= this.#end) {
      this.#problem = 'a block that ends within a field'
      return ''
    }
    const huffman = (this.#buffer[this.#at] as number) >= 128
    const size = this.#integer(7)
    const from = this.#at
    if (this.#problem !== '') return ''
    if (size > this.#end - from) {
      this.#problem = 'a string that is longer than its block'
      return ''
    }
    this.#at = from + size
    return huffman ? this.#huffman(from, size) : this.#buffer.toString('latin1', from, from + size)
  }

  #huffman(from: number, size: number): string {
    const room = decodedAtMost(size)
    if (room > scratch.length) scratch = Buffer.allocUnsafeSlow(room)
    const length = decode(this.#buffer, from, from + size, scratch)
    if (length >= 0) return scratch.toString('latin1', 0, length)
    this.#problem = 'a string that is no Huffman code'
    return ''
  }
}
