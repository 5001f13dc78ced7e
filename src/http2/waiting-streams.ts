/** Streams with something to send that windows or socket did not take, the longest wait first. */
import type { Session } from './session.ts'
import type { Stream } from './stream.ts'

export class WaitingStreams {
  readonly #session: Session
  readonly #streams: Set<Stream>

  constructor(session: Session) {
    this.#session = session
    this.#streams = new Set()
  }

  /** Waits for the connection's window or for the socket. */
  add(stream: Stream): void {
    this.#streams.add(stream)
  }

  delete(stream: Stream): void {
    if (this.#streams.size > 0) this.#streams.delete(stream)
  }

  clear(): void {
    this.#streams.clear()
  }

  /** A window of this stream opened. */
  flushOne(stream: Stream): void {
    if (stream.flush()) this.#streams.add(stream)
    else this.#streams.delete(stream)
  }

  /** The connection's window opened or the socket takes more: each that waits in turn, whoever still waits last again. */
  flush(): void {
    const session = this.#session
    if (this.#streams.size === 0 || session.closed) return
    const waiting = Array.from(this.#streams)
    for (let i = 0; i < waiting.length && !session.full && session.sendWindow > 0; i++) {
      const stream = waiting[i] as Stream
      if (stream.closed) continue
      this.#streams.delete(stream)
      if (stream.flush()) this.#streams.add(stream)
    }
  }
}
