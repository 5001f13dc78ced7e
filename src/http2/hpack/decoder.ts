/** HPACK, bytes → fields (RFC 7541 §6). */
import { type BlockFields, Blocks } from './blocks.ts'
import { decode, decodedAtMost } from './huffman.ts'
import { Literals } from './literals.ts'
import { type SensitiveNames, sensitive } from './sensitive.ts'
import { Entry, STATIC, STATIC_END } from './static-table.ts'
import { DynamicTable } from './table.ts'

/** Told each field of a block, in order. `kind` is what field-kind.ts says of it, `size` what it takes of a table. */
export interface FieldSink {
  field(name: string, value: string, kind: number, size: number): void
}

/** An integer of more bytes than this is none that anybody needs. */
const MAX_CONTINUATION = 4

/** From so many literals on they are remembered: an encoder with a table sends few. */
const MANY_LITERALS = 64

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
  /** Strings that came, and those that are remembered. */
  #strings: number
  #literals: Literals | undefined
  #blocks: Blocks | undefined
  /** Where the string that was read last is remembered, or -1. */
  #slot: number

  constructor(limit: number, names: SensitiveNames = sensitive) {
    this.#table = new DynamicTable(limit, limit)
    this.#limit = limit
    this.#sensitive = names
    this.#buffer = scratch
    this.#at = 0
    this.#end = 0
    this.#problem = ''
    this.#strings = 0
    this.#literals = undefined
    this.#blocks = undefined
    this.#slot = -1
  }

  /** One whole block. Returns '' or what is wrong with it; then the connection cannot go on (RFC 9113 §4.3). */
  decode(buffer: Buffer, from: number, to: number, sink: FieldSink): string {
    const blocks = this.#blocks
    if (blocks === undefined) return this.#read(buffer, from, to, sink)
    const known = blocks.find(buffer, from, to - from)
    if (known !== undefined) {
      this.#say(known, sink)
      return ''
    }
    const problem = this.#read(buffer, from, to, sink)
    if (problem === '') blocks.keep(buffer, from, to - from)
    return problem
  }

  #say(known: BlockFields, sink: FieldSink): void {
    const { entries, inserted } = known
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i] as Entry
      if (inserted[i] === true) this.#table.insert(entry)
      sink.field(entry.name, entry.value, entry.kind, entry.size)
    }
  }

  #read(buffer: Buffer, from: number, to: number, sink: FieldSink): string {
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
    this.#blocks?.forget()
  }

  #indexed(sink: FieldSink): void {
    const index = this.#integer(7)
    if (this.#problem !== '') return
    const entry = this.#found(index)
    if (index === 0 || entry === undefined) this.#problem = `an index ${index} that no table has`
    else {
      this.#blocks?.hear(entry, false)
      sink.field(entry.name, entry.value, entry.kind, entry.size)
    }
  }

  /** What an index stands for, or undefined. A block that looks into the table of the connection means another thing next time. */
  #found(index: number): Entry | undefined {
    if (index < STATIC_END) return STATIC[index]
    this.#blocks?.look()
    return this.#table.at(index - STATIC_END)
  }

  /** `prefix` 6: into the table; 4: not; `never`: nor by anybody behind us. */
  #literal(sink: FieldSink, prefix: number, never: boolean): void {
    const index = this.#integer(prefix)
    if (this.#problem !== '') return
    let name: string
    if (index === 0) name = this.#string(false)
    else {
      const entry = this.#found(index)
      if (entry === undefined) {
        this.#problem = `an index ${index} that no table has`
        return
      }
      name = entry.name
    }
    if (this.#problem !== '') return
    const value = this.#string(never)
    if (this.#problem !== '') return
    const entry = this.#entry(name, value)
    if (prefix === 6) this.#table.insert(entry)
    else if (never) {
      this.#sensitive.note(name)
      this.#blocks?.forget()
    }
    this.#blocks?.hear(entry, prefix === 6)
    sink.field(name, value, entry.kind, entry.size)
  }

  #entry(name: string, value: string): Entry {
    const slot = this.#slot
    const literals = this.#literals
    if (slot < 0 || literals === undefined) return new Entry(name, value)
    const kept = literals.entry(slot)
    if (kept !== undefined && kept.name === name) return kept
    const entry = new Entry(name, value)
    literals.setEntry(slot, entry)
    return entry
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

  /** §5.2. `secret`: it is not remembered. */
  #string(secret: boolean): string {
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
    this.#slot = -1
    const literals = secret ? undefined : this.#remembering()
    if (literals === undefined) return this.#text(from, size, huffman)
    const found = literals.find(this.#buffer, from, size, huffman)
    if (found >= 0) {
      this.#slot = found
      return literals.text(found)
    }
    const text = this.#text(from, size, huffman)
    if (this.#problem === '') this.#slot = literals.keep(this.#buffer, from, size, huffman, text)
    return text
  }

  #remembering(): Literals | undefined {
    if (this.#literals === undefined && ++this.#strings > MANY_LITERALS) {
      this.#literals = new Literals()
      this.#blocks = new Blocks(this.#table)
    }
    return this.#literals
  }

  #text(from: number, size: number, huffman: boolean): string {
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
