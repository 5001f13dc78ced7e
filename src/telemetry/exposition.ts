/** The text that Prometheus scrapes, written by prom-client, which is loaded by the first scrape. */
// cold file: runs once per scrape
import type { Metric, Registry as PromRegistry } from 'prom-client'
import { FamilyMetric, OpenFamilyMetric, OpenMetric, type Readable, type Told } from './exposition-metric.ts'
import type { Family } from './families/family.ts'
import type { MetricFormat } from './metric-format.ts'
import type { MetricSource } from './metric-source.ts'
import { familyOf, type PromMetric } from './prom-family.ts'

/** ms between two looks at the event loop's delay; each wakes the process. */
const DELAY_RESOLUTION = 50
/** Gauges that call themselves totals; `promtool check metrics` refuses them, and walking every handle is not free. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

/** Samples that are written at a stretch: a few ms. */
const SLICE = 2000

type MetricObject = ReturnType<PromRegistry['getMetricsAsArray']>[number]
type Registries = Readonly<Record<MetricFormat, PromRegistry>>

export class Exposition {
  readonly #source: MetricSource
  #registries: Promise<Registries> | undefined

  constructor(source: MetricSource) {
    this.#source = source
    this.#registries = undefined
  }

  async text(format: MetricFormat): Promise<string> {
    this.#registries ??= this.#load()
    const registry = (await this.#registries)[format]
    this.#source.tidy()
    const families: string[] = []
    for (const metric of registry.getMetricsAsArray()) families.push(await written(registry, metric))
    return format === 'classic' ? `${families.join('\n\n')}\n` : `${families.join('\n')}\n# EOF\n`
  }

  /** The same as values, for an export. */
  async read(): Promise<readonly Family[]> {
    this.#registries ??= this.#load()
    const { classic } = await this.#registries
    this.#source.tidy()
    const own = new Set(this.#source.families.map(({ name }) => name))
    const others = classic.getMetricsAsArray().filter(({ name }) => !own.has(name))
    const made = await Promise.all(others.map((metric) => familyOf(metric as unknown as PromMetric)))
    return [...made.filter((family) => family !== undefined), ...this.#source.families]
  }

  async #load(): Promise<Registries> {
    const { Registry, collectDefaultMetrics } = await import('prom-client')
    const classic = new Registry()
    const openmetrics = new Registry()
    openmetrics.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never)
    collectDefaultMetrics({ register: classic, eventLoopMonitoringPrecision: DELAY_RESOLUTION })
    for (const name of MISNAMED) classic.removeSingleMetric(name)
    for (const metric of classic.getMetricsAsArray()) register(openmetrics, new OpenMetric(metric as never))
    for (const family of this.#source.families) {
      register(classic, new FamilyMetric(family))
      register(openmetrics, new OpenFamilyMetric(family))
    }
    return { classic, openmetrics }
  }
}

/** prom-client asks a metric for its values and looks at nothing else of it; ours are not counted twice that way. */
function register(registry: PromRegistry, metric: unknown): void {
  registry.registerMetric(metric as Metric)
}

/** What is not in prom-client's types, though it is a method like the others. */
interface Writer {
  getMetricsAsString(metric: { get(): Promise<Told> }): Promise<string>
}

/** Requests come first: a long text is written between them, a slice at a time. */
async function written(registry: PromRegistry, metric: MetricObject): Promise<string> {
  const { getForPromString, get } = metric as unknown as Readable
  const told = await (getForPromString ?? get).call(metric)
  const slices: string[] = []
  for (let from = 0; from === 0 || from < told.values.length; from += SLICE) {
    const slice = { ...told, values: told.values.slice(from, from + SLICE) }
    const text = await (registry as unknown as Writer).getMetricsAsString({ get: () => Promise.resolve(slice) })
    slices.push(from === 0 ? text : withoutHead(text))
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  return slices.join('\n')
}

/** HELP and TYPE stand at the beginning only. */
function withoutHead(text: string): string {
  return text.slice(text.indexOf('\n', text.indexOf('\n') + 1) + 1)
}
