/** What happened in the last few seconds: the window that a live table shows. */
import type { Sample } from './load.ts'

/** Shares in percent and times in ms; NaN where nothing happened. */
export interface Recent {
  readonly ok: number
  /** Answered 503, and the p99 of those. */
  readonly refused: number
  readonly refusedP99: number
  readonly p99: number
}

interface Entry {
  readonly doneAt: number
  readonly latency: number
  readonly status: number
}

export class Window {
  readonly #span: number
  #entries: Entry[] = []

  /** Remembers `span` ms. */
  constructor(span: number) {
    this.#span = span
  }

  add(sample: Sample): void {
    this.#entries.push({ doneAt: sample.at + sample.latency, latency: sample.latency, status: sample.status })
  }

  /** Looks at the last `span` ms before `now`, and forgets what is older. `now` lies on the axis of `Sample.at`. */
  look(now: number): Recent {
    this.#entries = this.#entries.filter((entry) => entry.doneAt > now - this.#span)
    const all = this.#entries
    const refused = all.filter((entry) => entry.status === 503)
    const ok = all.filter((entry) => entry.status >= 200 && entry.status < 300).length
    return {
      ok: (100 * ok) / all.length,
      refused: (100 * refused.length) / all.length,
      refusedP99: p99(refused),
      p99: p99(all),
    }
  }
}

function p99(entries: readonly Entry[]): number {
  const sorted = entries.map((entry) => entry.latency).sort((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN
}
