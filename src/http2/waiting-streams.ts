/** Streams with something to send that windows or socket did not take, the longest wait first. */

/** What they wait for. */
export interface SendingSide {
  readonly closed: boolean
  /** The socket takes nothing at the moment. */
  readonly full: boolean
  /** What may be sent on all streams together, bytes. */
  readonly sendWindow: number
}

export interface WaitingStream {
  readonly closed: boolean
  /** Sends what it can; returns whether something still waits for the connection, not for the stream's own window. */
  flush(): boolean
}

export class WaitingStreams {
  readonly #side: SendingSide
  readonly #streams: Set<WaitingStream>

  constructor(side: SendingSide) {
    this.#side = side
    this.#streams = new Set()
  }

  /** Waits for the connection's window or for the socket. */
  add(stream: WaitingStream): void {
    this.#streams.add(stream)
  }

  delete(stream: WaitingStream): void {
    if (this.#streams.size > 0) this.#streams.delete(stream)
  }

  clear(): void {
    this.#streams.clear()
  }

  /** A window of this stream opened. */
  flushOne(stream: WaitingStream): void {
    if (stream.flush()) this.#streams.add(stream)
    else this.#streams.delete(stream)
  }

  /** The connection's window opened or the socket takes more: each that waits in turn, whoever still waits last again. */
  flush(): void {
    const side = this.#side
    if (this.#streams.size === 0 || side.closed) return
    const waiting = Array.from(this.#streams)
    for (let i = 0; i < waiting.length && !side.full && side.sendWindow > 0; i++) {
      const stream = waiting[i] as WaitingStream
      if (stream.closed) continue
      this.#streams.delete(stream)
      if (stream.flush()) this.#streams.add(stream)
    }
  }
}
