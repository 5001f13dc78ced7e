/** What a request's body was so far, kept so that it can be sent again. */
import type { Headers } from './headers.ts'
import { ownCopy } from './own-copy.ts'

/** Bytes held by all replay buffers of the process, as `costOf` counts them, and the most they may hold. */
export class ReplayAccount {
  readonly limit: number
  used: number

  /** `limit` in bytes. */
  constructor(limit: number) {
    this.limit = limit
    this.used = 0
  }
}

/** Whoever gets a body again. */
export interface ReplayTarget {
  data(chunk: Buffer): void
  end(trailers?: Headers): void
}

/** What a kept chunk costs beside its bytes, about: the object that stands for it. */
const PER_CHUNK = 128
/** Chunks that cost no more than their bytes: most bodies come in fewer. */
const FEW = 16

/**
 * What the account is charged with for a chunk of `size` bytes behind `count` others. A body may come in thousands of tiny
 * ones, which would take a hundred times what they are.
 */
export function costOf(size: number, count: number): number {
  return count < FEW || size > PER_CHUNK ? size : PER_CHUNK
}

/**
 * One per exchange, counted by the layers that may send again: the outermost makes it, fills it before it passes a chunk
 * down, and names it in `exchange.replay`; those beneath take it with `share`. Each lets go with `release`; the last one
 * out frees it. Past its own limit or the process's it drops everything, for good: then nobody sends again, and
 * the live attempt goes on undisturbed.
 */
export class ReplayBuffer {
  readonly #account: ReplayAccount
  #limit: number
  #chunks: Buffer[] | undefined
  #bytes: number
  /** To the account of the process. */
  #charged: number
  #trailers: Headers | undefined
  #ended: boolean
  #users: number
  #overflowed: boolean

  /** `limit` in bytes. */
  constructor(account: ReplayAccount, limit: number) {
    this.#account = account
    this.#limit = limit
    this.#chunks = undefined
    this.#bytes = 0
    this.#charged = 0
    this.#trailers = undefined
    this.#ended = false
    this.#users = 1
    this.#overflowed = false
  }

  /** Everything that came is still here. */
  get whole(): boolean {
    return !this.#overflowed
  }

  get bytes(): number {
    return this.#bytes
  }

  /** `limit` in bytes: what the new one wants kept; the largest wish holds. */
  share(limit = 0): this {
    this.#users++
    if (limit > this.#limit) this.#limit = limit
    return this
  }

  release(): void {
    this.#users--
    if (this.#users === 0) this.#drop()
  }

  data(chunk: Buffer): void {
    if (this.#overflowed || this.#users === 0) return
    const size = chunk.length
    const cost = costOf(size, this.#chunks === undefined ? 0 : this.#chunks.length)
    if (this.#bytes + size > this.#limit || this.#account.used + cost > this.#account.limit) {
      this.#overflowed = true
      this.#drop()
      return
    }
    const kept = ownCopy(chunk)
    if (this.#chunks === undefined) this.#chunks = []
    this.#chunks.push(kept)
    this.#bytes += size
    this.#charged += cost
    this.#account.used += cost
  }

  end(trailers?: Headers): void {
    this.#ended = true
    this.#trailers = trailers
  }

  /** What came so far, in order. Grows as more comes, and stays as it is for whoever holds it when the buffer is freed. */
  get chunks(): readonly Buffer[] {
    return this.#chunks === undefined ? NOTHING : this.#chunks
  }

  /** Sends all that came so far; the caller sends on what comes later. */
  replay(into: ReplayTarget): void {
    if (this.#chunks !== undefined) for (const chunk of this.#chunks) into.data(chunk)
    if (this.#ended) into.end(this.#trailers)
  }

  #drop(): void {
    this.#account.used -= this.#charged
    this.#charged = 0
    this.#bytes = 0
    this.#chunks = undefined
  }
}

const NOTHING: readonly Buffer[] = []
