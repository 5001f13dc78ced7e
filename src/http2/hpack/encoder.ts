/** HPACK, fields → bytes (RFC 7541 §6). */
import { ownText, put } from '../../core/latin1.ts'
import { encode, encodedSize } from './huffman.ts'
import { type SensitiveNames, sensitive } from './sensitive.ts'
import { Entry, ENTRY_OVERHEAD, STATIC, STATIC_END } from './static-table.ts'
import { DynamicTable } from './table.ts'

/** Bytes of table that we use at most, whatever the peer allows: more costs memory and saves little. */
const MAX_TABLE = 4096
/** Names that are remembered; beyond them a field is sent as it stands. */
const MAX_NAMES = 256
/** Values of one name in the table at once. */
const MAX_VALUES = 8
/** An entry larger than this would push out too much that repeats; a table that has no room for it is not used. */
const MAX_ENTRY = 1024
/** Values in a row that did not come again, from which on a name is looked at only so often: an id never comes again. */
const UNSTEADY = 16

/** Bytes that fields take at most beyond their names and values: two lengths and an index, each of at most four. */
export const FIELD_OVERHEAD = 12
/** Bytes of table size updates that a block may begin with. */
export const BLOCK_OVERHEAD = 8

/** What is known of one name. */
class Name {
  readonly text: string
  /** Its first index in the static table, or 0. */
  readonly index: number
  /** No table may keep it. */
  never: boolean
  /** Indexes of the static entries that have a value, and how many. */
  readonly exactEnd: number
  /** Values in the dynamic table, and which insertion each was. */
  readonly values: string[]
  readonly numbers: number[]
  /** The hash of a value seen once: one that comes again is worth an entry. Not its text, which may be a view of a whole head, or as long as one. */
  candidate: number
  /** Values in a row that were no candidate; beyond `UNSTEADY` it counts round. */
  misses: number

  constructor(text: string, index: number, exactEnd: number, never: boolean) {
    this.text = text
    this.index = index
    this.never = never
    this.exactEnd = exactEnd
    this.values = []
    this.numbers = []
    this.candidate = 0
    this.misses = 0
  }
}

/** By name: where the static table has it first, and where its entries with a value end. */
const STATIC_NAMES = new Map<string, { readonly index: number; readonly exactEnd: number }>()

fillStaticNames()

function fillStaticNames(): void {
  for (let index = 1; index < STATIC_END; index++) {
    const { name, value } = STATIC[index] as Entry
    const first = STATIC_NAMES.get(name)?.index ?? index
    STATIC_NAMES.set(name, { index: first, exactEnd: value === '' ? 0 : index + 1 })
  }
}

export class Encoder {
  readonly #table: DynamicTable
  readonly #names: Map<string, Name>
  readonly #sensitive: SensitiveNames
  /** Of the sensitive names that `#names` tells of. */
  #version: number
  /** The lowest and the last size that the peer set since the last block; -1: none (§4.2). */
  #lowest: number
  #pending: number

