/**
 * Pieces of large bodies whose bytes are used again. A body of 1 MiB is a hundred pieces; made anew each, they were freed by
 * collections alone, which took half of the CPU of a process that carries such bodies. A piece is lent to whoever it is passed
 * on to; the wire that has written it gives it back, and the next piece stands in the same place.
 *
 * The hazard: somebody keeps a piece that he also passed on, and finds other bytes in it later. Hence the rule of G7, which is
 * kept by `ownCopy`: what is kept beyond passing it on is a copy, and of a lent piece always. Holding it and passing it on
 * later needs none. A piece that is never given back, for its stream was reset, is garbage like any other.
 */
import { beforeCollection } from '../core/garbage.ts'
import { LENT_STORE } from '../core/own-copy.ts'
import { own } from './shared-read.ts'
import { madeBytes } from './young-bodies.ts'

/** What a piece may hold: the DATA of a frame, as large as we allow one. */
const LARGEST = 16 * 1024
/** Smaller ones would waste more of their store than they save. */
const SMALLEST = 4 * 1024
/**
 * Stores that wait to be used again: 16 MiB, which is what may be on its way through one process at full speed. With fewer, those
 * that were too many were garbage among the old objects, and V8 marked its whole heap for them eleven times a second. In calm
 * they go.
 */
const MOST_FREE = 1024

const free: ArrayBufferLike[] = []
beforeCollection(() => (free.length = 0))

/** Views, not stores: whoever passes on a part of a piece has made a view of his own, which gives back nothing. */
const lent = new WeakSet<Buffer>()

/** Whether a piece of so many bytes may be lent. */
export function mayBeLent(length: number): boolean {
  return length >= SMALLEST && length <= LARGEST
}

/** A copy of what stands in `borrowed`, for somebody who keeps no piece that he has passed on. */
export function lend(borrowed: Buffer, from: number, to: number): Buffer {
  const length = to - from
  let store = free.pop()
  if (store === undefined) {
    store = new ArrayBuffer(LENT_STORE)
    madeBytes(LENT_STORE)
  }
  const piece = Buffer.from(store as ArrayBuffer, 0, length)
  borrowed.copy(piece, 0, from, to)
  lent.add(piece)
  return piece
}

/** All of `chunk` was written, and a copy of it at that: if it is a lent piece, its bytes are used again. */
export function giveBack(chunk: Buffer): void {
  const store = chunk.buffer
  if (store.byteLength !== LENT_STORE || !lent.delete(chunk)) return
  if (free.length < MOST_FREE) free.push(store)
}

/** `chunk`, or, if its store is much larger than what it has from `from` on, a copy of that: for whoever may have to keep it for long. */
export function ownStore(chunk: Buffer, from: number): Buffer {
  if (chunk.length - from > LENT_STORE - SMALLEST || !lent.has(chunk)) return chunk
  const rest = own(chunk, from)
  giveBack(chunk)
  return rest
}
