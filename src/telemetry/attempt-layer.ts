/** One attempt: its place in the trace, its duration, its outcome. Sits right above the connection. */
import type { Clock } from '../core/clock.ts'
import type { ProxyError } from '../core/errors.ts'
import {
  type Attempt,
  type Dispatch,
  type Exchange,
  type Layer,
  type RequestBody,
  RequestHead,
  type ResponseHandler,
  type ResponseHead,
} from '../core/exchange.ts'
import { ForwardingHandler } from '../core/forwarding.ts'
import { NO_STATUS, statusOfHead, statusOfTrailers } from '../core/grpc-status.ts'
import { has, type Headers } from '../core/headers.ts'
import { meterFailure, meterHead, meterTrailers } from '../core/metering.ts'
import type { Ids } from '../core/ids.ts'
import { kindIndex, methodIndex, OUTCOMES, outcomeIndex, protocolIndex, reasonIndex, rowKey } from './labels.ts'
import { withoutContext, writeContext } from './propagation.ts'
import type { Registry } from './registry.ts'
import type { RouteRows } from './route-rows.ts'
import { methodOf, statusOfFailure } from './rpc-call.ts'
import { rpcKey } from './rpc-status.ts'
import { CAME_BAGGAGE, CAME_TRACESTATE, type TraceContext } from './trace-context.ts'

/** What attempts need; one for the process. */
export interface AttemptParts {
  readonly clock: Clock
  readonly registry: Registry
  readonly ids: Ids
  /** b3 is among the propagators. */
  readonly b3: boolean
  /** Spans are made: then each attempt is a node of the trace, else the caller's context goes on as it came. */
  readonly exporting: boolean
}

export function attemptLayer(parts: AttemptParts): Layer {
  return (next: Dispatch): Dispatch =>
    (request: RequestHead, response: ResponseHandler): RequestBody => {
      const exchange = request.exchange
      const rows = parts.registry.rowsOf(exchange.route, exchange.direction)
      const record = new AttemptRecord(response, parts, request, rows)
      exchange.attemptLog = record
      const trace = exchange.trace as TraceContext | undefined
      if (trace === undefined || rows.service === PASSED_THROUGH) return next(request, record)
      return next(propagate(parts, request, trace, rows, record), record)
    }
}

/** The `service` of what goes to unknown hosts, to which we add nothing. */
const PASSED_THROUGH = 'passthrough'
const CONNECT = methodIndex('CONNECT')
/** Every field that names a place in the trace. */
const PLACE = ~(CAME_TRACESTATE | CAME_BAGGAGE)

/** Puts this attempt's context into the attempt's fields, and takes out of the head what it replaces. */
function propagate(
  parts: AttemptParts,
  request: RequestHead,
  trace: TraceContext,
  rows: RouteRows,
  record: AttemptRecord,
): RequestHead {
  if (rows.propagate !== 'all') withoutOurs(request.attempt.fields)
  if (rows.propagate === 'none') return withHeaders(request, trace.came, ~0)
  const asItCame = !parts.exporting && trace.parentId !== '' && !trace.broken
  let drop = asItCame ? 0 : PLACE
  // State of a trace that we did not take over belongs to nobody (§3.3).
  if (trace.parentId === '') drop |= CAME_TRACESTATE
  if (rows.propagate === 'trace') drop |= CAME_BAGGAGE
  const { fields } = request.attempt
  const { prepared } = trace
  trace.prepared = ''
  // Most traces begin here and are not sampled: then nobody asks for the span.
  if (prepared !== '' && !trace.sampled && trace.recorded === undefined && !parts.b3) {
    fields.push('traceparent', prepared)
  } else {
    const spanId = asItCame ? trace.parentId : parts.ids.spanId()
    if (trace.recorded !== undefined) record.spanId = spanId
    writeContext(trace, spanId, parts.b3, asItCame ? trace.came : 0, fields)
  }
  return withHeaders(request, trace.came, drop)
}

/** Takes `x-outrigger-*` out of an attempt's own fields: how often and how long we wait is nobody's business outside. */
function withoutOurs(fields: string[]): void {
  let kept = 0
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string
    if (name.startsWith('x-outrigger-')) continue
    fields[kept++] = name
    fields[kept++] = fields[i + 1] as string
  }
  fields.length = kept
}

function withHeaders(request: RequestHead, came: number, drop: number): RequestHead {
  if ((came & drop) === 0) return request
  return new RequestHead(
    request.method,
    request.target,
    request.scheme,
    request.authority,
    withoutContext(request.headers, drop),
    request.bodyLength,
    request.upgrade,
    request.expectContinue,
    request.exchange,
    request.attempt,
  )
}

