/** What waits on one stream in one direction: pieces of body, and the end behind them. Few streams ever have one. */
import type { Headers } from '../core/headers.ts'

/** Bytes of a piece from which on it is kept as it came. A smaller one costs more than it holds: the object that stands for it. */
export const LARGE_ENOUGH = 512
/** Bytes of the store that smaller ones share: at first, and once there is more of them. */
const FIRST_STORE = LARGE_ENOUGH
const STORE = 4096

export class Backlog {
  readonly pieces: Buffer[]
  /** Bytes of the first one that are out already. */
  from: number
  /** Of all pieces. */
  bytes: number
  /** Nothing follows but `trailers`. */
  ended: boolean
  trailers: Headers | undefined
  /** All of it up to `#filled` is the last piece. */
  #store: Buffer | undefined
  #filled: number

  constructor() {
    this.pieces = []
    this.from = 0
    this.bytes = 0
    this.ended = false
    this.trailers = undefined
    this.#store = undefined
    this.#filled = 0
  }

  push(piece: Buffer): void {
    this.#store = undefined
    this.pieces.push(piece)
    this.bytes += piece.length
  }

  /** A copy of a piece that is not large enough, put together with those before it. */
  gather(bytes: Buffer, from: number, to: number): void {
    const { pieces } = this
    const size = to - from
    let store = this.#store
    if (store === undefined || this.#filled + size > store.length) store = this.#roomBehind(store)
    bytes.copy(store, this.#filled, from, to)
    this.#filled += size
    const piece = store.subarray(0, this.#filled)
    if (this.#filled === size) pieces.push(piece)
    else pieces[pieces.length - 1] = piece
    this.bytes += size
  }

  /** A small store is exchanged for a large one, a large one is followed by another. */
  #roomBehind(full: Buffer | undefined): Buffer {
    const store = Buffer.allocUnsafeSlow(full === undefined ? FIRST_STORE : STORE)
    if (full?.length === FIRST_STORE) full.copy(store, 0, 0, this.#filled)
    else this.#filled = 0
    this.#store = store
    return store
  }

  end(trailers: Headers | undefined): void {
    this.ended = true
    this.trailers = trailers
  }

  shift(): Buffer {
    const piece = this.pieces.shift() as Buffer
    this.bytes -= piece.length
    this.from = 0
    // It belongs to whoever gets it.
    if (this.pieces.length === 0) this.#store = undefined
    return piece
  }
}
