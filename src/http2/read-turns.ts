/**
 * What comes, read in turns. One read may hold a thousand requests: others are served in between, and nothing is read from a
 * peer that does not read itself.
 */
import type { FrameReader } from './frame-reader.ts'
import type { Session } from './session.ts'

/** ms that one connection may keep the process from all others. */
export const TURN = 2

/**
 * Bytes of frames that no window holds back (heads, answers to PING and SETTINGS, resets), unread by the peer, before we
 * read no more of what it says.
 */
const MAX_UNREAD = 256 * 1024

export class ReadTurns {
  readonly #session: Session
  readonly #reader: FrameReader
  /** Nothing is read until the peer has read. */
  #deaf: boolean
  /** Came, and waits for its turn. */
  #rest: Buffer | undefined
  /** Since when this turn lasts, ms. */
  #since: number
  readonly #nextTurn: () => void

  constructor(session: Session, reader: FrameReader) {
    this.#session = session
    this.#reader = reader
    this.#deaf = false
    this.#rest = undefined
    this.#since = 0
    this.#nextTurn = () => session.nextTurn()
  }

  /** `chunk` is borrowed; what stands before `from` is no frame. */
  came(chunk: Buffer, from: number): void {
    if (this.#rest === undefined) this.#read(chunk, from, true)
    else this.#rest = Buffer.concat([this.#rest, chunk])
  }

  #read(chunk: Buffer, from: number, borrowed: boolean): void {
    const session = this.#session
    this.#since = session.clock.now()
    const to = this.#reader.read(chunk, from)
    if (to < chunk.length && !session.closed) {
      const rest = chunk.subarray(to)
      this.#rest = borrowed ? Buffer.from(rest) : rest
      session.socket.pause()
      setImmediate(this.#nextTurn)
      return
    }
    session.frames.allRead()
    if (session.out.unread > MAX_UNREAD && session.full && !session.closed && !session.socket.connecting) {
      this.#deaf = true
      session.socket.pause()
    }
  }

  /** Since when this turn lasts, whole ms: what is kept of it for each stream needs no object of its own. */
  get since(): number {
    return Math.floor(this.#since)
  }

  /** Asked between frames: what is left waits until others had their turn. */
  get tookLong(): boolean {
    return this.#session.clock.now() - this.#since > TURN
  }

  /** The others had theirs. */
  goOn(): void {
    const rest = this.#rest
    this.#rest = undefined
    if (rest === undefined || this.#session.closed) return
    this.#read(rest, 0, false)
    if (this.#rest === undefined && !this.#deaf && !this.#session.closed) this.#session.socket.resume()
  }

  /** The peer has read. */
  listen(): void {
    if (!this.#deaf || this.#session.closed) return
    this.#deaf = false
    if (this.#rest === undefined) this.#session.socket.resume()
  }
}
