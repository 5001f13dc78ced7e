/**
 * What comes, read in turns. One read may hold a thousand requests: others are served in between, and nothing is read from a
 * peer that does not read itself.
 */
import type { Socket } from 'node:net'
import type { Clock } from '../core/clock.ts'
import { giveSpare, takeSpare } from '../net/spare-buffers.ts'
import type { FrameReader } from './frame-reader.ts'
import type { FrameWriter } from './frame-writer.ts'

/** Whose turns these are. */
export interface TurnTaker {
  readonly clock: Clock
  readonly socket: Socket
  readonly out: FrameWriter
  /** The socket takes nothing at the moment. */
  readonly full: boolean
  readonly closed: boolean
  /** Told when all that came was read. */
  readonly frames: { allRead(): void }
  /** To be answered with `goOn`, as an event of its own. */
  nextTurn(): void
}

/** ms that one connection may keep the process from all others. */
export const TURN = 1

/**
 * Bytes of frames that no window holds back (heads, answers to PING and SETTINGS, resets), unread by the peer, before we
 * read no more of what it says.
 */
const MAX_UNREAD = 256 * 1024

export class ReadTurns {
  readonly #taker: TurnTaker
  readonly #reader: FrameReader
  /** Nothing is read until the peer has read. */
  #deaf: boolean
  /** Came, and waits for its turn; and where that stands. */
  #rest: Buffer | undefined
  #store: Buffer | undefined
  /** Since when this turn lasts, ms. */
  #since: number
  readonly #nextTurn: () => void

  constructor(taker: TurnTaker, reader: FrameReader) {
    this.#taker = taker
    this.#reader = reader
    this.#deaf = false
    this.#rest = undefined
    this.#store = undefined
    this.#since = 0
    this.#nextTurn = () => taker.nextTurn()
  }

  /** `chunk` is borrowed; what stands before `from` is no frame. */
  came(chunk: Buffer, from: number): void {
    if (this.#rest === undefined) this.#read(chunk, from)
    else this.#keep(Buffer.concat([this.#rest, chunk]))
  }

  #read(chunk: Buffer, from: number): void {
    const taker = this.#taker
    this.#since = taker.clock.now()
    const to = this.#reader.read(chunk, from)
    if (to < chunk.length && !taker.closed) {
      const rest = chunk.subarray(to)
      if (this.#store === undefined) this.#keep(rest)
      else this.#rest = rest
      taker.socket.pause()
      setImmediate(this.#nextTurn)
      return
    }
    taker.frames.allRead()
    if (taker.out.unread > MAX_UNREAD && taker.full && !taker.closed && !taker.socket.connecting) {
      this.#deaf = true
      taker.socket.pause()
    }
  }

  /** `rest` is borrowed. */
  #keep(rest: Buffer): void {
    this.#letGo()
    this.#store = takeSpare(rest.length)
    rest.copy(this.#store)
    this.#rest = this.#store.subarray(0, rest.length)
  }

  #letGo(): void {
    if (this.#store !== undefined) giveSpare(this.#store)
    this.#store = undefined
  }

  /** Since when this turn lasts, whole ms: what is kept of it for each stream needs no object of its own. */
  get since(): number {
    return Math.floor(this.#since)
  }

  /** Asked between frames: what is left waits until others had their turn. */
  get tookLong(): boolean {
    return this.#taker.clock.exact() - this.#since > TURN
  }

  /** The others had theirs. */
  goOn(): void {
    const rest = this.#rest
    this.#rest = undefined
    if (rest !== undefined && !this.#taker.closed) this.#read(rest, 0)
    if (this.#rest !== undefined) return
    this.#letGo()
    if (rest !== undefined && !this.#deaf && !this.#taker.closed) this.#taker.socket.resume()
  }

  /** Nothing more comes: what is left has no other turn. */
  finish(): void {
    while (this.#rest !== undefined) this.goOn()
  }

  /** The peer has read. */
  listen(): void {
    if (!this.#deaf || this.#taker.closed) return
    this.#deaf = false
    if (this.#rest === undefined) this.#taker.socket.resume()
  }
}
