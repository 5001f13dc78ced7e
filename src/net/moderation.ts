/**
 * Waits a moment before it looks for more, as network cards do between interrupts ("interrupt moderation"). Where many requests share few
 * connections, what a peer writes comes in pieces of a few messages, and each piece costs a read, a write, and the wake of whoever reads that.
 * A tenth or two of a millisecond later several of them are there, and go together (docs/decisions/0087-waits-between-turns.md).
 * So it is with pieces of many large bodies at once, which wait a little longer (0095-waits-behind-large-bodies.md).
 */
import { machineTime } from '../core/clock.ts'

/** ms of one wait, at least; Linux makes 0.11 of it (a timer's slack is 0.05). */
const WAIT = 0.05
/**
 * ms, at most, and how much longer a wait is for each turn that a call takes beyond so many. Two it takes anyhow, one for what is asked and one
 * for what is answered: then all that is in flight comes in each of them, and nothing is behind it. The more there are beside, the less of its time
 * is ours, and the more calls come in a turn that is waited for (0096-waits-by-turns-of-a-call.md).
 */
const MOST_WAIT = 0.2
const FEW = 2.25
const EACH = 0.125
/** Messages a turn on the average, from which on a wait pays: of fewer nobody is behind whom they could go. */
const MANY = 8
/** The same for bodies, bytes of DATA a turn, and the longest wait. A peer that has more to read before it waits is woken less often. */
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
  /** Turns that a call takes, on the average. */
  #taken: number
  /** When the last turn that was looked at, or the wait behind it, was over. */
  #over: number
  /** So far, and ms that they took. */
  waits: number
  waited: number

  /** `now`: monotonic, ms. `wait` returns after so many ms, or somewhat more. */
  constructor(now: () => number, wait: (ms: number) => void) {
    this.#now = now
    this.#wait = wait
    this.#messages = 0
    this.#bytes = 0
    this.#taken = 0
    this.#over = Number.NEGATIVE_INFINITY
    this.waits = 0
    this.waited = 0
  }

  /** Turns bring many messages, or much of bodies. */
  get crowded(): boolean {
    return this.#messages >= MANY || this.#bytes >= BULK
  }

  /**
   * A turn that brought so many messages, and bytes of bodies, is over, and all that it wrote is out. `calls` were answered in it, which took
   * `taken` turns together.
   */
  turned(messages: number, bytes: number, calls: number, taken: number): void {
    if (calls > 0) this.#taken += (taken / calls - this.#taken) / TURNS
    this.#messages += (messages - this.#messages) / TURNS
    this.#bytes += (bytes - this.#bytes) / TURNS
    if (!this.crowded) return
    const now = this.#now()
    if (now - this.#over < CLOSE) {
      this.waits++
      this.#wait(this.#messages >= MANY ? this.#forCalls() : MOST_WAIT)
      this.#over = this.#now()
      this.waited += this.#over - now
    } else this.#over = now
  }

  #forCalls(): number {
    const wait = (this.#taken - FEW) * EACH
    return wait < WAIT ? WAIT : wait > MOST_WAIT ? MOST_WAIT : wait
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
/** Calls that were answered in this turn, and how many turns each of them took, together. */
let calls = 0
let taken = 0
/** A call counts for no more: one that was open for an hour says nothing of the others. */
const LONG = 64
/** The number of this turn, which begins anew some day. */
let turn = 0
const NUMBERS = 0x3fffffff

/** The turn of the event loop that it is, to be told once the call that came with it is answered. */
export function turnNow(): number {
  return turn
}

/** A call that came in turn `since` is answered. */
export function callAnswered(since: number): void {
  calls++
  const turns = (turn - since) & NUMBERS
  taken += turns < LONG ? turns + 1 : LONG
}

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
  ofProcess.turned(heads, size, calls, taken)
  turn = (turn + 1) & NUMBERS
  calls = 0
  taken = 0
}

/** Turns of this process bring many messages, or much of bodies. */
export function crowded(): boolean {
  return ofProcess.crowded
}

/** Waits of this process so far, and ms that they took. */
export function moderated(): Readonly<Pick<Moderation, 'waits' | 'waited'>> {
  return ofProcess
}
