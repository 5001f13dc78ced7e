/** Chunks that are kept longer than the call that brings them. */

/** What a kept slice may pin however small it is, bytes: a copy of its own would cost a quarter of that, and more time. */
export const SMALL_BACKING = 4096

/** A kept slice of a large read would pin all of it, and so would one from Node's shared pool (G7). */
export function ownCopy(chunk: Buffer): Buffer {
  if (chunk.buffer.byteLength <= Math.max(4 * chunk.length, SMALL_BACKING)) return chunk
  const kept = Buffer.allocUnsafeSlow(chunk.length)
  chunk.copy(kept)
  return kept
}
