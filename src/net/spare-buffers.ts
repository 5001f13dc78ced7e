/**
 * Buffers for what came and has to wait a little: the rest of a read, a frame or a header block in parts. Made once and used
 * again, for what lives for a few turns of the event loop outlives two collections of the young generation under a flood, lies
 * among the old objects from then on, and goes only when V8 marks its whole heap: 300 KiB for each connection of a flood.
 */
import { beforeCollection } from '../core/garbage.ts'

/** Bytes below which Node's own pool serves. */
const SMALL = 4 * 1024
/** A frame; a read, and as much as a head usually may have. */
const FRAME = 16 * 1024
const READ = 64 * 1024
/** Of each kind: a megabyte and a quarter together, until it is calm. */
const MOST_FREE = 16

const frames: Buffer[] = []
const reads: Buffer[] = []
beforeCollection(() => {
  frames.length = 0
  reads.length = 0
})

/** Room for `size` bytes, or more. */
export function takeSpare(size: number): Buffer {
  if (size < SMALL) return Buffer.allocUnsafe(size)
  if (size <= FRAME) return frames.pop() ?? Buffer.allocUnsafeSlow(FRAME)
  return size <= READ ? (reads.pop() ?? Buffer.allocUnsafeSlow(READ)) : Buffer.allocUnsafeSlow(size)
}

/** Nobody has a view of it any more. */
export function giveSpare(spare: Buffer): void {
  const free = spare.length === FRAME ? frames : reads
  if ((spare.length === FRAME || spare.length === READ) && free.length < MOST_FREE) free.push(spare)
}
