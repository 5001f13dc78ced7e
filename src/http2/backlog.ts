/** What waits on one stream in one direction: pieces of body, and the end behind them. Few streams ever have one. */
import { Crumbs } from '../core/crumbs.ts'
import type { Headers } from '../core/headers.ts'

export class Backlog {
  readonly pieces: Buffer[]
  /** Bytes of the first one that are out already. */
  from: number
  /** Of all pieces. */
  bytes: number
  /** Nothing follows but `trailers`. */
  ended: boolean
  trailers: Headers | undefined
  readonly #crumbs: Crumbs

  constructor() {
    this.pieces = []
    this.from = 0
    this.bytes = 0
    this.ended = false
    this.trailers = undefined
    this.#crumbs = new Crumbs()
  }

  push(piece: Buffer): void {
    this.#crumbs.part()
    this.pieces.push(piece)
    this.bytes += piece.length
  }

  /** As of `Crumbs.gather`. */
  gather(bytes: Buffer, from: number, to: number): void {
    this.#crumbs.gather(this.pieces, bytes, from, to)
    this.bytes += to - from
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
    if (this.pieces.length === 0) this.#crumbs.part()
    return piece
  }
}
