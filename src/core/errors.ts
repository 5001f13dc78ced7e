/** Every way an exchange can end without the upstream's answer: one closed table. */
import { type Headers, NO_HEADERS } from './headers.ts'

/** How one reason looks to a client. */
export interface ReasonRow {
  /** HTTP status; 0 where no answer is made of it. */
  readonly status: number
  /** gRPC status code. */
  readonly grpc: number
  /** RFC 9209 §2.3 error type for Proxy-Status. */
  readonly proxyStatus: string
  readonly message: string
}

function row(status: number, grpc: number, proxyStatus: string, message: string): ReasonRow {
  return { status, grpc, proxyStatus, message }
}

/** `policies.md`, "What the client sees". */
export const REASONS = {
  route_not_found: row(404, 12, 'destination_not_found', 'no service answers to this host'),
  no_endpoints: row(503, 14, 'destination_unavailable', 'the service has no endpoint'),
  connect_failure: row(502, 14, 'connection_refused', 'no connection to the upstream could be made'),
  connect_timeout: row(504, 14, 'connection_timeout', 'connecting to the upstream took too long'),
  dns_failure: row(502, 14, 'dns_error', "the upstream's name could not be resolved"),
  tls_failure: row(502, 14, 'tls_protocol_error', 'the TLS handshake with the upstream failed'),
  pool_exhausted: row(503, 14, 'connection_limit_reached', 'no connection to the upstream became free in time'),
  upstream_reset: row(
    502,
    14,
    'connection_terminated',
    'the upstream ended the connection before its answer was whole',
  ),
  request_timeout: row(504, 4, 'http_response_timeout', 'the request took longer than its deadline'),
  per_try_timeout: row(504, 4, 'http_response_timeout', 'the attempt took longer than it was granted'),
  stream_idle_timeout: row(504, 4, 'http_response_timeout', 'nothing moved for longer than the idle timeout'),
  max_stream_duration: row(504, 4, 'http_response_timeout', 'the stream was open longer than it may be'),
  bulkhead_full: row(503, 14, 'connection_limit_reached', 'too many requests are in flight to this service'),
  bulkhead_queue_timeout: row(503, 14, 'connection_limit_reached', 'no slot to this service became free in time'),
  circuit_open: row(503, 14, 'destination_unavailable', 'the circuit breaker of this service is open'),
  rate_limited: row(429, 8, 'http_request_denied', 'too many requests'),
  overload: row(503, 14, 'destination_unavailable', 'the proxy is overloaded'),
  concurrency_limit: row(503, 14, 'destination_unavailable', 'the application is at its concurrency limit'),
  retry_exhausted: row(502, 14, 'destination_unavailable', 'every attempt failed'),
  fault_injected: row(503, 14, 'proxy_internal_response', 'a fault was injected on purpose'),
  delay_injected: row(503, 14, 'proxy_internal_response', 'a delay was injected on purpose'),
  client_cancelled: row(499, 1, 'connection_terminated', 'the client left'),
  unauthorized: row(401, 16, 'http_request_denied', 'who asks is not known'),
  denied: row(403, 7, 'http_request_denied', 'who asks may not'),
  protocol_error_downstream: row(400, 13, 'http_request_error', 'the request breaks the protocol'),
  protocol_error_upstream: row(502, 14, 'http_protocol_error', "the upstream's answer breaks the protocol"),
  payload_too_large: row(413, 8, 'http_request_error', 'the request body is larger than allowed'),
  header_too_large: row(431, 8, 'http_request_error', 'the header section is larger than allowed'),
  head_timeout: row(408, 4, 'http_request_error', 'the request head did not come whole in time'),
  body_timeout: row(408, 4, 'http_request_error', 'the request body stopped coming'),
  loop_detected: row(508, 10, 'proxy_loop_detected', 'the request came through this proxy before'),
  idempotency_in_flight: row(409, 10, 'http_request_denied', 'a request with this key is in flight'),
  idempotency_mismatch: row(422, 3, 'http_request_denied', 'this key was used with another payload'),
  idempotency_missing: row(400, 3, 'http_request_denied', 'an idempotency key is required'),
  idempotency_unknown: row(409, 10, 'http_request_denied', 'whether this key was carried out is not known'),
  idempotency_store_unavailable: row(
    503,
    14,
    'destination_unavailable',
    'the store of idempotency keys does not answer',
  ),
  superseded: row(0, 1, 'proxy_internal_response', 'another attempt took its place'),
  internal_error: row(500, 13, 'proxy_internal_error', 'the proxy failed'),
  draining: row(503, 14, 'destination_unavailable', 'the proxy is shutting down'),
} as const satisfies Record<string, ReasonRow>

export type Reason = keyof typeof REASONS

/** Every reason in the table's order; a reason's index is stable within a process. */
export const REASON_LIST = Object.keys(REASONS) as readonly Reason[]

/** Refusals of whoever sheds load: asking again makes it worse. */
export const SHEDDING: readonly Reason[] = [
  'overload',
  'concurrency_limit',
  'rate_limited',
  'bulkhead_full',
  'bulkhead_queue_timeout',
  'circuit_open',
]

/**
 * What may be sent again (RFC 9110 §9.2.2; `policies.md` 2.2):
 * - `unsent`: provably nothing reached the upstream. Any method.
 * - `unsent-reused`: the same, for a reason that is not the request's: the first write on a pooled connection failed, the
 *   upstream never looked at the stream, the endpoint was taken away. Any method, once at once.
 * - `unanswered`: bytes were written, no byte of answer came. Idempotent or keyed requests only.
 * - `unanswered-reused`: the same on a pooled connection, the common keep-alive race. Idempotent or keyed, once at once.
 * - `no`: never.
 */
export type Retryable = 'no' | 'unsent' | 'unsent-reused' | 'unanswered' | 'unanswered-reused'

export type Source = 'downstream' | 'upstream' | 'proxy'

/** An end without an answer. A value, not an exception: no stack is taken. */
export class ProxyError {
  readonly reason: Reason
  /** Whose doing it was. Retry and breaker look at `upstream` only. */
  readonly source: Source
  readonly retryable: Retryable
  /** What happened in words, for the log; never shown to a client. */
  readonly cause: string
  /** For `Retry-After`, s; 0 none. */
  readonly retryAfter: number
  /** The code of the RST_STREAM with which an HTTP/2 peer ended it (RFC 9113 §7), to be passed on; -1 otherwise. */
  readonly resetCode: number
  /** What an HTTP answer says beside the reason's own fields, flat. */
  readonly fields: Headers

  constructor(
    reason: Reason,
    source: Source,
    retryable: Retryable,
    cause: string,
    retryAfter = 0,
    resetCode = -1,
    fields = NO_HEADERS,
  ) {
    this.reason = reason
    this.source = source
    this.retryable = retryable
    this.cause = cause
    this.retryAfter = retryAfter
    this.resetCode = resetCode
    this.fields = fields
  }
}

/** Nothing of the attempt that ended so has gone to an upstream. Our own limit refuses an attempt that exists, and sends nothing. */
export function isUnsent({ retryable, reason }: ProxyError): boolean {
  return retryable === 'unsent' || retryable === 'unsent-reused' || reason === 'rate_limited'
}
