/** What all caches of the process may hold together (`limits.maxCacheBytes`), and who goes first when there is no more room. */

/** Something kept that may be thrown away at any time. */
export interface Evictable {
  /** What it is charged with, bytes. */
  readonly bytes: number
  /** It was thrown away to make room; its bytes are given back already. */
  evicted(): void
}

export class CacheAccount {
  readonly limit: number
  /** What is kept and what is being gathered, bytes. */
  used: number
  /** The least recently used first. */
  readonly #kept: Set<Evictable>

  /** `limit` in bytes. */
  constructor(limit: number) {
    this.limit = limit
    this.used = 0
    this.#kept = new Set()
  }

  /**
   * Charges `bytes` for something that is being gathered, and throws away what was used least recently until they fit.
   * False: they never will, and nothing is charged.
   */
  take(bytes: number): boolean {
    if (bytes > this.limit) return false
    while (this.used + bytes > this.limit) if (!this.#evict()) return false
    this.used += bytes
    return true
  }

  /** Gives back what `take` charged. */
  give(bytes: number): void {
    this.used -= bytes
  }

  /** What was gathered is whole and is kept from now on; its bytes are charged already. */
  keep(it: Evictable): void {
    this.#kept.add(it)
  }

  /** It was of use: others go before it. */
  touch(it: Evictable): void {
    if (this.#kept.delete(it)) this.#kept.add(it)
  }

  /** It is kept no longer; nothing happens when it was evicted before. */
  drop(it: Evictable): void {
    if (this.#kept.delete(it)) this.used -= it.bytes
  }

  #evict(): boolean {
    for (const it of this.#kept) {
      this.#kept.delete(it)
      this.used -= it.bytes
      it.evicted()
      return true
    }
    return false
  }
}
