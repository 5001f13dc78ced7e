/** How much of what moves nothing a connection puts up with, told apart by what pays for it (guard.ts; RFC 9113 §10.5). */
import type { Clock } from '../core/clock.ts'
import { FloodGuard } from './guard.ts'

/** DATA of fewer bytes gives no tokens. */
const MIN_USEFUL = 32
/** Go credits what each read takes, from 4 KiB on, before 1.20 of any size: reads of so many bytes, as a power of two, are nobody's flood. */
const READ_BITS = 9
/** What 64 MiB on their way are worth: nobody saves up for a flood. */
const MOST_UPDATES = 1 << 18
/** Bytes of DATA for streams that were reset. */
const STRAY_PER_TOKEN = 16 * 1024

/** Bytes of a frame that moves nothing, and may be of any length, that cost a token more. */
const BYTES_PER_TOKEN = 1024

/** Tokens of such a frame. */
export function costOf(bytes: number): number {
  return 1 + Math.floor(bytes / BYTES_PER_TOKEN)
}

/** HEADERS of an answer that may cross our reset. */
const LATE = 2
/** As many of them as can be on their way, and more: not all that were ever reset. */
const MOST_LATE = 4096

export class Patience {
  /** Frames that move nothing. */
  readonly #frames: FloodGuard
  /** Streams that are thrown away. */
  readonly #resets: FloodGuard
  /** WINDOW_UPDATEs that our DATA is worth. */
  #updates: number
  /** HEADERS that may still come for streams that we have reset. */
  #late: number
  /** DATA for streams that we have reset, since it last took a token. */
  #stray: number

  constructor(clock: Clock) {
    this.#frames = new FloodGuard(clock)
    this.#resets = new FloodGuard(clock)
    this.#updates = 0
    this.#late = 0
    this.#stray = 0
  }

  // What takes tokens returns false when there are none left: the peer is a flood.

  frames(cost: number): boolean {
    return this.#frames.take(cost)
  }

  resets(): boolean {
    return this.#resets.take(1)
  }

  /** Each DATA frame may be credited on its stream and on the connection, however many of them were on their way, and in parts as it is read. */
  update(): boolean {
    if (this.#updates === 0) return this.#frames.take(1)
    this.#updates--
    return true
  }

  /** HEADERS for a stream that is over. An answer that crossed our reset is nobody's fault, however many clients leave. */
  late(): boolean {
    if (this.#late === 0) return this.#frames.take(1)
    this.#late--
    return true
  }

  /** DATA that was on its way to a stream when we reset it is a window at most; it does not go on for ever. */
  stray(bytes: number): boolean {
    this.#stray += bytes
    if (this.#stray < STRAY_PER_TOKEN) return true
    this.#stray = 0
    return this.#frames.take(1)
  }

  // What gives them back.

  /** A body moves towards us. */
  received(bytes: number): void {
    if (bytes >= MIN_USEFUL) this.#frames.give(2)
  }

  /** A body moves towards the peer. `whole`: nothing of it waits; what is asked for in crumbs is no use to anybody. */
  sent(bytes: number, whole: boolean): void {
    if (bytes < MIN_USEFUL && !whole) return
    this.#frames.give(2)
    if (this.#updates < MOST_UPDATES) this.#updates += 2 + 2 * (bytes >> READ_BITS)
  }

  /** We reset a stream of our own: the head of its answer may be on its way, and trailers. */
  reset(): void {
    if (this.#late < MOST_LATE) this.#late += LATE
  }

  /** A stream was carried through. */
  completed(): void {
    this.#frames.give(4)
    this.#resets.give(1)
  }
}
