/** The text that Prometheus scrapes, written by prom-client, which is loaded by the first scrape. */
import type { Metric, Registry as PromRegistry } from 'prom-client'
import type { Family } from './families/family.ts'

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

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
    return registry.metrics()
  }

  async #load(): Promise<PromRegistry> {
    const { Registry } = await import('prom-client')
    const registry = new Registry()
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
    const values = this.#family.samples().map((sample) => ({
      metricName: name + sample.suffix,
      labels: stated(sample.labels),
      value: sample.value,
    }))
    return Promise.resolve({ name, help, type, values, aggregator: 'sum' })
  }
}

function stated(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''))
}
