/**
 * The open streams of a connection, by id. A Map would do, but that each stream opened and closed uses a place of it up:
 * a small one is copied anew every few requests, and what is left of it, once V8 has moved it among the old objects, keeps
 * every stream that stood in it and all that hangs on them until the old generation is looked through.
 */
import type { Stream } from './stream.ts'

const FIRST_SIZE = 32

/** Ids ascend, so that neighbours in time have slots beside each other; those that meet in one are chained. */
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
    let stream = this.#slots[(id >>> 1) & this.#mask]
    while (stream !== undefined && stream.id !== id) stream = stream.chained
    return stream
  }

  /** Of an id that is not there. */
  add(stream: Stream): void {
    if (this.size > this.#mask) this.#grow()
    this.#place(stream)
    this.size++
  }

  #place(stream: Stream): void {
    const slot = (stream.id >>> 1) & this.#mask
    stream.chained = this.#slots[slot]
    this.#slots[slot] = stream
  }

  delete(id: number): void {
    const slot = (id >>> 1) & this.#mask
    let before: Stream | undefined
    let stream = this.#slots[slot]
    while (stream !== undefined && stream.id !== id) {
      before = stream
      stream = stream.chained
    }
    if (stream === undefined) return
    if (before === undefined) this.#slots[slot] = stream.chained
    else before.chained = stream.chained
    // One that is gone and not collected yet must not keep others.
    stream.chained = undefined
    this.size--
  }

  clear(): void {
    for (const stream of this.all()) stream.chained = undefined
    this.#slots.fill(undefined)
    this.size = 0
  }

  /** Those that are there now, oldest first. */
  all(): Stream[] {
    const found: Stream[] = []
    for (let slot = 0; slot < this.#slots.length; slot++) {
      for (let stream = this.#slots[slot]; stream !== undefined; stream = stream.chained) found.push(stream)
    }
    return found.sort((a, b) => a.id - b.id)
  }

  #grow(): void {
    const open = this.all()
    const old = this.#slots
    this.#mask = 2 * this.#mask + 1
    this.#slots = new Array(this.#mask + 1).fill(undefined)
    for (let i = 0; i < open.length; i++) this.#place(open[i] as Stream)
    old.fill(undefined)
  }
}
