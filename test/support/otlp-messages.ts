/** What arrives over OTLP, as far as the tests look at it. */

export interface KeyValue {
  readonly key: string
  readonly value: Record<string, unknown>
}

export interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly status: { code?: number }
  readonly attributes: readonly KeyValue[]
  readonly events: readonly { name: string; attributes: readonly KeyValue[] }[]
  readonly traceState?: string
}

export interface Point {
  readonly attributes: readonly KeyValue[]
  readonly startTimeUnixNano: string
  readonly timeUnixNano: string
  readonly asDouble?: number
  readonly count?: number | string
  readonly sum?: number
  readonly bucketCounts?: readonly (number | string)[]
  readonly explicitBounds?: readonly number[]
}

export interface Metric {
  readonly name: string
  readonly description: string
  readonly unit: string
  readonly sum?: { dataPoints: readonly Point[]; isMonotonic: boolean; aggregationTemporality: number }
  readonly gauge?: { dataPoints: readonly Point[] }
  readonly histogram?: { dataPoints: readonly Point[]; aggregationTemporality: number }
}

export interface Traces {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] }
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[]
  }[]
}

export interface Metrics {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] }
    readonly scopeMetrics: readonly { readonly metrics: readonly Metric[] }[]
  }[]
}
