/**
 * Spans are made after the fact, from what was kept of a traced exchange: their ids went out on the wire long before. The
 * SDK takes ids only from its generator, so the generator hands out the one that was put there right before.
 */
// cold file: runs for exchanges that are exported only, after they ended
import { api } from '@opentelemetry/sdk-node'
import type { Headers } from '../../core/headers.ts'
import type { AttemptRecord } from '../attempt-layer.ts'
import { flat } from '../flat.ts'
import type { SampledExchange } from '../sampled.ts'
import { tracedAttempts } from '../traced-attempts.ts'
import { clientError, serverError } from '../span-error.ts'
import { clientAttributes, clientName, serverAttributes, serverName } from './span-attributes.ts'

export class GivenIds {
  traceId = ''
  spanId = ''

  generateTraceId(): string {
    return this.traceId
  }

  generateSpanId(): string {
    return this.spanId
  }
}

export class SpanMaker {
  readonly #ids: GivenIds
  readonly #tracer: api.Tracer

  constructor(ids: GivenIds, tracer: api.Tracer) {
    this.#ids = ids
    this.#tracer = tracer
  }

  make(recorded: SampledExchange): void {
    // Ids that came are cut out of a request's head, which they would keep.
    this.#ids.traceId = flat(recorded.trace.traceId)
    this.#ids.spanId = recorded.spanId
    const exchange = recorded.request.exchange
    const offset = exchange.wallTime - exchange.startedAt
    const span = this.#tracer.startSpan(
      serverName(recorded),
      { kind: api.SpanKind.SERVER, startTime: exchange.wallTime, attributes: serverAttributes(recorded) },
      parentOf(recorded),
    )
    const context = api.trace.setSpan(api.ROOT_CONTEXT, span)
    for (const record of tracedAttempts(recorded.request.exchange)) this.#makeAttempt(recorded, record, offset, context)
    for (const event of recorded.events) span.addEvent(event.name, event.attributes, event.at + offset)
    if (serverError(recorded) !== '') span.setStatus({ code: api.SpanStatusCode.ERROR })
    span.end(recorded.endedAt + offset)
  }

  #makeAttempt(recorded: SampledExchange, record: AttemptRecord, offset: number, context: api.Context): void {
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
  const state = flat(traceState(request.headers))
  const parent: api.SpanContext = {
    traceId: flat(trace.traceId),
    spanId: flat(trace.parentId),
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