  constructor(names: SensitiveNames = sensitive) {
    this.#table = new DynamicTable(MAX_TABLE, MAX_TABLE)
    this.#names = new Map()
    this.#sensitive = names
    this.#version = names.version
    this.#lowest = -1
    this.#pending = -1
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  allow(size: number): void {
    const used = Math.min(size, MAX_TABLE)
    if (used === this.#table.maxSize && this.#pending < 0) return
    this.#lowest = this.#lowest < 0 ? used : Math.min(this.#lowest, used)
    this.#pending = used
  }

  /** To be called before the first field of each block; returns where the fields begin. */
  begin(into: Buffer, at: number): number {
    if (this.#version !== this.#sensitive.version) this.#markNames()
    if (this.#pending < 0) return at
    let to = at
    if (this.#lowest < this.#pending) to = this.#resize(into, to, this.#lowest)
    to = this.#resize(into, to, this.#pending)
    this.#lowest = -1
    this.#pending = -1
    return to
  }

  /** Somebody has said of further names that no table may keep them. */
  #markNames(): void {
    this.#version = this.#sensitive.version
    for (const known of this.#names.values()) known.never = this.#sensitive.has(known.text)
  }

  #resize(into: Buffer, at: number, size: number): number {
    this.#table.resize(size)
    return integer(into, at, 0x20, 5, size)
  }

  /** Writes one field at `at`, where there is room for it and `FIELD_OVERHEAD`; returns where it ends. `name` is lower case. */
  field(name: string, value: string, into: Buffer, at: number): number {
    return this.#write(name, this.#names.get(name) ?? this.#learn(name), value, into, at)
  }

  /** The same for a name in any case. One that is known in lower case, as nearly all are, is not looked through. */
  anyCase(name: string, value: string, into: Buffer, at: number): number {
    const known = this.#names.get(name)
    return known === undefined
      ? this.field(name.toLowerCase(), value, into, at)
      : this.#write(name, known, value, into, at)
  }

  #write(name: string, known: Name | undefined, value: string, into: Buffer, at: number): number {
    if (known === undefined) return string(value, into, string(name, into, this.#newName(name, into, at)))
    if (known.never) return string(value, into, this.#named(known, into, at, 0x10, 4))
    for (let index = known.index; index < known.exactEnd; index++) {
      if ((STATIC[index] as Entry).value === value) return integer(into, at, 0x80, 7, index)
    }
    const { values, numbers } = known
    const oldest = this.#table.inserted - this.#table.count
    for (let i = values.length - 1; i >= 0; i--) {
      if (values[i] !== value || (numbers[i] as number) < oldest) continue
      return integer(into, at, 0x80, 7, STATIC_END + this.#table.inserted - 1 - (numbers[i] as number))
    }
    if (known.misses > UNSTEADY) {
      // To compare it would cost as much as to send it.
      known.misses = known.misses === 2 * UNSTEADY ? UNSTEADY : known.misses + 1
      return string(value, into, this.#named(known, into, at, 0, 4))
    }
    if (name.length + value.length + ENTRY_OVERHEAD <= MAX_ENTRY && this.#table.maxSize >= MAX_ENTRY) {
      const hash = hashOf(value)
      if (known.candidate === hash) {
        known.misses = 0
        return this.#insert(known, ownText(value), into, at)
      }
      known.candidate = hash
    }
    known.misses++
    return string(value, into, this.#named(known, into, at, 0, 4))
  }

  /** A literal that the peer shall keep. The index of its name counts before the entry is inserted. */
  #insert(known: Name, value: string, into: Buffer, at: number): number {
    const to = huffman(value, into, this.#named(known, into, at, 0x40, 6))
    const { values, numbers } = known
    if (values.length >= MAX_VALUES) {
      values.shift()
      numbers.shift()
    }
    values.push(value)
    numbers.push(this.#table.inserted)
    this.#table.insert(new Entry(known.text, value))
    return to
  }

  /** The beginning of a literal: its form, and its name by index or in full. */
  #named(known: Name, into: Buffer, at: number, form: number, prefix: number): number {
    if (known.index > 0) return integer(into, at, form, prefix, known.index)
    const newest = known.numbers.length === 0 ? -1 : (known.numbers[known.numbers.length - 1] as number)
    if (newest >= this.#table.inserted - this.#table.count) {
      return integer(into, at, form, prefix, STATIC_END + this.#table.inserted - 1 - newest)
    }
    into[at] = form
    return huffman(known.text, into, at + 1)
  }

  /** A literal that is not kept, of a name that is not remembered. */
  #newName(name: string, into: Buffer, at: number): number {
    into[at] = this.#sensitive.has(name) ? 0x10 : 0
    return at + 1
  }

  #learn(text: string): Name | undefined {
    if (this.#names.size >= MAX_NAMES || text.length > MAX_ENTRY) return undefined
    const name = ownText(text)
    const found = STATIC_NAMES.get(name)
    const known = new Name(name, found?.index ?? 0, found?.exactEnd ?? 0, this.#sensitive.has(name))
    this.#names.set(name, known)
    return known
  }
}

/** One that two values share makes an entry of the second, which costs nothing else. */
function hashOf(value: string): number {
  let hash = value.length
  for (let i = 0; i < value.length; i++) hash = (Math.imul(hash, 31) + value.charCodeAt(i)) | 0
  return hash
}

/** §5.1: `form` are the bits above the prefix. */
function integer(into: Buffer, at: number, form: number, prefix: number, value: number): number {
  const most = (1 << prefix) - 1
  if (value < most) {
    into[at] = form | value
    return at + 1
  }
  into[at] = form | most
  let to = at + 1
  let rest = value - most
  while (rest >= 128) {
    into[to++] = (rest & 127) | 128
    rest >>>= 7
  }
  into[to] = rest
  return to + 1
}

/** As it stands: what is sent once is not worth the time that a shorter code takes. */
function string(text: string, into: Buffer, at: number): number {
  const length = text.length
  const from = integer(into, at, 0, 7, length)
  return put(into, from, text)
}

function huffman(text: string, into: Buffer, at: number): number {
  const size = encodedSize(text)
  if (size >= text.length) return string(text, into, at)
  return encode(text, into, integer(into, at, 0x80, 7, size))
}
