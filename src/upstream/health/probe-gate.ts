/** How many probes are under way at once, in the whole process: a thousand endpoints shall not be a thousand sockets. */

export interface Prober {
  /** It is this one's turn; it has to `leave` when it is done. */
  probe(): void
}

export class ProbeGate {
  readonly #most: number
  #running: number
  /** First in, first out. */
  readonly #waiting: Set<Prober>

  constructor(most: number) {
    this.#most = most
    this.#running = 0
    this.#waiting = new Set()
  }

  enter(prober: Prober): void {
    if (this.#running >= this.#most) {
      this.#waiting.add(prober)
      return
    }
    this.#running++
    prober.probe()
  }

  /** A probe is over. */
  leave(): void {
    this.#running--
    for (const next of this.#waiting) {
      this.#waiting.delete(next)
      this.enter(next)
      return
    }
  }

  /** It waits no more. */
  forget(prober: Prober): void {
    this.#waiting.delete(prober)
  }
}
