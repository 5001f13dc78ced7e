/** A socket that is none: what a wire writes is kept, what it reads is handed to it piece by piece. */
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { endOfTurn, enter, leave } from '../../src/net/turn.ts'

export class FakeSocket extends EventEmitter {
  readonly remoteAddress = '127.0.0.1'
  readonly remotePort = 40_000
  destroyed = false
  readonly errored = null
  writableLength = 0
  readonly writableNeedDrain = false
  #paused = false
  ended = false
  readonly #written: Buffer[] = []

  write(data: string | Buffer): boolean {
    // A copy: the outbox writes from a buffer of its own that it uses again.
    this.#written.push(typeof data === 'string' ? Buffer.from(data, 'latin1') : Buffer.from(data))
    return true
  }

  get written(): Buffer {
    return Buffer.concat(this.#written)
  }

  end(): void {
    this.ended = true
  }

  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.emit('close')
  }

  destroySoon(): void {
    this.ended = true
    this.destroy()
  }

  resetAndDestroy(): void {
    this.destroy()
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
  }

  isPaused(): boolean {
    return this.#paused
  }

  cork(): void {}
  uncork(): void {}

  get asSocket(): Socket {
    return this as unknown as Socket
  }
}

/** A read of `piece`, in a turn of its own: the buffer is borrowed, and what it held is gone once the event is over. */
export function deliver(reader: { receive(borrowed: Buffer): void }, piece: Buffer): void {
  const borrowed = Buffer.from(piece)
  enter()
  reader.receive(borrowed)
  leave()
  endOfTurn()
  borrowed.fill(0x7e)
}

/** `bytes` in pieces that end at these offsets. */
export function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...cuts, bytes.length]
  return ends.map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end)).filter((piece) => piece.length > 0)
}
