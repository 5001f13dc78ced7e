/** What a soak must have shown. */
import { atMost, type Bound, exactly } from '../scenarios/bounds.ts'
import { median } from '../bench/side-by-side.ts'
import type { Totals } from './clients.ts'
import type { Gauges } from './gauges.ts'

export interface Sample {
  /** s since the load began. */
  readonly at: number
  /** MiB. */
  readonly rss: number
  readonly anonymous: number
  readonly heap: number
}

/**
 * From the second minute on memory is flat. A collector's memory goes up and down, so medians are compared: that of the last
 * half of the samples may be 8 MiB above that of the first half, which over 8 minutes catches 2 MiB a minute, or 7 bytes
 * for each request. No single sample may be 24 MiB above the first half's median: what is freed late is held all the same.
 */
const GROWTH = 8
const PEAK = 24

/** s until memory has to be flat: 2 minutes, of a short trial its first half. */
export function settled(seconds: number): number {
  return Math.min(120, seconds / 2)
}

/** MiB a minute, least squares. */
export function slope(samples: readonly Sample[]): number {
  const n = samples.length
  const meanAt = samples.reduce((sum, { at }) => sum + at, 0) / n
  const meanRss = samples.reduce((sum, { rss }) => sum + rss, 0) / n
  const up = samples.reduce((sum, { at, rss }) => sum + (at - meanAt) * (rss - meanRss), 0)
  const across = samples.reduce((sum, { at }) => sum + (at - meanAt) ** 2, 0)
  return across === 0 ? 0 : (up / across) * 60
}

export function memoryBounds(samples: readonly Sample[], seconds: number): Bound[] {
  const flat = samples.filter(({ at }) => at >= settled(seconds))
  const half = flat.length >> 1
  const first = median(flat.slice(0, half).map(({ rss }) => rss))
  const last = median(flat.slice(half).map(({ rss }) => rss))
  const peak = Math.max(...flat.map(({ rss }) => rss))
  return [
    atMost('RSS: last half over first half, MiB', last - first, GROWTH),
    atMost('RSS: highest over first half, MiB', peak - first, PEAK),
  ]
}

export interface After {
  readonly gauges: Gauges
  readonly defects: number
  readonly logged: readonly string[]
  /** Descriptors before the load, and after it. */
  readonly before: number
  readonly after: number
  /** CPU, % of a core, with nothing to do. */
  readonly idleCpu: number
  readonly exitCode: number | null
}

export function afterBounds({ gauges, defects, logged, before, after, idleCpu, exitCode }: After): Bound[] {
  return [
    ...Object.entries(gauges).map(([name, value]) => exactly(`after the load: ${name}`, value, 0)),
    atMost('after the load: descriptors more than before', after - before, 0),
    atMost('after the load: CPU with nothing to do, % of a core', idleCpu, 2),
    exactly('defects counted', defects, 0),
    exactly('errors logged', logged.length === 0 ? 0 : logged[0], 0),
    exactly('exit code after SIGTERM', exitCode, 0),
  ]
}

/** `expected` requests were due. */
export function loadBounds(totals: Totals, expected: number): Bound[] {
  const answered = Object.values(totals.answers).reduce((sum, count) => sum + count, 0)
  const share = (count: number): number => (100 * count) / Math.max(1, answered)
  return [
    { ...atMost('requests not sent in time, % of the timetable', 100 * (1 - totals.sent / expected), 2) },
    exactly('requests without an end', totals.open, 0),
    exactly('connections broken instead of an answer', totals.broken, 0),
    atMost('answers that are not 200, %', 100 - share(totals.answers['200'] ?? 0), 2),
  ]
}
