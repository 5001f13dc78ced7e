/**
 * Waits a moment before it looks for more, as network cards do between interrupts ("interrupt moderation"). Where many requests share few
 * connections, what a peer writes comes in pieces of a few messages, and each piece costs a read, a write, and the wake of whoever reads that.
 * After a tenth of a millisecond several of them are there, and go together (docs/decisions/0087-waits-between-turns.md).
 * So it is with pieces of many large bodies at once, which wait a little longer (0095-waits-behind-large-bodies.md).
 */
import { machineTime } from '../core/clock.ts'

/** ms of one wait; Linux makes 0.11 of it (a timer's slack is 0.05). */
const WAIT = 0.05
/** Messages a turn on the average, from which on a wait pays: of fewer nobody is behind whom they could go. */
const MANY = 8
/** The same for bodies: ms of a wait, and bytes of DATA a turn. A peer that has more to read before it waits is woken less often. */
const BULK_WAIT = 0.2
const BULK = 128 * 1024
/** Bodies of a turn that are too few to count: a stream alone would only come later, for its peer waits for our credit or has sent all it may. */
const SEVERAL = 4
/** Turns that an average is of. */
const TURNS = 16
/** ms between the ends of two turns, from which on nothing is won: the second was long itself, or there is little to do. */
const CLOSE = 0.5

export class Moderation {
  readonly #now: () => number
  readonly #wait: (ms: number) => void
  /** A turn, on the average. */
  #messages: number
  #bytes: number
  /** When the last turn that was looked at, or the wait behind it, was over. */
  #over: number
  /** So far. */
  waits: number

  /** `now`: monotonic, ms. `wait` returns after so many ms, or somewhat more. */
  constructor(now: () => number, wait: (ms: number) => void) {
    this.#now = now
    this.#wait = wait
    this.#messages = 0
    this.#bytes = 0
    this.#over = Number.NEGATIVE_INFINITY
    this.waits = 0
  }

  /** Turns bring many messages, or much of bodies. */
  get crowded(): boolean {
    return this.#messages >= MANY || this.#bytes >= BULK
  }

  /** A turn that brought so many messages, and bytes of bodies, is over, and all that it wrote is out. */
  turned(messages: number, bytes: number): void {
    this.#messages += (messages - this.#messages) / TURNS
    this.#bytes += (bytes - this.#bytes) / TURNS
    if (!this.crowded) return
    const now = this.#now()
    if (now - this.#over < CLOSE) {
      this.waits++
      this.#wait(this.#messages >= MANY ? WAIT : BULK_WAIT)
      this.#over = this.#now()
    } else this.#over = now
  }
}

/** Never woken: a wait ends by its time. */
const cell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
const ofProcess = new Moderation(machineTime, (ms) => void Atomics.wait(cell, 0, 0, ms))
/** Of this turn: heads and trailers, bytes of DATA, and how often these were of another stream than the ones before. */
let messages = 0
let bytes = 0
let bodies = 0
let last = -1

/** A head, or trailers, were written to a connection that many requests share. */
export function messageWritten(): void {
  messages++
}

/** So many bytes of a body were; `stream`: the same number for each part of one, most likely another for each other. */
export function dataWritten(size: number, stream: number): void {
  bytes += size
  if (stream === last) return
  last = stream
  bodies++
}

/** What was written so far went out at once, and is no part of a turn. */
export function outOfTurn(): void {
  messages = 0
  bytes = 0
  bodies = 0
  last = -1
}

/** To be called at the end of each turn. */
export function moderate(): void {
  const heads = messages
  const size = bodies >= SEVERAL ? bytes : 0
  outOfTurn()
  ofProcess.turned(heads, size)
}

/** Turns of this process bring many messages, or much of bodies. */
export function crowded(): boolean {
  return ofProcess.crowded
}

/** Waits of this process so far. */
export function moderated(): number {
  return ofProcess.waits
}
