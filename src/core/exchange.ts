/**
 * The contract between all parts of the data path: push, callbacks, symmetrical. Every wire and every layer keeps the
 * guarantees G1–G9 (docs/life-of-a-request.md); `test/contract` runs one suite against all of them.
 *
 * In short: `dispatch` returns before any callback comes (G1); exactly one terminal, `end` or `fail`, and nothing after
 * it (G2); `head` at most once and before data (G3); after `head` was passed up nothing is dispatched again (G4); pause is
 * a level and a request, not a wall (G5); callbacks do not throw (G6); a chunk belongs to its receiver but may be a view
 * (G7); a head is read-only (G8); calls nest, and `abort` calls `fail` before it returns (G9).
 */
import type { ProxyError } from './errors.ts'
import type { Headers } from './headers.ts'
import type { Meter } from './meter.ts'
import type { OriginalDestination } from './original-destination.ts'
import type { ReplayBuffer } from './replay-buffer.ts'
import type { Room } from './room.ts'

/** Sends one request. Body and interest go down through the result; the answer comes up through `response`. */
export type Dispatch = (request: RequestHead, response: ResponseHandler) => RequestBody

/** A policy at work: wraps what is beneath it. */
export type Layer = (next: Dispatch) => Dispatch

/** Held by whoever asked. After the terminal callback every call is a no-op. */
export interface RequestBody {
  data(chunk: Buffer): void
  end(trailers?: Headers): void
  /** No longer interested; answered by `fail(reason)` before it returns, unless the terminal was already delivered. */
  abort(reason: ProxyError): void
  pauseResponse(): void
  resumeResponse(): void
}

/** Held by whoever answers. */
export interface ResponseHandler {
  /** A 1xx head other than 101. */
  informational(head: ResponseHead): void
  head(head: ResponseHead): void
  data(chunk: Buffer): void
  end(trailers?: Headers): void
  fail(error: ProxyError): void
  pauseRequest(): void
  resumeRequest(): void
}

/** A request's head. Read-only: a layer that changes one passes a changed copy. */
export class RequestHead {
  readonly method: string
  /** Origin-form, `*`, or for CONNECT the authority; as it was sent. */
  readonly target: string
  readonly scheme: 'http' | 'https'
  /** Host, or the authority of an absolute target; '' where an HTTP/1.0 client gave none. */
  readonly authority: string
  /** End-to-end fields in order and case; `Content-Length` among them, never a hop-by-hop field and never Host. */
  readonly headers: Headers
  /** Bytes of body: 0 none, -1 not known beforehand. */
  readonly bodyLength: number
  /** The token of `Upgrade` that was asked for, or ''. */
  readonly upgrade: string
  /** `Expect: 100-continue` stands and the 100 is the upstream's to send. */
  readonly expectContinue: boolean
  readonly exchange: Exchange
  readonly attempt: Attempt

  constructor(
    method: string,
    target: string,
    scheme: 'http' | 'https',
    authority: string,
    headers: Headers,
    bodyLength: number,
    upgrade: string,
    expectContinue: boolean,
    exchange: Exchange,
    attempt: Attempt,
  ) {
    this.method = method
    this.target = target
    this.scheme = scheme
    this.authority = authority
    this.headers = headers
    this.bodyLength = bodyLength
    this.upgrade = upgrade
    this.expectContinue = expectContinue
    this.exchange = exchange
    this.attempt = attempt
  }

  /** The same request for a further attempt. Once body bytes were received, `Expect` has had its answer and is dropped. */
  forAttempt(attempt: Attempt, keepExpect: boolean): RequestHead {
    return new RequestHead(
      this.method,
      this.target,
      this.scheme,
      this.authority,
      this.headers,
      this.bodyLength,
      this.upgrade,
      this.expectContinue && keepExpect,
      this.exchange,
      attempt,
    )
  }

  /** The same request with other fields. */
  withHeaders(headers: Headers): RequestHead {
    return new RequestHead(
      this.method,
      this.target,
      this.scheme,
      this.authority,
      headers,
      this.bodyLength,
      this.upgrade,
      this.expectContinue,
      this.exchange,
      this.attempt,
    )
  }

  /** The same request for somebody else than it was sent to, on a branch of its exchange. */
  onBranch(branch: Exchange, keepExpect: boolean): RequestHead {
    return new RequestHead(
      this.method,
      this.target,
      this.scheme,
      this.authority,
      this.headers,
      this.bodyLength,
      this.upgrade,
      this.expectContinue && keepExpect,
      branch,
      new Attempt('first', true, false),
    )
  }

  /** Both bodies are opaque bytes once a 101 or, for CONNECT, a 2xx head came. */
  get isTunnel(): boolean {
    return this.upgrade !== '' || this.method === 'CONNECT'
  }
}

