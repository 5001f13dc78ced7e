/** Blocks in which what goes out is put together: made once, used again once the kernel took what stands in them. */
import { beforeCollection } from '../core/garbage.ts'
import { madeBytes } from './young-bodies.ts'

/** Bytes of a block; what is larger gets one of its own. */
const BLOCK = 16 * 1024
const MOST_FREE = 64
const free: Block[] = []
/** The same for what is large: four DATA frames of 16 KiB, so that a read of theirs goes out as one piece. */
const LARGE_BLOCK = 66 * 1024
/** 4 MiB: what may wait for the kernels of several peers at full speed. In calm they go. */
const MOST_FREE_LARGE = 64
const freeLarge: Block[] = []
beforeCollection(() => (freeLarge.length = 0))
/** Bytes from which on something is large. */
const LARGE = 4096

/** Views that are kept of a block: the messages of one route are often of one length, and a view costs as much as its text. */
const VIEWS = 8

export class Block {
  readonly bytes: Buffer
  /** Views from the block's begin, by their length. */
  readonly #views: (Buffer | undefined)[]

  /** Bytes. */
  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size)
    madeBytes(size)
    this.#views = new Array(VIEWS).fill(undefined)
  }

  /** What stands between two places. */
  piece(from: number, to: number): Buffer {
    if (from > 0) return this.bytes.subarray(from, to)
    const place = to & (VIEWS - 1)
    const kept = this.#views[place]
    if (kept !== undefined && kept.length === to) return kept
    const made = this.bytes.subarray(0, to)
    this.#views[place] = made
    return made
  }
}

/** A block with room for `size` bytes; `mayBeLarge`: for what is large, of a size that more of it fits into. */
export function takeBlock(size: number, mayBeLarge: boolean): Block {
  if (size > LARGE && mayBeLarge)
    return size > LARGE_BLOCK ? new Block(size) : (freeLarge.pop() ?? new Block(LARGE_BLOCK))
  return size > BLOCK ? new Block(size) : (free.pop() ?? new Block(BLOCK))
}

/** Nobody has a view of it any more. */
export function giveBlock(block: Block): void {
  const size = block.bytes.length
  if (size === BLOCK && free.length < MOST_FREE) free.push(block)
  else if (size === LARGE_BLOCK && freeLarge.length < MOST_FREE_LARGE) freeLarge.push(block)
}
