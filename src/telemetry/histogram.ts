/** Duration histograms: rows of one growing typed array. */

/** Upper bounds in seconds, of OpenTelemetry's HTTP metrics. */
export const BOUNDS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
const BOUNDS_MS = new Float64Array(BOUNDS.map((bound) => bound * 1000))

/** Cells of a row: one per bound, one for what is beyond them, and the sum in ms. */
const OVER = BOUNDS.length
const SUM = OVER + 1
const WIDTH = SUM + 1

/** No room for a further row. */
export const NO_ROW = -1

export class HistogramTable {
  readonly #limit: number
  #cells: Float64Array
  #rows: number
  /** Observations that found no row: the guard against more series than anybody wants. */
  dropped: number

  /** At most `limit` rows. */
  constructor(limit: number) {
    this.#limit = limit
    this.#cells = new Float64Array(16 * WIDTH)
    this.#rows = 0
    this.dropped = 0
  }

  /** A new row, or NO_ROW. */
  addRow(): number {
    if (this.#rows === this.#limit) return NO_ROW
    if ((this.#rows + 1) * WIDTH > this.#cells.length) {
      const larger = new Float64Array(this.#cells.length * 2)
      larger.set(this.#cells)
      this.#cells = larger
    }
    return this.#rows++
  }

  observe(row: number, ms: number): void {
    if (row === NO_ROW) {
      this.dropped++
      return
    }
    let bucket = 0
    while (bucket < OVER && ms > (BOUNDS_MS[bucket] as number)) bucket++
    const cells = this.#cells
    const start = row * WIDTH
    cells[start + bucket] = (cells[start + bucket] as number) + 1
    cells[start + SUM] = (cells[start + SUM] as number) + ms
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
