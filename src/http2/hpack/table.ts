/** The dynamic table of one direction of one connection (RFC 7541 §2.3.2, §4). */
import { type Entry, ENTRY_OVERHEAD } from './static-table.ts'

export class DynamicTable {
  /** A ring; the entry inserted as the nth stands at n modulo its length. */
  #ring: (Entry | undefined)[]
  #mask: number
  #size: number
  #maxSize: number
  /** Entries ever inserted. */
  inserted: number
  /** Entries that are still there, the newest ones. */
  count: number

  /** `maxSize` in bytes; it may be lowered, and raised again up to `limit`. */
  constructor(maxSize: number, limit: number) {
    let slots = 1
    // An entry is smallest where name and value are empty.
    while (slots * ENTRY_OVERHEAD < limit) slots *= 2
    this.#ring = new Array(slots).fill(undefined)
    this.#mask = slots - 1
    this.#size = 0
    this.#maxSize = maxSize
    this.inserted = 0
    this.count = 0
  }

  get maxSize(): number {
    return this.#maxSize
  }

  /** `age` 0 is the newest; undefined: there is none so old. */
  at(age: number): Entry | undefined {
    return age < this.count ? this.#ring[(this.inserted - 1 - age) & this.#mask] : undefined
  }

  resize(maxSize: number): void {
    this.#maxSize = maxSize
    this.#shrinkTo(maxSize)
  }

  /** Evicts as much as has to go; an entry larger than the table empties it and is not kept (§4.4). */
  insert(entry: Entry): void {
    this.#shrinkTo(this.#maxSize - entry.size)
    if (entry.size > this.#maxSize) return
    this.#ring[this.inserted & this.#mask] = entry
    this.inserted++
    this.count++
    this.#size += entry.size
  }

  #shrinkTo(size: number): void {
    while (this.#size > size && this.count > 0) {
      const oldest = (this.inserted - this.count) & this.#mask
      this.#size -= (this.#ring[oldest] as Entry).size
      this.#ring[oldest] = undefined
      this.count--
    }
  }
}
