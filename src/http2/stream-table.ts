/**
 * The open streams of a connection, by id. A Map would do, but that each stream opened and closed uses a place of it up:
 * a small one is copied anew every few requests, and what is left of it, once V8 has moved it among the old objects, keeps
 * every stream that stood in it and all that hangs on them until the old generation is looked through.
 */
import type { Stream } from './stream.ts'

const FIRST_SIZE = 32

/** Open addressing with linear probing: ids ascend, so neighbours in time are neighbours here. */
export class StreamTable {
  size: number
  #slots: (Stream | undefined)[]
  #mask: number

  constructor() {
    this.size = 0
    this.#slots = new Array(FIRST_SIZE).fill(undefined)
    this.#mask = FIRST_SIZE - 1
  }

  get(id: number): Stream | undefined {
    const slots = this.#slots
    const mask = this.#mask
    for (let at = (id >>> 1) & mask; ; at = (at + 1) & mask) {
      const stream = slots[at]
      if (stream === undefined || stream.id === id) return stream
    }
  }

  /** Of an id that is not there. */
  add(stream: Stream): void {
    if (2 * (this.size + 1) > this.#mask) this.#grow()
    this.#place(stream)
    this.size++
  }

  #place(stream: Stream): void {
    const slots = this.#slots
    const mask = this.#mask
    let at = (stream.id >>> 1) & mask
    while (slots[at] !== undefined) at = (at + 1) & mask
    slots[at] = stream
  }

  delete(id: number): void {
    const slots = this.#slots
    const mask = this.#mask
    let hole = (id >>> 1) & mask
    for (; ; hole = (hole + 1) & mask) {
      const stream = slots[hole]
      if (stream === undefined) return
      if (stream.id === id) break
    }
    this.size--
    // Those behind move up, unless that would put one before the place it belongs to.
    for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
      const stream = slots[at]
      if (stream === undefined) break
      const home = (stream.id >>> 1) & mask
      if (((at - home) & mask) < ((at - hole) & mask)) continue
      slots[hole] = stream
      hole = at
    }
    slots[hole] = undefined
  }

  clear(): void {
    this.#slots.fill(undefined)
    this.size = 0
  }

  /** Those that are there now, oldest first. */
  all(): Stream[] {
    return this.#slots.filter((stream) => stream !== undefined).sort((a, b) => a.id - b.id)
  }

  #grow(): void {
    const old = this.#slots
    this.#mask = 2 * this.#mask + 1
    this.#slots = new Array(this.#mask + 1).fill(undefined)
    for (let i = 0; i < old.length; i++) {
      const stream = old[i]
      if (stream !== undefined) this.#place(stream)
    }
    old.fill(undefined)
  }
}
