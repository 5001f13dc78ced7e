/**
 * Waits a moment before it looks for more, as network cards do between interrupts ("interrupt moderation"). Where many requests share few
 * connections, what a peer writes comes in pieces of a few messages, and each piece costs a read, a write, and the wake of whoever reads that.
 * After a tenth of a millisecond several of them are there, and go together (docs/decisions/0087-waits-between-turns.md).
 */
import { machineTime } from '../core/clock.ts'

/** ms of one wait; Linux makes 0.11 of it (a timer's slack is 0.05). */
const WAIT = 0.05
/** Messages a turn on the average, from which on a wait pays: of fewer nobody is behind whom they could go. */
const MANY = 8
/** Turns that the average is of. */
const TURNS = 16
/** ms between the ends of two turns, from which on nothing is won: the second was long itself, or there is little to do. */
const CLOSE = 0.5

export class Moderation {
  readonly #now: () => number
  readonly #wait: (ms: number) => void
  /** Messages a turn. */
  #average: number
  /** When the last turn that was looked at, or the wait behind it, was over. */
  #over: number
  /** So far. */
  waits: number

  /** `now`: monotonic, ms. `wait` returns after so many ms, or somewhat more. */
  constructor(now: () => number, wait: (ms: number) => void) {
    this.#now = now
    this.#wait = wait
    this.#average = 0
    this.#over = Number.NEGATIVE_INFINITY
    this.waits = 0
  }

  /** Turns bring many messages. */
  get crowded(): boolean {
    return this.#average >= MANY
  }

  /** A turn that brought so many messages is over, and all that it wrote is out. */
  turned(messages: number): void {
    this.#average += (messages - this.#average) / TURNS
    if (!this.crowded) return
    const now = this.#now()
    if (now - this.#over < CLOSE) {
      this.waits++
      this.#wait(WAIT)
      this.#over = this.#now()
    } else this.#over = now
  }
}

/** Never woken: a wait ends by its time. */
const cell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
const ofProcess = new Moderation(machineTime, (ms) => void Atomics.wait(cell, 0, 0, ms))
/** Of this turn: heads and trailers. */
let messages = 0

/** A head, or trailers, were written to a connection that many requests share. */
export function messageWritten(): void {
  messages++
}

/** What was written so far went out at once, and is no part of a turn. */
export function outOfTurn(): void {
  messages = 0
}

/** To be called at the end of each turn. */
export function moderate(): void {
  const had = messages
  messages = 0
  ofProcess.turned(had)
}

/** Turns of this process bring many messages. */
export function crowded(): boolean {
  return ofProcess.crowded
}

/** Waits of this process so far. */
export function moderated(): number {
  return ofProcess.waits
}
