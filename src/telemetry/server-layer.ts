/** The whole exchange as the client sees it: duration, in flight, access log, server span. Outermost of all layers. */
import type { Clock } from '../core/clock.ts'
import { type ProxyError, REASONS } from '../core/errors.ts'
import type {
  Dispatch,
  Layer,
  Origin,
  RequestBody,
  RequestHead,
  ResponseHandler,
  ResponseHead,
} from '../core/exchange.ts'
import { ForwardingHandler } from '../core/forwarding.ts'
import { NO_STATUS, statusOfHead, statusOfTrailers } from '../core/grpc-status.ts'
import type { Headers } from '../core/headers.ts'
import type { AccessLog } from './access-log.ts'
import type { Endings } from './ended/endings.ts'
import type { Ids } from '../core/ids.ts'
import { methodIndex, protocolIndex, reasonIndex, rowKey } from './labels.ts'
import { begin, readContext } from './propagation.ts'
import type { Registry } from './registry.ts'
import type { RouteRows } from './route-rows.ts'
import { methodOf, statusOfFailure } from './rpc-call.ts'
import { rpcKey } from './rpc-status.ts'
import { SampledExchange } from './sampled.ts'
import type { Sampler } from './sampling.ts'
import { serverError } from './span-error.ts'
import type { SpanQueue } from './span-queue.ts'
import { type Tail, tailReason } from './tail.ts'
import { TraceContext } from './trace-context.ts'

/** What exchanges need; one for the process. */
export interface ServerParts {
  readonly clock: Clock
  readonly registry: Registry
  readonly ids: Ids
  readonly sampler: Sampler
  /** undefined: `accessLog.format: none`. */
  readonly accessLog: AccessLog | undefined
  readonly endings: Endings
  /** undefined: no exporter is configured. */
  readonly spans: SpanQueue | undefined
  /** undefined: no exporter is configured, or the end decides nothing. */
  readonly tail: Tail | undefined
  /** b3 is among the propagators. */
  readonly b3: boolean
}

export function serverLayer(parts: ServerParts): Layer {
  return (next: Dispatch): Dispatch =>
    (request: RequestHead, response: ResponseHandler): RequestBody => {
      const trace = beginTrace(parts, request)
      request.exchange.trace = trace
      const watch = new ServerWatch(response, parts, request, trace)
      const body = next(request, watch)
      // Routing has spoken by now, and no callback came yet (G1).
      watch.routed(parts.registry.rowsOf(request.exchange.route, request.exchange.direction))
      return body
    }
}

/** The sampling decision comes first: an exchange that is not traced gets ids to pass on, and nothing else. */
function beginTrace(parts: ServerParts, request: RequestHead): TraceContext {
  const trace = new TraceContext()
  const parent = readContext(request.headers, trace, parts.b3)
  trace.sampled = parts.sampler.decide(parent)
  if (trace.traceId === '') begin(trace, parts.ids.traceparent())
  if (parts.spans === undefined) return trace
  if (trace.sampled) trace.recorded = new SampledExchange(trace, request, undefined)
  else if (parts.tail?.admits()) trace.recorded = new SampledExchange(trace, request, parts.tail)
  return trace
}

class ServerWatch extends ForwardingHandler {
  readonly #parts: ServerParts
  readonly #request: RequestHead
  readonly #trace: TraceContext
  #rows: RouteRows | undefined
  #status: number
  #origin: Origin | ''
  #reason: string
  #tunnel: boolean
  /** Of a gRPC call, once it is known. */
  #rpcStatus: number

  constructor(up: ResponseHandler, parts: ServerParts, request: RequestHead, trace: TraceContext) {
    super(up)
    this.#parts = parts
    this.#request = request
    this.#trace = trace
    this.#rows = undefined
    this.#status = 0
    this.#origin = ''
    this.#reason = ''
    this.#tunnel = false
    this.#rpcStatus = NO_STATUS
  }

  routed(rows: RouteRows): void {
    this.#rows = rows
    rows.active++
    rows.uses++
  }

