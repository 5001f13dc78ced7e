/**
 * Rows of ours added up under Istio's labels, which tell fewer things apart. What is idle leaves our rows one by one; a sum
 * over several may not go backwards, so what left stays in it until none of its rows is there any more.
 */
// cold file: runs once per scrape
import { BOUNDS, type HistogramTable } from '../histogram.ts'

export interface Total {
  /** By bucket, each with all below it. */
  readonly cumulative: number[]
  /** s. */
  sum: number
}

export class Totals<K> {
  readonly #live = new Map<string, { key: K; total: Total }>()
  readonly #left = new Map<string, Total>()

  /** A row is about to be given up. */
  leave(name: string, table: HistogramTable, row: number): void {
    const total = this.#left.get(name) ?? empty()
    add(total, table.cumulative(row), table.sum(row))
    this.#left.set(name, total)
  }

  /** Begins anew; `count` follows for each row that is there, then `read`. */
  clear(): void {
    this.#live.clear()
  }

  count(name: string, key: K, table: HistogramTable, row: number): void {
    const known = this.#live.get(name) ?? { key, total: empty() }
    add(known.total, table.cumulative(row), table.sum(row))
    this.#live.set(name, known)
  }

  read(): { key: K; total: Total }[] {
    for (const [name, left] of this.#left) {
      const live = this.#live.get(name)
      if (live === undefined) this.#left.delete(name)
      else add(live.total, left.cumulative, left.sum)
    }
    return [...this.#live.values()]
  }
}

function empty(): Total {
  return { cumulative: new Array(BOUNDS.length + 1).fill(0), sum: 0 }
}

function add(total: Total, cumulative: readonly number[], sum: number): void {
  for (const [i, count] of cumulative.entries()) total.cumulative[i] = (total.cumulative[i] as number) + count
  total.sum += sum
}
