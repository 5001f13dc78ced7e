/** What became of the requests of one kind in one stretch of time. */
import { Histogram } from './histogram.ts'
import type { Sample } from './load.ts'

export class Tally {
  /** All of them, from the scheduled moment. */
  readonly latency = new Histogram()
  /** Those answered 503: refused. */
  readonly refusedLatency = new Histogram()
  /** The generator's own lateness. */
  readonly late = new Histogram()
  total = 0
  /** 2xx. */
  ok = 0
  /** 503. */
  refused = 0
  /** 504: somebody's timeout. */
  timedOut = 0
  /** The client gave up before an answer came. */
  gaveUp = 0

  add(sample: Sample): void {
    this.total++
    this.latency.record(sample.latency)
    this.late.record(sample.late)
    if (sample.status >= 200 && sample.status < 300) this.ok++
    else if (sample.status === 504) this.timedOut++
    else if (sample.failure === 'patience') this.gaveUp++
    else if (sample.status === 503) {
      this.refused++
      this.refusedLatency.record(sample.latency)
    }
  }

  /** Share of 2xx in percent; NaN while empty. */
  get okPercent(): number {
    return this.total === 0 ? Number.NaN : (100 * this.ok) / this.total
  }
}

/** The samples of one stream whose scheduled moment lies in [from, to). */
export function tally(samples: readonly Sample[], stream: string, from: number, to: number): Tally {
  const result = new Tally()
  for (const sample of samples) {
    if (sample.stream === stream && sample.at >= from && sample.at < to) result.add(sample)
  }
  return result
}