  override head(head: ResponseHead): void {
    const status = head.status
    this.#status = status
    this.#origin = head.origin
    this.#reason = head.reason
    if (status === 101 || (status < 300 && this.#request.method === 'CONNECT')) this.#openTunnel()
    if (this.#request.exchange.grpc) this.#rpcStatus = statusOfHead(head)
    const recorded = this.#trace.recorded
    if (recorded !== undefined) recorded.headAt = this.#parts.clock.now()
    this.up.head(head)
  }

  override end(trailers?: Headers): void {
    const { brokeOff, grpc } = this.#request.exchange
    if (grpc && this.#rpcStatus === NO_STATUS) this.#rpcStatus = statusOfTrailers(trailers)
    if (brokeOff !== '') this.#reason = brokeOff
    this.#finish()
    this.up.end(trailers)
  }

  override fail(error: ProxyError): void {
    this.#reason = error.reason
    if (this.#request.exchange.grpc) this.#rpcStatus = statusOfFailure(error)
    this.#finish()
    this.up.fail(error)
  }

  /** How long a tunnel is held says nothing about the service: its duration is that of the handshake. */
  #openTunnel(): void {
    this.#tunnel = true
    this.#observe(this.#parts.clock.now())
  }

  #observe(now: number): void {
    const request = this.#request
    const exchange = request.exchange
    const key = rowKey(
      this.#status,
      methodIndex(request.method),
      reasonIndex(this.#reason),
      protocolIndex(exchange.protocol),
      request.scheme === 'https' ? 1 : 0,
    )
    const rows = this.#rows
    if (rows === undefined) return
    const took = now - exchange.startedAt
    rows.server.observe(key, took)
    if (this.#trace.sampled) rows.server.exemplify(took, this.#trace.traceId, exchange.wallTime + took)
  }

  /** What was observed just now, and only at its end turned out to be traced. */
  #exemplify(rows: RouteRows, now: number): void {
    const { exchange } = this.#request
    const took = now - exchange.startedAt
    const { traceId } = this.#trace
    if (!this.#tunnel) rows.server.exemplify(took, traceId, exchange.wallTime + took)
    if (exchange.grpc) rows.rpcServer.exemplify(took, traceId, exchange.wallTime + took)
  }

  #finish(): void {
    const parts = this.#parts
    const exchange = this.#request.exchange
    const rows = this.#rows
    if (rows === undefined) return
    const now = parts.clock.now()
    rows.active--
    if (this.#tunnel) {
      parts.registry.tunnelReceived[exchange.direction] += exchange.requestBytes
      parts.registry.tunnelSent[exchange.direction] += exchange.responseBytes
    } else {
      rows.requestBytes += exchange.requestBytes
      rows.responseBytes += exchange.responseBytes
      this.#observe(now)
    }
    const method = exchange.grpc ? this.#observeCall(rows, now) : 0
    // 499 and its like are for the log alone: no client ever sees them.
    const status = this.#status === 0 ? REASONS[this.#reason as keyof typeof REASONS].status : this.#status
    if (parts.accessLog !== undefined) {
      parts.accessLog.record(this.#request, this.#trace.traceId, rows, status, this.#rpcStatus, this.#reason, now)
    }
    parts.endings.ended(this.#request, rows, status, this.#rpcStatus, this.#origin, this.#reason, now)
    const recorded = this.#trace.recorded
    if (recorded === undefined) return
    if (exchange.grpc) recorded.call(parts.registry.rpcMethods.names[method] as string, this.#rpcStatus)
    recorded.ended(this.#status, this.#reason, now)
    if (recorded.tail !== undefined) {
      if (!isWanted(recorded.tail, recorded)) return
      // The slow and the failed are what exemplars are looked at for.
      this.#exemplify(rows, now)
    }
    recorded.spanId = parts.ids.spanId()
    parts.spans?.push(recorded)
  }

  /** The method's place among those that are counted by name. */
  #observeCall(rows: RouteRows, now: number): number {
    const { exchange } = this.#request
    const reason = reasonIndex(this.#reason)
    // What a server has answered is known from its attempt, which has ended.
    const method = methodOf(exchange, this.#rpcStatus, false, this.#parts.registry.rpcMethods)
    const took = now - exchange.startedAt
    rows.rpcServer.observe(rpcKey(method, this.#rpcStatus, reason), took)
    if (this.#trace.sampled) rows.rpcServer.exemplify(took, this.#trace.traceId, exchange.wallTime + took)
    return method
  }
}

/** What the head decision left out, decided at its end. */
function isWanted(tail: Tail, recorded: SampledExchange): boolean {
  tail.release(recorded)
  recorded.tailReason = tailReason(tail.rules, serverError(recorded) !== '', answeredAfter(recorded))
  return recorded.tailReason !== ''
}

/**
 * ms until the answer: to its last byte, or to its head where how long it goes on says nothing of how fast it was: of
 * tunnels, of routes with `stream: true`, and of gRPC calls unless their route says `stream: false`.
 */
function answeredAfter({ request, headAt, endedAt }: SampledExchange): number {
  const { startedAt, grpc, route } = request.exchange
  const stated = route === undefined ? undefined : route.stream
  const isStream = request.isTunnel || (stated === undefined ? grpc : stated)
  return (isStream ? Math.min(headAt, endedAt) : endedAt) - startedAt
}
