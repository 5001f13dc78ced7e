/** DATA as it comes: taken off the windows, and given to the stream that it is for (RFC 9113 §6.1). */
import { END_STREAM, FLOW_CONTROL_ERROR, PROTOCOL_ERROR, STREAM_CLOSED } from './frames.ts'
import type { Connection } from './connection.ts'
import type { Stream } from './stream.ts'

export class DataFrames {
  readonly #connection: Connection
  /** Whose DATA is being read; undefined: nobody's who wants it. */
  #stream: Stream | undefined
  /** The stream that it is for, where that is one that was reset; or 0. */
  #unheard: number

  constructor(connection: Connection) {
    this.#connection = connection
    this.#stream = undefined
    this.#unheard = 0
  }

  begins(id: number, length: number): void {
    const connection = this.#connection
    this.#stream = undefined
    this.#unheard = 0
    if (id === 0) {
      connection.connectionError(PROTOCOL_ERROR, 'DATA on stream 0')
      return
    }
    const stream = connection.streams.get(id)
    if (!connection.window.take(length, stream !== undefined)) {
      connection.connectionError(FLOW_CONTROL_ERROR, 'more DATA than the connection window')
      return
    }
    if (stream === undefined) this.#stray(id, length)
    else if (stream.receivedAll) connection.resetStream(stream, STREAM_CLOSED, 'DATA behind END_STREAM')
    else if (!stream.take(length))
      connection.resetStream(stream, FLOW_CONTROL_ERROR, 'more DATA than the stream window')
    else this.#stream = stream
  }

  /** Returns false when there were too many frames without a body, and the connection ended. */
  known(body: number, padding: number, flags: number): boolean {
    const stream = this.#stream
    if (body === 0) {
      if ((flags & END_STREAM) === 0 && !this.#connection.calm(1, 'empty DATA')) return false
    } else if (stream !== undefined) this.#connection.patience.received(body)
    // Padding is nobody's to take: it is given back at once.
    if (padding > 0) stream?.credit(padding)
    return true
  }

  piece(bytes: Buffer, from: number, to: number): void {
    const stream = this.#stream
    if (stream !== undefined && !stream.closed) stream.received(bytes, from, to)
  }

  ends(flags: number): void {
    const stream = this.#stream
    this.#stream = undefined
    if ((flags & END_STREAM) === 0) return
    if (this.#unheard !== 0) this.#connection.endedUnheard(this.#unheard)
    else if (stream !== undefined && !stream.closed) stream.receivedEnd(undefined)
  }

  /** DATA for a stream that is not open. */
  #stray(id: number, length: number): void {
    const connection = this.#connection
    if (connection.isIdle(id)) connection.connectionError(PROTOCOL_ERROR, 'DATA on an idle stream')
    else if (connection.wasReset(id)) {
      this.#unheard = id
      if (!connection.patience.stray(length)) connection.flooded('DATA on a stream that was reset')
    } else {
      connection.writeReset(id, STREAM_CLOSED)
      connection.calm(10, 'DATA on a closed stream')
    }
  }
}
