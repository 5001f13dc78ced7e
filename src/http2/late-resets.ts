/**
 * Resets that wait. Behind a whole answer to a request that is still on its way, RST_STREAM says that nobody reads the rest (RFC 9113 §8.1).
 * But curl and Node's client throw away an answer whose reset they read along with it, so it comes later, and whoever has ended the stream
 * by then gets none. Till then the client may send what its window has room for, which is dropped.
 */
import type { Clock, Timed, Timer } from '../core/clock.ts'
import { NO_ERROR } from './frames.ts'

/** ms: more than a client takes to read an answer, and less than one waits that sends on into a window of nothing. */
const LATE = 1000
/** Streams that may wait at once; the oldest gives way. */
const MOST = 128

export class LateResets implements Timed {
  readonly #clock: Clock
  readonly #writeReset: (id: number, code: number) => void
  /** When each is due, ms; the oldest first. */
  readonly #due: Map<number, number>
  #timer: Timer | undefined

  constructor(clock: Clock, writeReset: (id: number, code: number) => void) {
    this.#clock = clock
    this.#writeReset = writeReset
    this.#due = new Map()
    this.#timer = undefined
  }

  add(id: number): void {
    if (this.#due.size >= MOST) {
      for (const oldest of this.#due.keys()) {
        this.#send(oldest)
        break
      }
    }
    this.#due.set(id, this.#clock.now() + LATE)
    this.#timer ??= this.#clock.schedule(LATE, this)
  }

  /** The client has ended this stream, one way or the other. */
  delete(id: number): void {
    this.#due.delete(id)
  }

  expired(): void {
    this.#timer = undefined
    this.#sendUntil(this.#clock.now())
    for (const due of this.#due.values()) {
      this.#timer = this.#clock.schedule(due - this.#clock.now(), this)
      break
    }
  }

  /** All of them now: the connection ends. */
  flush(): void {
    this.#sendUntil(Number.POSITIVE_INFINITY)
    this.#clock.cancel(this.#timer)
    this.#timer = undefined
  }

  #sendUntil(now: number): void {
    for (const [id, due] of this.#due) {
      if (due > now) return
      this.#send(id)
    }
  }

  #send(id: number): void {
    this.#due.delete(id)
    this.#writeReset(id, NO_ERROR)
  }
}