/** Who made an answer: `proxy` is one of our own refusals. */
export type Origin = 'upstream' | 'proxy' | 'fallback' | 'replay'

/** A response's head, 1xx heads included. Read-only. */
export class ResponseHead {
  readonly status: number
  readonly reasonPhrase: string
  /** End-to-end fields in order and case; `Content-Length` among them. */
  readonly headers: Headers
  /** Declared bytes of body, -1 when not known beforehand. An answer to HEAD declares a body that never comes. */
  readonly bodyLength: number
  readonly origin: Origin
  /** The reason why we, or a fallback of ours, answered; '' for an upstream's answer. */
  readonly reason: string

  constructor(
    status: number,
    reasonPhrase: string,
    headers: Headers,
    bodyLength: number,
    origin: Origin,
    reason: string,
  ) {
    this.status = status
    this.reasonPhrase = reasonPhrase
    this.headers = headers
    this.bodyLength = bodyLength
    this.origin = origin
    this.reason = reason
  }
}

/** What routing found. One object per compiled route, shared by all its requests. */
export interface RouteInfo {
  readonly direction: 'inbound' | 'outbound'
  /** The Service's name; inbound, the Sidecar's; of an unknown host that is passed through: `passthrough`. */
  readonly service: string
  /** The most specific pattern that matched, or `*`: a label of bounded number. */
  readonly template: string
  /** The file said `stream: true` or `false`, or nothing. */
  readonly stream: boolean | undefined
  /** Owned by telemetry: its rows for this route, made on first use. */
  telemetry: unknown
}

/** One endpoint of a service as policies and telemetry see it. */
export interface EndpointInfo {
  /** `host:port`, IPv6 in brackets. */
  readonly address: string
  /** Owned by the policies with endpoint scope: their states by statement. */
  readonly states: Map<string, unknown>
  /** upstream: when an active health check last went well, on our clock, ms. */
  readonly wellAt?: number
  /** upstream: it had this exchange, and wants to have it again; where it is not there, it never does. */
  wantsAgain?(exchange: Exchange): boolean
  /** Owned by the service; undefined where its balancer asks nothing. */
  readonly meter: Meter | undefined
  /**
   * On the clock, ms, when it came or came back while others were warm; -Infinity once it was never away. Written by who
   * lets it in: from then on its share of the traffic grows (docs/balancing.md, slow start).
   */
  warmingSince: number
}

/** What one request carries through all layers. The owner of each field is named beside it; only the owner writes. */
export class Exchange {
  /** server: */
  readonly direction: 'inbound' | 'outbound'
  /** server: the clock when the head was complete, ms. */
  readonly startedAt: number
  /** server: wall time of the same moment, ms since 1970. */
  readonly wallTime: number
  /** server: the client's address, without port. */
  readonly peerAddress: string
  readonly peerPort: number
  /** server: which of our sources the peer is, or ''. */
  readonly source: string
  /** server: kept or made. */
  readonly requestId: string
  /** server: the client brought no request id, so the upstream is told ours. */
  readonly requestIdMade: boolean
  /** server: the client's version of HTTP: 10, 11 or 20. */
  readonly protocol: number
  /** server: the caller's own deadline on our clock, Infinity without one. */
  readonly callerDeadline: number
  /** server: a gRPC call, by method and content type. */
  grpc: boolean
  /** server: what `grpc-timeout` says, on our clock; Infinity without one. It bounds the whole call, also of a stream. */
  grpcDeadline: number
  /** routing: */
  route: RouteInfo | undefined
  /** routing: the path in its normal form. */
  path: string
  /** routing: when the whole must be over, on our clock; Infinity without a bound. The timeout layer enforces it. */
  deadline: number
  /** retry: when the next attempt is due, on our clock, ms; nothing can move until then. 0 before. bulkhead: the same of the wait for a slot. */
  restsUntil: number
  /** upstream: endpoints that attempts went to, newest last. */
  tried: EndpointInfo[]
  /** wire: the version of HTTP of the newest attempt or answer, 11 or 20; 0 before. hedge: of the answer that won. */
  upstreamProtocol: number
  /** upstream: attempts made; an attempt exists once an endpoint is picked. */
  attempts: number
  /** retry: those of them that failed, and of which nothing can have arrived. */
  unsent: number
  /**
   * idempotency: attempts that may have reached the application; counted where the route has that policy. fallback: another
   * service that was asked counts as one.
   */
  reached: number
  /** idempotency: the key is honoured here, so that the application need not know it. */
  guarded: boolean
  /** The outermost layer that may send again: the replay buffer, while one may be needed. */
  replay: ReplayBuffer | undefined
  /** telemetry: the trace this exchange belongs to. */
  trace: unknown
  /** telemetry: what the access log says of each attempt. */
  attemptLog: unknown
  /** server: why our own answer was given, in words for the log; '' where there is none. */
  cause: string
  /** telemetry: what blocks in shadow mode would have done, `block:decision` with a blank between; ''. */
  shadowed: string
  /** server: the reason for which we ended an answer that had begun, with a gRPC status of our own in its trailers; ''. */
  brokeOff: string
  /** server wire: body bytes that came from and went to the client. */
  requestBytes: number
  responseBytes: number
  /** fallback: what this is a branch of. */
  parent: Exchange | undefined
  /** server wire: for trailers of answers that the client does not take yet; undefined: its connection has one answer at a time. */
  trailerRoom: Room | undefined
  /** server: where the connection was going before it was redirected; undefined: it was not. */
  original: OriginalDestination | undefined