/** Watches one attempt, and is afterwards what the access log and the spans tell of it. */
export class AttemptRecord extends ForwardingHandler {
  readonly #parts: AttemptParts
  readonly #rows: RouteRows
  readonly #exchange: Exchange
  readonly #method: number
  readonly #https: number
  /** Its bodies are opaque bytes from here on. */
  #tunnel: boolean
  readonly attempt: Attempt
  /** The attempt before this one. */
  readonly previous: AttemptRecord | undefined
  /** On the clock, ms. */
  readonly startedAt: number
  /** 0 while it runs. */
  endedAt: number
  /** 0 before a head. */
  status: number
  /** Why it ended without an answer, or broke; ''. */
  reason: string
  /** Of a gRPC call, once it is known. */
  rpcStatus: number
  /** Another attempt took its place. */
  superseded: boolean
  /** Why another attempt followed (`retry: 503`), or none though a policy would have liked one (`none: budget`); ''. */
  whyNext: string
  /** What goes out in traceparent, when this exchange is recorded; '': no span is made of it. */
  spanId: string

  constructor(up: ResponseHandler, parts: AttemptParts, request: RequestHead, rows: RouteRows) {
    super(up)
    const exchange = request.exchange
    this.#parts = parts
    this.#rows = rows
    this.#exchange = exchange
    this.#method = methodIndex(request.method)
    this.#https = request.scheme === 'https' ? 1 : 0
    this.#tunnel = false
    this.attempt = request.attempt
    this.previous = exchange.attemptLog as AttemptRecord | undefined
    this.startedAt = request.attempt.startedAt === 0 ? parts.clock.now() : request.attempt.startedAt
    this.endedAt = 0
    this.status = 0
    this.reason = ''
    this.rpcStatus = NO_STATUS
    this.superseded = false
    this.whyNext = ''
    this.spanId = ''
    rows.attempting++
    rows.uses++
  }

  /** Told as long as the exchange lives. */
  next(why: string): void {
    this.whyNext = this.whyNext === '' ? why : `${this.whyNext}, ${why}`
  }

  override head(head: ResponseHead): void {
    const status = head.status
    this.status = status
    if (status === 101 || (status < 300 && this.#method === CONNECT)) this.#openTunnel()
    if (this.#exchange.grpc) this.rpcStatus = statusOfHead(head)
    if (this.attempt.endpoint?.meter !== undefined) {
      meterHead(this.attempt, this.#exchange, head, this.#parts.clock.now())
    }
    this.up.head(head)
  }

  override end(trailers?: Headers): void {
    this.#finish(this.#exchange.grpc && this.#answered(trailers))
    this.up.end(trailers)
  }

  /** Whether a server of gRPC has said what became of the call: of an answer of HTTP alone, which anything gives to any path, clients make a status. */
  #answered(trailers: Headers | undefined): boolean {
    if (this.rpcStatus !== NO_STATUS) return this.status === 200
    this.rpcStatus = statusOfTrailers(trailers)
    meterTrailers(this.attempt, trailers, this.#parts.clock.now())
    return trailers !== undefined && has(trailers, 'grpc-status')
  }

  override fail(error: ProxyError): void {
    this.superseded = error.reason === 'superseded'
    meterFailure(this.attempt, this.status !== 0, error, this.#parts.clock.now())
    // An answer that was put aside for another attempt is still what this attempt came to.
    if (!this.superseded || this.status === 0) {
      this.reason = error.reason
      this.rpcStatus = NO_STATUS
    }
    if (this.#exchange.grpc && this.rpcStatus === NO_STATUS) this.rpcStatus = statusOfFailure(error)
    this.#finish(false)
    this.up.fail(error)
  }

  /** `answered`: by a server of gRPC. */
  #finish(answered: boolean): void {
    const now = this.#parts.clock.now()
    this.endedAt = now
    const reason = reasonIndex(this.reason)
    const rows = this.#rows
    rows.attempting--
    const exchange = this.#exchange
    const took = now - this.startedAt
    const cell = kindIndex(this.attempt.kind) * OUTCOMES.length + outcomeIndex(this.status, this.rpcStatus, reason)
    rows.attempts[cell] = (rows.attempts[cell] as number) + 1
    if (!this.#tunnel) this.#observe(now, reason)
    if (!exchange.grpc) return
    const method = methodOf(exchange, this.rpcStatus, answered, this.#parts.registry.rpcMethods)
    rows.rpcClient.observe(rpcKey(method, this.rpcStatus, reason), took)
    const traceId = this.#traceId()
    if (traceId !== '') rows.rpcClient.exemplify(took, traceId, exchange.wallTime + now - exchange.startedAt)
  }

  /** As of the exchange (server-layer.ts): how long a tunnel is held says nothing about the upstream. */
  #openTunnel(): void {
    this.#tunnel = true
    this.#observe(this.#parts.clock.now(), 0)
  }

  #observe(now: number, reason: number): void {
    const { client } = this.#rows
    const took = now - this.startedAt
    client.observe(rowKey(this.status, this.#method, reason, protocolIndex(this.attempt.protocol), this.#https), took)
    const traceId = this.#traceId()
    if (traceId !== '') client.exemplify(took, traceId, this.#exchange.wallTime + now - this.#exchange.startedAt)
  }

  /** '' where the exchange is not traced. */
  #traceId(): string {
    const trace = this.#exchange.trace as TraceContext | undefined
    return trace?.sampled === true ? trace.traceId : ''
  }
}
