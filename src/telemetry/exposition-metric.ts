/** Our families, and those of prom-client itself, as prom-client's registries want to be handed them in each format. */
// cold file: runs once per scrape
import type { Family, Labels, Sample } from './families/family.ts'

/** A value as prom-client writes it. `exemplar` is written in OpenMetrics only. */
interface Value {
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly sharedLabels?: Labels
  readonly value: number
  readonly exemplar?: { readonly labelSet: Labels; readonly value: number; readonly timestamp: number }
}

export interface Told {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly values: readonly Value[]
  readonly aggregator: string
}

/** What is left of prom-client's own metrics when they are read. */
export interface Readable {
  readonly name: string
  readonly type?: string
  get(): Promise<Told>
  getForPromString?(): Promise<Told>
}

export class FamilyMetric {
  readonly name: string
  readonly #family: Family

  constructor(family: Family) {
    this.name = family.name
    this.#family = family
  }

  get(): Promise<Told> {
    const { name, help, type } = this.#family
    const values = valuesOf(this.#family, ({ suffix, le, value }, sharedLabels) => ({
      metricName: name + suffix,
      labels: le === '' ? NO_LABELS : { le },
      sharedLabels,
      value,
    }))
    return Promise.resolve({ name, help, type, values, aggregator: 'sum' })
  }
}

/** In OpenMetrics a counter's family has no `_total` (its samples have, which the registry adds), and buckets are floats. */
export class OpenFamilyMetric {
  readonly name: string
  readonly #family: Family

  constructor(family: Family) {
    this.name = openName(family.name, family.type)
    this.#family = family
  }

  get(): Promise<Told> {
    const { help, type } = this.#family
    const values = valuesOf(this.#family, ({ suffix, le, value, exemplar }, sharedLabels) => {
      const own = { metricName: this.name + suffix, labels: le === '' ? NO_LABELS : { le: openBound(le) } }
      if (exemplar === undefined) return { ...own, sharedLabels, value }
      const { traceId, at } = exemplar
      const told = { labelSet: { trace_id: traceId }, value: exemplar.value, timestamp: at / 1000 }
      return { ...own, sharedLabels, value, exemplar: told }
    })
    return Promise.resolve({ name: this.name, help, type, values, aggregator: 'sum' })
  }
}

/** A metric of prom-client's own, for OpenMetrics; asking the registry to rename it would rename it in both. */
export class OpenMetric {
  readonly name: string
  readonly #metric: Readable

  constructor(metric: Readable) {
    this.name = openName(metric.name, metric.name.endsWith(TOTAL) ? 'counter' : '')
    this.#metric = metric
  }

  async get(): Promise<Told> {
    const metric = this.#metric
    const told = await (metric.getForPromString === undefined ? metric.get() : metric.getForPromString())
    const values = told.values.map(({ metricName, labels, ...rest }) => ({
      ...rest,
      ...(metricName === undefined ? {} : { metricName: openName(metricName, told.type) }),
      labels: 'le' in labels ? { ...labels, le: openBound(String(labels['le'])) } : labels,
    }))
    return { ...told, name: this.name, values }
  }
}

const NO_LABELS: Labels = {}
const TOTAL = '_total'

function openName(name: string, type: string): string {
  return type === 'counter' && name.endsWith(TOTAL) ? name.slice(0, -TOTAL.length) : name
}

/** `1` → `1.0`: OpenMetrics' canonical numbers; scrapers compare bounds as texts. */
function openBound(le: string): string {
  return /^\d+$/.test(le) ? `${le}.0` : le
}

/** Labels that are shared are written once for a whole row of a histogram. */
function valuesOf(family: Family, told: (sample: Sample, sharedLabels: Labels) => Value): Value[] {
  let labels: Labels | undefined
  let sharedLabels: Labels = {}
  return family.samples().map((sample) => {
    if (sample.labels !== labels) {
      labels = sample.labels
      sharedLabels = stated(labels)
    }
    return told(sample, sharedLabels)
  })
}

function stated(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''))
}
