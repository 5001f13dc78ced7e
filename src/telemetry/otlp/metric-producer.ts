/** The families that are scraped, as the SDK's readers take metrics: made when they are asked for, kept by nobody. */
// cold file: runs once per export
import { api, core, metrics, resources } from '@opentelemetry/sdk-node'
import type { Clock } from '../../core/clock.ts'
import type { Family } from '../families/family.ts'
import { isAdditive, metricName } from './metric-names.ts'
import { rowsOf, type Row } from './metric-rows.ts'
import { type Counted, Temporality } from './temporality.ts'

/** Where families are read. */
export interface Families {
  read(): Promise<readonly Family[]>
}

interface Told {
  readonly clock: Clock
  readonly version: string
}

type Metric = metrics.MetricData
const { CUMULATIVE, DELTA } = metrics.AggregationTemporality

export class FamilyProducer implements metrics.MetricProducer {
  readonly #families: Families
  readonly #clock: Clock
  readonly #scope: core.InstrumentationScope
  readonly #counted: metrics.AggregationTemporality
  readonly #startedAt: number
  readonly #temporality: Temporality

  /** `startedAt`: when counting began, ms since 1970. */
  constructor(families: Families, { clock, version }: Told, delta: boolean, startedAt: number) {
    this.#families = families
    this.#clock = clock
    this.#scope = { name: 'outrigger', version }
    this.#counted = delta ? DELTA : CUMULATIVE
    this.#startedAt = startedAt
    this.#temporality = new Temporality(delta, startedAt)
  }

  async collect(): Promise<metrics.CollectionResult> {
    const now = this.#clock.wallTime()
    const made: Metric[] = []
    for (const family of await this.#families.read()) {
      const metric = this.#metric(family, now)
      if (metric.dataPoints.length > 0) made.push(metric)
      // Requests come first: what is exported is put together between them.
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    this.#temporality.exported(now)
    // The resource is that of the reader's own provider.
    const resource = resources.emptyResource()
    return { resourceMetrics: { resource, scopeMetrics: [{ scope: this.#scope, metrics: made }] }, errors: [] }
  }

  #metric(family: Family, now: number): Metric {
    const { name, unit } = metricName(family)
    const descriptor = { name, unit, description: family.help, valueType: api.ValueType.DOUBLE }
    const endTime = core.millisToHrTime(now)
    const point = <T>({ row, since }: Counted, value: T) => ({
      startTime: core.millisToHrTime(since),
      endTime,
      attributes: row.attributes,
      value,
    })
    const rows = rowsOf(family)
    const aggregationTemporality = this.#counted
    if (family.type === 'gauge') {
      const dataPoints = rows.map((row) => point({ row, since: this.#startedAt }, row.value))
      return isAdditive(name)
        ? { ...sum(descriptor, CUMULATIVE, false), dataPoints }
        : { descriptor, aggregationTemporality, dataPointType: metrics.DataPointType.GAUGE, dataPoints }
    }
    const counted = rows.flatMap((row) => this.#temporality.counted(name, row) ?? [])
    if (family.type === 'counter') {
      const dataPoints = counted.map((one) => point(one, one.row.value))
      return { ...sum(descriptor, aggregationTemporality, true), dataPoints }
    }
    const dataPoints = counted.map((one) => point(one, histogramOf(one.row)))
    return { descriptor, aggregationTemporality, dataPointType: metrics.DataPointType.HISTOGRAM, dataPoints }
  }
}

function sum(
  descriptor: metrics.MetricDescriptor,
  aggregationTemporality: metrics.AggregationTemporality,
  isMonotonic: boolean,
): Omit<metrics.SumMetricData, 'dataPoints'> {
  return { descriptor, aggregationTemporality, dataPointType: metrics.DataPointType.SUM, isMonotonic }
}

function histogramOf({ value, bounds, counts }: Row): metrics.Histogram {
  const count = counts.reduce((total, one) => total + one, 0)
  return { buckets: { boundaries: bounds, counts }, sum: value, count }
}
