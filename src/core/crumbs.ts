/** Small pieces of a body that is kept or waits, put together: each by itself costs a hundred bytes for the object that stands for it. */

/** Bytes of a piece from which on it is worth an object of its own. */
export const LARGE_ENOUGH = 512
/** Bytes of the store that smaller ones share: at first, and once there is more of them. */
const FIRST_STORE = LARGE_ENOUGH
const STORE = 4096

/** Of one list of pieces. */
export class Crumbs {
  /** All of it up to `#filled` is the last piece of the list. */
  #store: Buffer | undefined
  #filled: number

  constructor() {
    this.#store = undefined
    this.#filled = 0
  }

  /** A copy of a piece that is not large enough, put together with those at the end of `pieces` that were gathered before it. */
  gather(pieces: Buffer[], bytes: Buffer, from: number, to: number): void {
    const size = to - from
    let store = this.#store
    if (store === undefined || this.#filled + size > store.length) store = this.#roomBehind(store)
    bytes.copy(store, this.#filled, from, to)
    this.#filled += size
    const piece = store.subarray(0, this.#filled)
    if (this.#filled === size) pieces.push(piece)
    else pieces[pieces.length - 1] = piece
  }

  /** A small store is exchanged for a large one, a large one is followed by another. */
  #roomBehind(full: Buffer | undefined): Buffer {
    const store = Buffer.allocUnsafeSlow(full === undefined ? FIRST_STORE : STORE)
    if (full?.length === FIRST_STORE) full.copy(store, 0, 0, this.#filled)
    else this.#filled = 0
    this.#store = store
    return store
  }

  /** Nothing is added to the last piece any more: another stands behind it, or somebody has it. */
  part(): void {
    this.#store = undefined
  }
}
