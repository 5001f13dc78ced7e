/** Addresses whose connection was ended for being too much (RFC 9113 §10.5): for a while those that follow are given less to do it with. */

/** ms. */
const REMEMBERED = 10_000
/** Addresses at most; the one that was heard of longest ago is forgotten for a new one. */
const MOST = 1024

export class Offenders {
  /** When each was heard of last, monotonic, ms, in that order. */
  readonly #at: Map<string, number>

  constructor() {
    this.#at = new Map()
  }

  add(address: string, now: number): void {
    this.#at.delete(address)
    this.#at.set(address, now)
    if (this.#at.size <= MOST) return
    for (const oldest of this.#at.keys()) {
      this.#at.delete(oldest)
      return
    }
  }

  has(address: string, now: number): boolean {
    const at = this.#at.get(address)
    if (at === undefined) return false
    if (now - at < REMEMBERED) return true
    this.#at.delete(address)
    return false
  }
}