  constructor(
    direction: 'inbound' | 'outbound',
    startedAt: number,
    wallTime: number,
    peerAddress: string,
    peerPort: number,
    source: string,
    requestId: string,
    requestIdMade: boolean,
    protocol: number,
    callerDeadline: number,
  ) {
    this.direction = direction
    this.startedAt = startedAt
    this.wallTime = wallTime
    this.peerAddress = peerAddress
    this.peerPort = peerPort
    this.source = source
    this.requestId = requestId
    this.requestIdMade = requestIdMade
    this.protocol = protocol
    this.callerDeadline = callerDeadline
    this.grpc = false
    this.grpcDeadline = Number.POSITIVE_INFINITY
    this.route = undefined
    this.path = ''
    this.deadline = Number.POSITIVE_INFINITY
    this.restsUntil = 0
    this.tried = NONE_TRIED
    this.upstreamProtocol = 0
    this.attempts = 0
    this.unsent = 0
    this.reached = 0
    this.guarded = false
    this.replay = undefined
    this.trace = undefined
    this.attemptLog = undefined
    this.cause = ''
    this.shadowed = ''
    this.brokeOff = ''
    this.requestBytes = 0
    this.responseBytes = 0
    this.parent = undefined
    this.trailerRoom = undefined
    this.original = undefined
  }
}

/** Shared by every exchange that has met no endpoint yet; upstream replaces it and never writes into it. */
const NONE_TRIED: EndpointInfo[] = []

/** Who sends requests again. */
export interface Mover {
  /** Whether a failure of the endpoint that is asked would send this request elsewhere, uncounted and unseen by its client. */
  moves(request: RequestHead): boolean
  /** Of a request that `moves` lets ask: whether an endpoint that is given up because it stays silent is such a failure. */
  movesOnSilence(request: RequestHead): boolean
}

export type AttemptKind = 'first' | 'retry' | 'transparent' | 'hedge'

/** What one dispatch by retry or hedge carries. */
export class Attempt {
  /** retry, hedge: */
  readonly kind: AttemptKind
  /** retry: no further attempt will follow, whatever comes of this one. */
  readonly last: boolean
  /** retry: asks for a connection that nobody used before. */
  readonly fresh: boolean
  /** upstream: 1-based, given when an endpoint is picked; 0 before. */
  number: number
  /** upstream: */
  endpoint: EndpointInfo | undefined
  /** timeout: how long connecting may take, ms; Infinity without a bound. */
  connectTimeout: number
  /** upstream and telemetry: fields this attempt adds behind the head's own, flat. */
  fields: string[]
  /** upstream: the clock at the pick; 0 before. */
  startedAt: number
  /** timeout: the request went down in full at this time; 0 until then. */
  sentAt: number
  /** timeout: what the policy itself granted this attempt, ms; Infinity without a bound. */
  granted: number
  /** wire: the connection had served another request before. */
  reused: boolean
  /** retry: who would send this request elsewhere; undefined: nobody. */
  mover: Mover | undefined
  /** outlier: it asks an ejected endpoint whether it is well again. */
  probing: boolean
  /** outlier: the probe failed, and the request shall go elsewhere. */
  elsewhere: boolean
  /** fault: it ended while a delay made on purpose held it, so it says nothing of the endpoint. */
  heldByFault: boolean
  /** wire: the version of HTTP it speaks, 11 or 20; 0 before. */
  protocol: number
  /** telemetry: the span of this attempt. */
  span: unknown

  constructor(kind: AttemptKind, last: boolean, fresh: boolean) {
    this.kind = kind
    this.last = last
    this.fresh = fresh
    this.number = 0
    this.endpoint = undefined
    this.connectTimeout = Number.POSITIVE_INFINITY
    this.fields = []
    this.startedAt = 0
    this.sentAt = 0
    this.granted = Number.POSITIVE_INFINITY
    this.reused = false
    this.mover = undefined
    this.probing = false
    this.elsewhere = false
    this.heldByFault = false
    this.protocol = 0
    this.span = undefined
  }
}
