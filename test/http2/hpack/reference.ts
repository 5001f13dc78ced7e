/**
 * HPACK as RFC 7541 words it, for checking ours: arrays and copies, no thought of speed. The encoder chooses any form that
 * is allowed; the decoder says which form each field had, and holds the table to the size it may have.
 */
import { decode, decodedAtMost, encode, encodedSize } from '../../../src/http2/hpack/huffman.ts'
import { STATIC, STATIC_END } from '../../../src/http2/hpack/static-table.ts'
import { integer } from '../../support/http2-raw.ts'
import type { Seeded } from '../../support/seeded.ts'

export type Pair = readonly [name: string, value: string]
export type Form = 'indexed' | 'kept' | 'plain' | 'never'

/** §4: newest first. */
class Table {
  readonly entries: Pair[] = []
  maxSize: number

  constructor(maxSize: number) {
    this.maxSize = maxSize
  }

  get size(): number {
    return this.entries.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0)
  }

  resize(maxSize: number): void {
    this.maxSize = maxSize
    while (this.size > maxSize) this.entries.pop()
  }

  insert(pair: Pair): void {
    this.entries.unshift(pair)
    while (this.size > this.maxSize) this.entries.pop()
  }

  at(index: number): Pair {
    const fixed = STATIC[index]
    if (index > 0 && fixed !== undefined) return [fixed.name, fixed.value]
    const entry = this.entries[index - STATIC_END]
    if (index < STATIC_END || entry === undefined) throw new Error(`no table has an index ${index}`)
    return entry
  }

  /** Every index whose entry has this name, and this value where one is given. */
  find(name: string, value?: string): number[] {
    const found: number[] = []
    for (let index = 1; index < STATIC_END + this.entries.length; index++) {
      const entry = this.at(index)
      if (entry[0] === name && (value === undefined || entry[1] === value)) found.push(index)
    }
    return found
  }
}

/** §5.2. */
export function text(value: string, huffman: boolean): Buffer {
  if (!huffman) return Buffer.concat([integer(value.length, 7), Buffer.from(value, 'latin1')])
  const size = encodedSize(value)
  const coded = Buffer.alloc(size)
  encode(value, coded, 0)
  return Buffer.concat([integer(size, 7, 0x80), coded])
}

const FORMS = { kept: [6, 0x40], plain: [4, 0], never: [4, 0x10] } as const

/** Every form that RFC 7541 allows, chosen by chance. */
export class ReferenceEncoder {
  readonly #random: Seeded
  readonly #table: Table

  constructor(random: Seeded, maxSize: number) {
    this.#random = random
    this.#table = new Table(maxSize)
  }

  /** To stand at the beginning of a block. */
  resize(size: number): Buffer {
    this.#table.resize(size)
    return integer(size, 5, 0x20)
  }

  field(pair: Pair): { readonly bytes: Buffer; readonly form: Form } {
    const random = this.#random
    const [name, value] = pair
    const exact = this.#table.find(name, value)
    if (exact.length > 0 && random.chance(0.6)) {
      return { bytes: integer(random.pick(exact), 7, 0x80), form: 'indexed' }
    }
    const form = random.pick(['kept', 'kept', 'plain', 'never'] as const)
    const [prefix, bits] = FORMS[form]
    const names = this.#table.find(name)
    const start =
      names.length > 0 && random.chance(0.7)
        ? integer(random.pick(names), prefix, bits)
        : Buffer.concat([Buffer.from([bits]), text(name, random.chance(0.5))])
    if (form === 'kept') this.#table.insert(pair)
    return { bytes: Buffer.concat([start, text(value, random.chance(0.5))]), form }
  }
}

export interface ReadField {
  readonly name: string
  readonly value: string
  readonly form: Form
}

export class ReferenceDecoder {
  readonly #table = new Table(4096)
  /** Sizes that the peer was allowed since its last block; it has to keep below each of them (§4.2). */
  #allowed: number[] = [4096]
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0

  allow(size: number): void {
    this.#allowed.push(size)
  }

  /** Throws where the block is none. */
  decode(bytes: Buffer): ReadField[] {
    this.#bytes = bytes
    this.#at = 0
    const lowest = Math.min(...this.#allowed)
    const fields: ReadField[] = []
    let smallest = this.#table.maxSize
    while (this.#at < bytes.length) {
      const first = bytes[this.#at] as number
      if ((first & 0xe0) === 0x20) {
        if (fields.length > 0) throw new Error('a table size update behind a field')
        const size = this.#integer(5)
        smallest = Math.min(smallest, size)
        this.#table.resize(size)
        continue
      }
      fields.push(this.#field(first))
    }
    const last = this.#allowed.at(-1) as number
    if (smallest > lowest) throw new Error(`the table was never below ${smallest}, and ${lowest} was the bound`)
    if (this.#table.maxSize > last) throw new Error(`a table of ${this.#table.maxSize} where ${last} are allowed`)
    this.#allowed = [last]
    return fields
  }

  #field(first: number): ReadField {
    if (first >= 128) {
      const [name, value] = this.#table.at(this.#integer(7))
      return { name, value, form: 'indexed' }
    }
    const form = first >= 64 ? 'kept' : first >= 16 ? 'never' : 'plain'
    const index = this.#integer(FORMS[form][0])
    const name = index > 0 ? this.#table.at(index)[0] : this.#text()
    const value = this.#text()
    if (form === 'kept') this.#table.insert([name, value])
    return { name, value, form }
  }

  #integer(prefix: number): number {
    const most = 2 ** prefix - 1
    let value = this.#byte() & most
    if (value < most) return value
    for (let unit = 1; ; unit *= 128) {
      const byte = this.#byte()
      value += (byte & 127) * unit
      if (byte < 128) return value
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw new Error('a block that ends within a field')
    return byte
  }

  #text(): string {
    const huffman = ((this.#bytes[this.#at] as number) & 128) !== 0
    const size = this.#integer(7)
    const from = this.#at
    this.#at += size
    if (this.#at > this.#bytes.length) throw new Error('a string that is longer than its block')
    if (!huffman) return this.#bytes.toString('latin1', from, this.#at)
    const into = Buffer.alloc(decodedAtMost(size))
    const length = decode(this.#bytes, from, this.#at, into)
    if (length < 0) throw new Error('a string that is no Huffman code')
    return into.toString('latin1', 0, length)
  }
}
