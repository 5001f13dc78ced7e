/** Metrics that prom-client makes itself, of process and runtime, in the shape of ours. */
// cold file: runs once per export
import { type Family, type Labels, sample } from './families/family.ts'

interface PromValue {
  /** Of a histogram's samples. */
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string | number | undefined>>
  readonly value: number
}

/** What a metric of prom-client is asked for. */
export interface PromMetric {
  get(): Promise<{
    readonly name: string
    readonly help: string
    readonly type: string
    readonly values: readonly PromValue[]
  }>
}

/** undefined: a kind that we have none of. */
export async function familyOf(metric: PromMetric): Promise<Family | undefined> {
  const { name, help, type, values } = await metric.get()
  if (type !== 'counter' && type !== 'gauge' && type !== 'histogram') return undefined
  const rows = new Map<string, Labels>()
  const samples = values.map(({ metricName = name, labels: { le, ...labels }, value }) => {
    const suffix = metricName.slice(name.length)
    return sample(value, shared(rows, labels), suffix, le === undefined ? '' : String(le))
  })
  return { name, help, type, samples: () => samples }
}

/** One object for all samples of a row, as ours have it. */
function shared(rows: Map<string, Labels>, labels: PromValue['labels']): Labels {
  const texts = Object.fromEntries(Object.entries(labels).map(([label, value]) => [label, String(value)]))
  const key = JSON.stringify(texts)
  const known = rows.get(key) ?? texts
  rows.set(key, known)
  return known
}
