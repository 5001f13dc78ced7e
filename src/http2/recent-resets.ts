/** Streams that we reset and the peer may not know of yet: what still comes for them is dropped. */

/** The latest that are remembered. */
const REMEMBERED = 2048

export class RecentResets {
  readonly #ids: Set<number>

  constructor() {
    this.#ids = new Set()
  }

  has(id: number): boolean {
    return this.#ids.has(id)
  }

  /** The peer resets it, too, and so says no more on it. Returns whether it was remembered. */
  delete(id: number): boolean {
    return this.#ids.delete(id)
  }

  add(id: number): void {
    this.#ids.add(id)
    if (this.#ids.size <= REMEMBERED) return
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest)
      break
    }
  }
}
