/** Chunks that are kept longer than the call that brings them. */

/** What a kept slice may pin however small it is, bytes: a copy of its own would cost a quarter of that, and more time. */
export const SMALL_BACKING = 4096

/** Bytes of the store of a lent piece (`net/lent-pieces.ts`); no other is of this size but by chance, which costs a copy. */
export const LENT_STORE = 16 * 1024 + 64

/** A kept slice of a large read would pin all of it, and so would one from Node's shared pool (G7). */
export function ownCopy(chunk: Buffer): Buffer {
  const store = chunk.buffer.byteLength
  if (store <= Math.max(4 * chunk.length, SMALL_BACKING) && store !== LENT_STORE) return chunk
  const kept = Buffer.allocUnsafeSlow(chunk.length)
  chunk.copy(kept)
  return kept
}
