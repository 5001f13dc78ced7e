/** The text that Prometheus scrapes, written by prom-client, which is loaded by the first scrape. */
// cold file: runs once per scrape
import type { Metric, Registry as PromRegistry } from 'prom-client'
import type { Family, Labels } from './families/family.ts'

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** ms between two looks at the event loop's delay; each wakes the process. */
const DELAY_RESOLUTION = 50
/** Gauges that call themselves totals; `promtool check metrics` refuses them, and walking every handle is not free. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

export class Exposition {
  readonly #families: readonly Family[]
  #registry: Promise<PromRegistry> | undefined

  constructor(families: readonly Family[]) {
    this.#families = families
    this.#registry = undefined
  }

  async text(): Promise<string> {
    this.#registry ??= this.#load()
    const registry = await this.#registry
    const families: string[] = []
    for (const { name } of registry.getMetricsAsArray()) {
      families.push(await registry.getSingleMetricAsString(name))
      // Requests come first: a long text is written between them.
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    return `${families.join('\n\n')}\n`
  }

  async #load(): Promise<PromRegistry> {
    const { Registry, collectDefaultMetrics } = await import('prom-client')
    const registry = new Registry()
    collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: DELAY_RESOLUTION })
    for (const name of MISNAMED) registry.removeSingleMetric(name)
    for (const family of this.#families) registry.registerMetric(new FamilyMetric(family) as unknown as Metric)
    return registry
  }
}

/** prom-client asks a metric for its values and looks at nothing else of it; ours are not counted twice that way. */
class FamilyMetric {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly #family: Family

  constructor(family: Family) {
    this.name = family.name
    this.help = family.help
    this.type = family.type
    this.#family = family
  }

  get(): Promise<unknown> {
    const { name, help, type } = this
    let labels: Labels | undefined
    let sharedLabels: Labels = {}
    const values = this.#family.samples().map((sample) => {
      if (sample.labels !== labels) {
        labels = sample.labels
        sharedLabels = stated(labels)
      }
      const own = sample.le === '' ? NO_LABELS : { le: sample.le }
      // Labels that are shared are written once for a whole row of a histogram.
      return { metricName: name + sample.suffix, labels: own, sharedLabels, value: sample.value }
    })
    return Promise.resolve({ name, help, type, values, aggregator: 'sum' })
  }
}

const NO_LABELS: Labels = {}

function stated(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''))
}
