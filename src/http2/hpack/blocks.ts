/**
 * Whole blocks that came not long ago, with the fields they were read as. An upstream whose encoder does not look into its table,
 * such as nginx, says the same head and the same trailers in full with most of its answers: to compare their bytes once is cheaper
 * than to read them field by field. A block that takes something from the table means the same as long as the table is the same.
 */
import type { Entry } from './static-table.ts'
import type { DynamicTable } from './table.ts'

/** A power of two. A block's size says where it is kept: a head and the trailers behind it rarely share a slot. */
const SLOTS = 8
/** Bytes of the longest block that is kept. */
const LONGEST = 256
/** What the fields of a kept block take at most, as a table counts it (RFC 7541 §4.1). */
const LARGEST = 2048
/** Blocks in a row that were not found, from which on only one of so many is looked for: ids and lengths never come again. */
const UNSTEADY = 16

/** The fields of a block, in order, and whether each goes into the table. */
export class BlockFields {
  readonly entries: Entry[] = []
  readonly inserted: boolean[] = []
}

export class Blocks {
  readonly #table: DynamicTable
  readonly #bytes: Uint8Array
  /** Bytes of the block; 0: the slot is free. */
  readonly #sizes: Uint16Array
  /** How many entries the table had ever got, for a block that looks into it; -1: it does not. */
  readonly #inserted: Float64Array
  /** And how many were left of them. */
  readonly #counts: Uint16Array
  readonly #fields: (BlockFields | undefined)[]
  /** Those of the block that is being read. */
  #heard: BlockFields
  #heardSize: number
  /** The block that is being read may be kept. */
  #listens: boolean
  /** It looks into the table. */
  #looks: boolean
  /** Blocks in a row that were not found; beyond `UNSTEADY` it counts round. */
  #misses: number

  constructor(table: DynamicTable) {
    this.#table = table
    this.#bytes = new Uint8Array(SLOTS * LONGEST)
    this.#sizes = new Uint16Array(SLOTS)
    this.#inserted = new Float64Array(SLOTS)
    this.#counts = new Uint16Array(SLOTS)
    this.#fields = new Array(SLOTS).fill(undefined)
    this.#heard = new BlockFields()
    this.#heardSize = 0
    this.#listens = false
    this.#looks = false
    this.#misses = 0
  }

  /** The fields of this block, or undefined: it has to be read, and `hear` and `keep` want to be told. */
  find(source: Uint8Array, from: number, size: number): BlockFields | undefined {
    this.#listens = false
    if (size > LONGEST) return undefined
    if (this.#misses > UNSTEADY && this.#misses < 2 * UNSTEADY) {
      this.#misses++
      return undefined
    }
    const slot = size & (SLOTS - 1)
    if (this.#holds(slot, source, from, size)) {
      this.#misses = 0
      return this.#fields[slot]
    }
    this.#misses = this.#misses > UNSTEADY ? UNSTEADY + 1 : this.#misses + 1
    this.#listens = true
    this.#looks = false
    this.#heard.entries.length = 0
    this.#heard.inserted.length = 0
    this.#heardSize = 0
    return undefined
  }

  #holds(slot: number, source: Uint8Array, from: number, size: number): boolean {
    if (this.#sizes[slot] !== size) return false
    const inserted = this.#inserted[slot] as number
    if (inserted >= 0 && (inserted !== this.#table.inserted || this.#counts[slot] !== this.#table.count)) return false
    const bytes = this.#bytes
    const start = slot * LONGEST
    for (let i = 0; i < size; i++) if (bytes[start + i] !== source[from + i]) return false
    return true
  }

  /** The next field of the block that was not found. */
  hear(entry: Entry, inserted: boolean): void {
    if (!this.#listens) return
    this.#heard.entries.push(entry)
    this.#heard.inserted.push(inserted)
    this.#heardSize += entry.size
  }

  /** The block that was not found takes an entry from the table. */
  look(): void {
    this.#looks = true
  }

  /** The block that was not found does more than to say fields: it is not kept. */
  forget(): void {
    this.#listens = false
  }

  /** The block that was not found has been read, without a problem. */
  keep(source: Uint8Array, from: number, size: number): void {
    if (!this.#listens || this.#heardSize > LARGEST) return
    // One that does both leaves another table than it found.
    if (this.#looks && this.#heard.inserted.includes(true)) return
    const slot = size & (SLOTS - 1)
    const start = slot * LONGEST
    for (let i = 0; i < size; i++) this.#bytes[start + i] = source[from + i] as number
    this.#sizes[slot] = size
    this.#inserted[slot] = this.#looks ? this.#table.inserted : -1
    this.#counts[slot] = this.#table.count
    const before = this.#fields[slot]
    this.#fields[slot] = this.#heard
    this.#heard = before ?? new BlockFields()
  }
}
