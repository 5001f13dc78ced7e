/**
 * Spans by way of the OpenTelemetry SDK, imported by `telemetry.ts` only when the environment names an endpoint.
 *
 * Spans are made after the fact, from what was kept of a traced exchange: their ids went out on the wire long before.
 * The SDK takes ids only from its generator, so the generator hands out the one that was put there right before.
 */
// cold file: runs for exchanges that are exported only, after they ended
import { api, NodeSDK, resources } from '@opentelemetry/sdk-node'
import type { Headers } from '../core/headers.ts'
import type { AttemptRecord } from './attempt-layer.ts'
import { quietDiagnostics } from './otlp-diagnostics.ts'
import { resourceAttributes } from './resource.ts'
import type { SampledExchange } from './sampled.ts'
import {
  clientAttributes,
  clientError,
  clientName,
  serverAttributes,
  serverError,
  serverName,
} from './span-attributes.ts'
import type { SpanExport } from './span-queue.ts'
import type { TelemetryOptions } from './types.ts'

/** Protocol, headers, batching and the rest come from the OTEL_* environment, as the SDK reads it. */
export function startExport(options: TelemetryOptions): SpanExport {
  const ids = new GivenIds()
  api.diag.setLogger(quietDiagnostics(options), { logLevel: api.DiagLogLevel.WARN, suppressOverrideMessage: true })
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
    metricReaders: [],
    logRecordProcessors: [],
    instrumentations: [],
  })
  sdk.start()
  return new SdkExport(sdk, ids, api.trace.getTracer('outrigger', options.version))
}

/** Nothing of ours runs inside a context; the asynchronous hooks of the default manager would cost every callback. */
const NO_CONTEXT: api.ContextManager = {
  active: () => api.ROOT_CONTEXT,
  with: (_context, work, self, ...given) => work.call(self as ThisParameterType<typeof work>, ...given),
  bind: (_context, target) => target,
  enable: () => NO_CONTEXT,
  disable: () => NO_CONTEXT,
}

class GivenIds {
  traceId = ''
  spanId = ''

  generateTraceId(): string {
    return this.traceId
  }

  generateSpanId(): string {
    return this.spanId
  }
}

class SdkExport implements SpanExport {
  readonly #sdk: NodeSDK
  readonly #ids: GivenIds
  readonly #tracer: api.Tracer

  constructor(sdk: NodeSDK, ids: GivenIds, tracer: api.Tracer) {
    this.#sdk = sdk
    this.#ids = ids
    this.#tracer = tracer
  }

  export(recorded: SampledExchange): void {
    this.#ids.traceId = recorded.trace.traceId
    this.#ids.spanId = recorded.spanId
    const exchange = recorded.request.exchange
    const offset = exchange.wallTime - exchange.startedAt
    const span = this.#tracer.startSpan(
      serverName(recorded),
      { kind: api.SpanKind.SERVER, startTime: exchange.wallTime, attributes: serverAttributes(recorded) },
      parentOf(recorded),
    )
    const context = api.trace.setSpan(api.ROOT_CONTEXT, span)
    for (const record of recorded.attempts) this.#exportAttempt(recorded, record, offset, context)
    for (const event of recorded.events) span.addEvent(event.name, event.attributes, event.at + offset)
    if (serverError(recorded) !== '') span.setStatus({ code: api.SpanStatusCode.ERROR })
    span.end(recorded.endedAt + offset)
  }

  async shutdown(): Promise<void> {
    await this.#sdk.shutdown()
    // Another sidecar of this process, if there is one, starts with an SDK of its own.
    api.trace.disable()
    api.diag.disable()
  }

  #exportAttempt(recorded: SampledExchange, record: AttemptRecord, offset: number, context: api.Context): void {
    this.#ids.spanId = record.spanId
    const attributes = clientAttributes(recorded, record)
    const options = { kind: api.SpanKind.CLIENT, startTime: record.startedAt + offset, attributes }
    const span = this.#tracer.startSpan(clientName(recorded), options, context)
    if (clientError(record) !== '') span.setStatus({ code: api.SpanStatusCode.ERROR })
    span.end((record.endedAt === 0 ? recorded.endedAt : record.endedAt) + offset)
  }
}

function parentOf({ trace, request }: SampledExchange): api.Context {
  if (trace.parentId === '') return api.ROOT_CONTEXT
  const state = traceState(request.headers)
  const parent: api.SpanContext = {
    traceId: trace.traceId,
    spanId: trace.parentId,
    traceFlags: trace.sampled ? api.TraceFlags.SAMPLED : api.TraceFlags.NONE,
    isRemote: true,
    ...(state === '' ? {} : { traceState: api.createTraceState(state) }),
  }
  return api.trace.setSpanContext(api.ROOT_CONTEXT, parent)
}

/** Several fields are one list (W3C Trace Context §3.3.1). */
function traceState(headers: Headers): string {
  return headers.filter((_, at) => at % 2 === 1 && headers[at - 1]?.toLowerCase() === 'tracestate').join(',')
}
