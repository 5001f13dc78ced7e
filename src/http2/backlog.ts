/** What waits on one stream in one direction: pieces of body, and the end behind them. Few streams ever have one. */
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

  constructor() {
    this.pieces = []
    this.from = 0
    this.bytes = 0
    this.ended = false
    this.trailers = undefined
  }

  push(piece: Buffer): void {
    this.pieces.push(piece)
    this.bytes += piece.length
  }

  end(trailers: Headers | undefined): void {
    this.ended = true
    this.trailers = trailers
  }

  shift(): Buffer {
    const piece = this.pieces.shift() as Buffer
    this.bytes -= piece.length
    this.from = 0
    return piece
  }
}
