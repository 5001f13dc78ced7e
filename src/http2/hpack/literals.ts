/**
 * Literals that came not long ago, with what they were read as. A peer whose encoder keeps no table of its own, such as nginx,
 * says the same fields in full again with each message; to compare their bytes is cheaper than to read them.
 */
import type { Entry } from './static-table.ts'

/** A power of two. */
const SLOTS = 64
/** Bytes of the longest literal that is kept. */
const LONGEST = 64

export class Literals {
  readonly #bytes: Uint8Array
  readonly #hashes: Int32Array
  /** Bytes of the literal, and 256 more for one in Huffman's code; 0: the slot is free. */
  readonly #sizes: Uint16Array
  readonly #texts: string[]
  readonly #entries: (Entry | undefined)[]
  /** Of the literal that was looked for last. */
  #hash: number

  constructor() {
    this.#bytes = new Uint8Array(SLOTS * LONGEST)
    this.#hashes = new Int32Array(SLOTS)
    this.#sizes = new Uint16Array(SLOTS)
    this.#texts = new Array(SLOTS).fill('')
    this.#entries = new Array(SLOTS).fill(undefined)
    this.#hash = 0
  }

  /** The slot that holds this literal, or -1. */
  find(source: Uint8Array, from: number, size: number, huffman: boolean): number {
    if (size > LONGEST) return -1
    let hash = size
    for (let i = from; i < from + size; i++) hash = (Math.imul(hash, 31) + (source[i] as number)) | 0
    this.#hash = hash
    const slot = slotOf(hash)
    if (this.#hashes[slot] !== hash || this.#sizes[slot] !== sizeKey(size, huffman)) return -1
    const bytes = this.#bytes
    const start = slot * LONGEST
    for (let i = 0; i < size; i++) if (bytes[start + i] !== source[from + i]) return -1
    return slot
  }

  /** Keeps what `find` did not find just now; returns its slot, or -1 for one that is too long. */
  keep(source: Uint8Array, from: number, size: number, huffman: boolean, text: string): number {
    if (size > LONGEST) return -1
    const slot = slotOf(this.#hash)
    const start = slot * LONGEST
    for (let i = 0; i < size; i++) this.#bytes[start + i] = source[from + i] as number
    this.#hashes[slot] = this.#hash
    this.#sizes[slot] = sizeKey(size, huffman)
    this.#texts[slot] = text
    this.#entries[slot] = undefined
    return slot
  }

  text(slot: number): string {
    return this.#texts[slot] as string
  }

  /** The field that had this literal as its value last. */
  entry(slot: number): Entry | undefined {
    return this.#entries[slot]
  }

  setEntry(slot: number, entry: Entry): void {
    this.#entries[slot] = entry
  }
}

function slotOf(hash: number): number {
  return (hash ^ (hash >>> 12)) & (SLOTS - 1)
}

function sizeKey(size: number, huffman: boolean): number {
  return huffman ? size + 256 : size
}
