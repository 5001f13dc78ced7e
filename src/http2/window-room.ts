/**
 * Room for windows beyond the one that every connection may have, in accounts of the process. A connection that keeps up with what
 * comes gets a larger window while there is some, and gives it back when it ends. So the bytes that peers may have on their way
 * to us, all together, have a bound whatever they open. Streams need no room of their own: what they may have on its way is within
 * their connection's window.
 */
import type { Room } from '../core/room.ts'

export class WindowRoom implements Room {
  /** What one connection's window may come to, bytes. */
  readonly largest: number
  #left: number

  /** `bytes`: for all connections together. */
  constructor(bytes: number, largest: number) {
    this.#left = bytes
    this.largest = largest
  }

  take(bytes: number): boolean {
    if (bytes > this.#left) return false
    this.#left -= bytes
    return true
  }

  give(bytes: number): void {
    this.#left += bytes
  }
}

const MIB = 1024 * 1024

/** Of connections that clients made: there may be many, and each carries what one client asks. */
export const CLIENT_ROOM: WindowRoom = new WindowRoom(8 * MIB, 2 * MIB)
/** Of ours to upstreams: few, and all answers come by them. An account apart, so that clients cannot use theirs up. */
export const UPSTREAM_ROOM: WindowRoom = new WindowRoom(8 * MIB, 8 * MIB)
