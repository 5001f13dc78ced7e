/** The OpenTelemetry SDK, imported by `telemetry.ts` only when the environment asks for an export. */
// cold file: runs once per start
import { api, NodeSDK, resources } from '@opentelemetry/sdk-node'
import type { SampledExchange } from '../sampled.ts'
import type { SpanExport } from '../span-queue.ts'
import type { TelemetryOptions } from '../types.ts'
import { askedMetrics, asksTraces } from './asked.ts'
import { quietDiagnostics } from './diagnostics.ts'
import { type Families, FamilyProducer } from './metric-producer.ts'
import { metricReader } from './metric-reader.ts'
import { resourceAttributes } from './resource.ts'
import { GivenIds, SpanMaker } from './spans.ts'

/**
 * Protocol, headers, batching and the rest come from the OTEL_* environment, as the SDK reads it. `startedAt`: when
 * counting began, ms since 1970.
 */
export function startExport(options: TelemetryOptions, families: Families, startedAt: number): SpanExport {
  const { environment, version } = options
  const ids = new GivenIds()
  api.diag.setLogger(quietDiagnostics(options), { logLevel: api.DiagLogLevel.WARN, suppressOverrideMessage: true })
  const metrics = askedMetrics(environment)
  const sdk = new NodeSDK({
    resource: resources.defaultResource().merge(
      // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES are merged over this.
      resources.resourceFromAttributes(resourceAttributes(options)),
    ),
    // Decided before, for every exchange, traced or not.
    sampler: { shouldSample: () => ({ decision: api.SamplingDecision.RECORD_AND_SAMPLED }), toString: () => 'decided' },
    idGenerator: ids,
    contextManager: NO_CONTEXT,
    textMapPropagator: null,
    // Left out, the SDK makes them as the environment says.
    ...(asksTraces(environment) ? {} : { spanProcessors: [] }),
    metricReaders:
      metrics === undefined
        ? []
        : [metricReader(metrics, new FamilyProducer(families, options, metrics.delta, startedAt))],
    logRecordProcessors: [],
    instrumentations: [],
  })
  sdk.start()
  return new SdkExport(sdk, new SpanMaker(ids, api.trace.getTracer('outrigger', version)))
}

/** Nothing of ours runs inside a context; the asynchronous hooks of the default manager would cost every callback. */
const NO_CONTEXT: api.ContextManager = {
  active: () => api.ROOT_CONTEXT,
  with: (_context, work, self, ...given) => work.call(self as ThisParameterType<typeof work>, ...given),
  bind: (_context, target) => target,
  enable: () => NO_CONTEXT,
  disable: () => NO_CONTEXT,
}

class SdkExport implements SpanExport {
  readonly #sdk: NodeSDK
  readonly #spans: SpanMaker

  constructor(sdk: NodeSDK, spans: SpanMaker) {
    this.#sdk = sdk
    this.#spans = spans
  }

  export(recorded: SampledExchange): void {
    this.#spans.make(recorded)
  }

  async shutdown(): Promise<void> {
    try {
      await this.#sdk.shutdown()
    } finally {
      // Another sidecar of this process, if there is one, starts with an SDK of its own.
      api.context.disable()
      api.trace.disable()
      api.metrics.disable()
      api.diag.disable()
    }
  }
}
