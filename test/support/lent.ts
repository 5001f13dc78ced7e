/**
 * Pieces lent as a wire of HTTP/2 lends them (`src/net/lent-pieces.ts`, G7), for tests that shall not miss anybody who keeps
 * one. There a piece is written over once the wire has copied it, as soon as the next one comes: here that is at once, and with
 * bytes that nobody sends.
 */
import { LENT_STORE } from '../../src/core/own-copy.ts'

/** What stands in a piece that was given back. */
const USED_AGAIN = 0xaa

const borrowed = new WeakSet<Buffer>()

/** A copy that is lent. What is too large for a store of lent pieces is the receiver's own, as it is of a wire. */
export function lentCopy(chunk: Buffer): Buffer {
  if (chunk.length > LENT_STORE) return Buffer.from(chunk)
  const piece = Buffer.from(new ArrayBuffer(LENT_STORE), 0, chunk.length)
  chunk.copy(piece)
  borrowed.add(piece)
  return piece
}

/** `chunk` was copied by whoever it was passed on to: a lent one holds other bytes from now on. */
export function takeBack(chunk: Buffer): void {
  if (borrowed.delete(chunk)) chunk.fill(USED_AGAIN)
}

/** Whether it holds what a piece that was given back holds. */
export function isTakenBack(chunk: Buffer): boolean {
  return chunk.every((byte) => byte === USED_AGAIN)
}

/** A piece of a body as a wire passes it on. */
export function lent(text: string): Buffer {
  return lentCopy(Buffer.from(text))
}
