/** Samples as they are scraped → one row per series, as they are exported. */
// cold file: runs once per export
import type { Family, Labels, Sample } from '../families/family.ts'
import { attributeName } from './metric-names.ts'

/** A value, or a histogram: counts of each bucket alone, the last one beyond all bounds. */
export interface Row {
  readonly attributes: Record<string, string>
  readonly value: number
  readonly bounds: number[]
  readonly counts: number[]
}

/** A histogram's `value` is its sum. What is no number is left out: a mean of nothing; JSON has no word for it. */
export function rowsOf({ type, samples }: Family): Row[] {
  if (type === 'histogram') return histogramRows(samples())
  return samples().flatMap(({ labels, value }) => (Number.isFinite(value) ? [plain(labels, value)] : []))
}

function plain(labels: Labels, value: number): Row {
  return { attributes: attributesOf(labels), value, bounds: [], counts: [] }
}

/** The samples of one row share their labels: its buckets, each with all below it, then sum and count. */
function histogramRows(samples: readonly Sample[]): Row[] {
  const rows: Row[] = []
  for (let at = 0; at < samples.length; ) {
    const { labels } = samples[at] as Sample
    const start = at
    while (at < samples.length && samples[at]?.labels === labels) at++
    rows.push(histogramRow(labels, samples.slice(start, at)))
  }
  return rows
}

function histogramRow(labels: Labels, samples: readonly Sample[]): Row {
  const buckets = samples.filter(({ suffix }) => suffix === '_bucket')
  return {
    attributes: attributesOf(labels),
    value: samples.find(({ suffix }) => suffix === '_sum')?.value ?? 0,
    bounds: buckets.slice(0, -1).map(({ le }) => Number(le)),
    counts: buckets.map(({ value }, at) => value - (buckets[at - 1]?.value ?? 0)),
  }
}

/** '' is left out, as it is to Prometheus. */
function attributesOf(labels: Labels): Record<string, string> {
  const stated = Object.entries(labels).filter(([, value]) => value !== '')
  return Object.fromEntries(stated.map(([label, value]) => [attributeName(label), value]))
}
