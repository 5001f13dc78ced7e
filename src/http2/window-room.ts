/**
 * Room for windows beyond the one that every connection may have: one account for the process. A connection that keeps up with
 * what comes gets a larger window while there is some, and gives it back when it ends. So the bytes that peers may have on their
 * way to us, all together, have a bound whatever they open. Streams need no room of their own: what they may have on its way is
 * within their connection's window.
 */

/** Bytes. */
const ROOM = 16 * 1024 * 1024

let used = 0

/** Returns false where there is no room; nothing is taken then. */
export function takeRoom(bytes: number): boolean {
  if (used + bytes > ROOM) return false
  used += bytes
  return true
}

export function giveRoom(bytes: number): void {
  used -= bytes
}
