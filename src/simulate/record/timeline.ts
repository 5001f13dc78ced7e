/** What happened in each stretch of time: refusals and arrivals upstream. What clients saw is in the samples. */

export class Timeline {
  /** ms. */
  readonly interval: number
  readonly refusals: number[] = []
  /** By destination. */
  readonly calls = new Map<string, number[]>()

  constructor(interval: number) {
    this.interval = interval
  }

  refused(now: number): void {
    this.#add(this.refusals, now)
  }

  /** `to`: `inventory outbound`. */
  reached(now: number, to: string): void {
    let column = this.calls.get(to)
    if (column === undefined) {
      column = []
      this.calls.set(to, column)
    }
    this.#add(column, now)
  }

  #add(column: number[], now: number): void {
    const index = Math.floor(now / this.interval)
    while (column.length <= index) column.push(0)
    column[index] = (column[index] as number) + 1
  }
}

const NICE = [1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000]

/** Of the usual lengths the shortest with which `duration` comes to `most` stretches at most, ms. */
export function niceInterval(duration: number, most: number): number {
  return NICE.find((interval) => duration / interval <= most) ?? 86_400_000
}
