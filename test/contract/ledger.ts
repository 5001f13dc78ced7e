/** What the wrappers between layers found: breaches of G1–G9, and calls that never came to an end. */
import type { Exchange } from '../../src/core/exchange.ts'

/** One dispatch through one boundary. */
export interface Entry {
  readonly label: string
  readonly exchange: Exchange
  /** The call above the same layer that this one was made for. */
  readonly parent: Entry | undefined
  headPassed: boolean
  /** `end`, `fail <reason>`, or '' while it runs. */
  terminal: string
}

export class Ledger {
  /** One line each: the guarantee, the boundary, what happened. A test asserts that it is empty. */
  readonly breaches: string[] = []
  /** Boundaries whose layer may let a request go on after its client has left, to its end and without a word to anybody. */
  readonly outliving = new Set<string>()
  readonly #open = new Set<Entry>()
  readonly #thrown = new WeakSet<object>()
  readonly #ids = new WeakMap<Exchange, number>()
  #next = 1

  breach(rule: string, entry: Entry, what: string): void {
    this.breaches.push(`${rule} ${entry.label} #${this.#id(entry.exchange)}: ${what}`)
  }

  opened(entry: Entry): void {
    this.#open.add(entry)
  }

  closed(entry: Entry): void {
    this.#open.delete(entry)
    if (this.outliving.has(entry.label)) return
    // A layer may end what it left running in its very next statement; by the next microtask it must have done so.
    queueMicrotask(() => {
      for (const other of this.#open) {
        if (other.parent === entry) this.breach('G2', other, `still running, though ${entry.label} is over`)
      }
    })
  }

  /** The calls of a boundary that have no terminal yet. */
  running(label: string, exchange: Exchange): Entry[] {
    return [...this.#open].filter((entry) => entry.label === label && entry.exchange === exchange)
  }

  /** Calls without a terminal: at the end of a test there is none. */
  leaks(): string[] {
    return [...this.#open].map((entry) => `${entry.label} #${this.#id(entry.exchange)} never ended`)
  }

  /** A throw passes every boundary on its way; only the first counts. */
  thrown(entry: Entry, where: string, error: unknown): void {
    if (typeof error === 'object' && error !== null) {
      if (this.#thrown.has(error)) return
      this.#thrown.add(error)
    }
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.breach('G6', entry, `${where} threw ${text}`)
  }

  #id(exchange: Exchange): number {
    let id = this.#ids.get(exchange)
    if (id === undefined) {
      id = this.#next++
      this.#ids.set(exchange, id)
    }
    return id
  }
}
