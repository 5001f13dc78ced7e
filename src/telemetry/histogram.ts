/** Duration histograms: rows of one growing typed array. */
import { flat } from './flat.ts'

/** Upper bounds in seconds, of OpenTelemetry's HTTP metrics. */
export const BOUNDS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
const BOUNDS_MS = new Float64Array(BOUNDS.map((bound) => bound * 1000))

/** Cells of a row: one per bound, one for what is beyond them, and the sum in ms. */
const OVER = BOUNDS.length
const SUM = OVER + 1
const WIDTH = SUM + 1

/** A traced observation, the newest of its bucket. */
export interface Exemplar {
  readonly traceId: string
  /** s. */
  readonly value: number
  /** ms since 1970. */
  readonly at: number
}

/** No room for a further row. */
export const NO_ROW = -1

function bucketOf(ms: number): number {
  let bucket = 0
  while (bucket < OVER && ms > (BOUNDS_MS[bucket] as number)) bucket++
  return bucket
}

export class HistogramTable {
  readonly #limit: number
  #cells: Float64Array
  #rows: number
  /** Rows that were given up, for the next who want one. */
  readonly #free: number[]
  /** Of each row, for `isIdle`: what it had counted when it was last seen to have changed, and when that was. */
  readonly #counted: number[]
  readonly #changedAt: number[]
  /** By cell; only what was traced has one. */
  readonly #exemplars: Map<number, Exemplar>
  /** Observations that found no row: the guard against more series than anybody wants. */
  dropped: number

  /** At most `limit` rows. */
  constructor(limit: number) {
    this.#limit = limit
    this.#cells = new Float64Array(16 * WIDTH)
    this.#rows = 0
    this.#free = []
    this.#counted = []
    this.#changedAt = []
    this.#exemplars = new Map()
    this.dropped = 0
  }

  /** A new row, or NO_ROW. */
  addRow(): number {
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (this.#rows === this.#limit) return NO_ROW
    if ((this.#rows + 1) * WIDTH > this.#cells.length) {
      const larger = new Float64Array(this.#cells.length * 2)
      larger.set(this.#cells)
      this.#cells = larger
    }
    this.#counted.push(0)
    this.#changedAt.push(0)
    return this.#rows++
  }

  /** Nothing was observed in the row for `idle` ms, as far as earlier calls have seen. */
  isIdle(row: number, now: number, idle: number): boolean {
    const count = this.#count(row)
    if (count !== this.#counted[row]) {
      this.#counted[row] = count
      this.#changedAt[row] = now
      return false
    }
    return now - (this.#changedAt[row] as number) >= idle
  }

  /** Gives the row up. */
  free(row: number): void {
    for (let cell = row * WIDTH; cell <= row * WIDTH + OVER; cell++) this.#exemplars.delete(cell)
    this.#cells.fill(0, row * WIDTH, (row + 1) * WIDTH)
    this.#counted[row] = 0
    this.#free.push(row)
  }

  #count(row: number): number {
    let count = 0
    for (let cell = row * WIDTH; cell <= row * WIDTH + OVER; cell++) count += this.#cells[cell] as number
    return count
  }

  observe(row: number, ms: number): void {
    if (row === NO_ROW) {
      this.dropped++
      return
    }
    const cells = this.#cells
    const start = row * WIDTH
    const bucket = start + bucketOf(ms)
    cells[bucket] = (cells[bucket] as number) + 1
    cells[start + SUM] = (cells[start + SUM] as number) + ms
  }

  /** Says which trace an observation of that row belonged to; `at` in ms since 1970. For traced exchanges only. */
  exemplify(row: number, ms: number, traceId: string, at: number): void {
    if (row === NO_ROW) return
    // An id cut out of a request's head would keep the whole head; and cells live for long.
    this.#exemplars.set(row * WIDTH + bucketOf(ms), { traceId: flat(traceId), value: ms / 1000, at })
  }

  /** Of one bucket, the last being what is beyond all bounds. */
  exemplar(row: number, bucket: number): Exemplar | undefined {
    return this.#exemplars.get(row * WIDTH + bucket)
  }

  /** Counts of a row as Prometheus has them: each bucket with all below it, the last one everything. */
  cumulative(row: number): number[] {
    const counts: number[] = []
    let total = 0
    for (let bucket = 0; bucket <= OVER; bucket++) {
      total += this.#cells[row * WIDTH + bucket] as number
      counts.push(total)
    }
    return counts
  }

  /** s. */
  sum(row: number): number {
    return (this.#cells[row * WIDTH + SUM] as number) / 1000
  }
}
