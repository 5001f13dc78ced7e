/** Frames in: which may come when (RFC 9113 §3.4, §4.3, §5.5), and who is told what each says. */
import { DataFrames } from './data-frames.ts'
import { dependsOnItself, onGoaway, onPing, onPriority, onReset, onSettings, onWindowUpdate } from './control-frames.ts'
import type { FrameSink } from './frame-reader.ts'
import { FrameReader } from './frame-reader.ts'
import {
  ACK,
  CONTINUATION,
  GOAWAY,
  HEADERS,
  PING,
  PRIORITY,
  PROTOCOL_ERROR,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from './frames.ts'
import { HeaderBlock } from './header-block.ts'
import { costOf } from './patience.ts'
import type { Connection } from './connection.ts'

export class FrameReceiver implements FrameSink {
  readonly reader: FrameReader
  readonly #connection: Connection
  readonly #data: DataFrames
  readonly #block: HeaderBlock

  constructor(connection: Connection) {
    this.reader = new FrameReader(this)
    this.#connection = connection
    this.#data = new DataFrames(connection)
    this.#block = new HeaderBlock()
  }

  get closed(): boolean {
    return this.#connection.closed
  }

  tookLong(): boolean {
    return this.#connection.turns.tookLong
  }

  connectionError(code: number, cause: string): void {
    this.#connection.connectionError(code, cause)
  }

  /** It has a time of its own, from its first byte on, unless it goes on with a header block. */
  frameBegins(): void {
    if (this.#block.continues === 0) this.#connection.vigil.frameCame()
  }

  /** All that came was read: what is not whole is waited for. */
  allRead(): void {
    if (this.#block.continues !== 0 || this.reader.inFrame) this.#connection.vigil.awaitFrame()
    else this.#connection.vigil.frameCame()
  }

  frameAdmitted(type: number, flags: number, id: number): boolean {
    if (!this.#connection.peer.settled && (type !== SETTINGS || (flags & ACK) !== 0)) {
      // §3.4: the preface of either side ends with SETTINGS.
      this.#connection.connectionError(PROTOCOL_ERROR, 'another frame before SETTINGS')
    } else if (this.#block.continues !== 0 && (type !== CONTINUATION || id !== this.#block.continues)) {
      this.#connection.connectionError(PROTOCOL_ERROR, 'a header block that is broken off')
    } else return true
    return false
  }

  dataBegins(id: number, length: number): void {
    this.#data.begins(id, length)
  }

  dataKnown(body: number, padding: number, flags: number): boolean {
    return this.#data.known(body, padding, flags)
  }

  dataPiece(bytes: Buffer, from: number, to: number): void {
    this.#data.piece(bytes, from, to)
  }

  dataEnds(flags: number): void {
    this.#data.ends(flags)
  }

  frame(type: number, flags: number, id: number, payload: Buffer, from: number, to: number): void {
    const connection = this.#connection
    switch (type) {
      case HEADERS:
        this.#onHeaders(flags, id, payload, from, to)
        return
      case CONTINUATION:
        this.#onContinuation(flags, id, payload, from, to)
        return
      case WINDOW_UPDATE:
        onWindowUpdate(connection, id, payload, from, to)
        return
      case RST_STREAM:
        onReset(connection, id, payload, from, to)
        return
      case SETTINGS:
        onSettings(connection, flags, id, payload, from, to)
        return
      case PING:
        onPing(connection, flags, id, payload, from, to)
        return
      case GOAWAY:
        onGoaway(connection, id, payload, from, to)
        return
      case PRIORITY:
        onPriority(connection, id, payload, from, to)
        return
      case PUSH_PROMISE:
        connection.connectionError(PROTOCOL_ERROR, 'PUSH_PROMISE, which we do not allow')
        return
      default:
        // §5.5: unknown frames are dropped.
        connection.calm(costOf(to - from), 'unknown frames')
    }
  }

  #onHeaders(flags: number, id: number, payload: Buffer, from: number, to: number): void {
    const block = this.#block
    const problem = block.begin(id, flags, payload, from, to)
    if (problem !== 0) this.#connection.connectionError(problem, block.problem)
    else if (block.whole) this.#wholeBlock(id)
  }

  #onContinuation(flags: number, id: number, payload: Buffer, from: number, to: number): void {
    const block = this.#block
    if (block.continues === 0) this.#connection.connectionError(PROTOCOL_ERROR, 'CONTINUATION of nothing')
    else if (!block.goOn(flags, payload, from, to, this.#connection.limits.maxHeaderBytes)) {
      this.#connection.tooMuch('header_flood', 'a header block that does not end')
    } else if (block.whole) this.#wholeBlock(id)
  }

  #wholeBlock(id: number): void {
    const block = this.#block
    const { dependsOnItself: loops } = block
    this.#connection.headers(id, block.endStream, block.bytes, block.from, block.to)
    block.release()
    if (loops) dependsOnItself(this.#connection, id)
  }
}
