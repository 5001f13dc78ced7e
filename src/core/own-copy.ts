/** Chunks that are kept longer than the call that brings them. */

/** A kept slice of a large read would pin all of it, and so would one from Node's shared pool (G7). */
export function ownCopy(chunk: Buffer): Buffer {
  if (chunk.buffer.byteLength <= 4 * chunk.length) return chunk
  const kept = Buffer.allocUnsafeSlow(chunk.length)
  chunk.copy(kept)
  return kept
}
