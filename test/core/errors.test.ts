import t from 'tap'
import { ProxyError, REASON_LIST, REASONS, type Reason, type ReasonRow } from '../../src/core/errors.ts'

/** IANA, "HTTP Proxy Error Types" (RFC 9209 §2.3 and §5.2). */
const PROXY_ERROR_TYPES = [
  'dns_timeout',
  'dns_error',
  'destination_not_found',
  'destination_unavailable',
  'destination_ip_prohibited',
  'destination_ip_unroutable',
  'connection_refused',
  'connection_terminated',
  'connection_timeout',
  'connection_read_timeout',
  'connection_write_timeout',
  'connection_limit_reached',
  'tls_protocol_error',
  'tls_certificate_error',
  'tls_alert_received',
  'http_request_error',
  'http_request_denied',
  'http_response_incomplete',
  'http_response_header_section_size',
  'http_response_header_size',
  'http_response_body_size',
  'http_response_trailer_section_size',
  'http_response_trailer_size',
  'http_response_transfer_coding',
  'http_response_content_coding',
  'http_response_timeout',
  'http_upgrade_failed',
  'http_protocol_error',
  'proxy_internal_response',
  'proxy_internal_error',
  'proxy_configuration_error',
  'proxy_loop_detected',
]

/** The table of `policies.md`, written down a second time: reason, HTTP status, gRPC status. */
const TABLE: readonly (readonly [Reason, number, number])[] = [
  ['route_not_found', 404, 12],
  ['no_endpoints', 503, 14],
  ['connect_failure', 502, 14],
  ['connect_timeout', 504, 14],
  ['dns_failure', 502, 14],
  ['tls_failure', 502, 14],
  ['pool_exhausted', 503, 14],
  ['upstream_reset', 502, 14],
  ['request_timeout', 504, 4],
  ['per_try_timeout', 504, 4],
  ['stream_idle_timeout', 504, 4],
  ['max_stream_duration', 504, 4],
  ['bulkhead_full', 503, 14],
  ['bulkhead_queue_timeout', 503, 14],
  ['circuit_open', 503, 14],
  ['rate_limited', 429, 8],
  ['overload', 503, 14],
  ['concurrency_limit', 503, 14],
  ['client_cancelled', 499, 1],
  ['unauthorized', 401, 16],
  ['denied', 403, 7],
  ['protocol_error_downstream', 400, 13],
  ['protocol_error_upstream', 502, 14],
  ['payload_too_large', 413, 8],
  ['header_too_large', 431, 8],
  ['head_timeout', 408, 4],
  ['body_timeout', 408, 4],
  ['loop_detected', 508, 10],
  ['idempotency_in_flight', 409, 10],
  ['idempotency_mismatch', 422, 3],
  ['idempotency_missing', 400, 3],
  ['idempotency_unknown', 409, 10],
  ['idempotency_store_unavailable', 503, 14],
  ['internal_error', 500, 13],
  ['draining', 503, 14],
]

/** No fixed answer is made of these: the last response, what the fault says, nothing. */
const WITHOUT_FIXED_ANSWER: readonly Reason[] = ['retry_exhausted', 'fault_injected', 'delay_injected', 'superseded']

t.test('REASONS gives each reason the statuses of policies.md', async (t) => {
  for (const [reason, status, grpc] of TABLE) {
    t.equal(REASONS[reason].status, status, `${reason}: HTTP`)
    t.equal(REASONS[reason].grpc, grpc, `${reason}: gRPC`)
  }
})

t.test('REASON_LIST holds every reason of the table and no other', async (t) => {
  const expected = [...TABLE.map(([reason]) => reason), ...WITHOUT_FIXED_ANSWER].sort()
  t.strictSame([...REASON_LIST].sort(), expected)
  t.equal(new Set(REASON_LIST).size, REASON_LIST.length)
})

t.test('REASONS names a type of the RFC 9209 registry and a message for each', async (t) => {
  for (const reason of REASON_LIST) {
    const row: ReasonRow = REASONS[reason]
    t.ok(PROXY_ERROR_TYPES.includes(row.proxyStatus), `${reason}: ${row.proxyStatus}`)
    t.match(row.message, /^[a-z].*[^.\s]$/, `${reason}: ${row.message}`)
    t.match(row.message, /^[\x20-\x7e]+$/, `${reason}: can stand in a JSON string and a header`)
    t.ok(row.grpc >= 1 && row.grpc <= 16, `${reason}: gRPC ${row.grpc}`)
    t.ok(row.status === 0 || (row.status >= 400 && row.status <= 599), `${reason}: HTTP ${row.status}`)
  }
})

t.test('superseded is never made an answer of', async (t) => {
  t.equal(REASONS.superseded.status, 0)
})

t.test('ProxyError is a value: no exception, no stack', async (t) => {
  const error = new ProxyError('connect_failure', 'upstream', 'unsent', 'ECONNREFUSED')
  t.notOk(error instanceof Error)
  t.strictSame(
    { ...error },
    {
      reason: 'connect_failure',
      source: 'upstream',
      retryable: 'unsent',
      cause: 'ECONNREFUSED',
      retryAfter: 0,
      resetCode: -1,
      fields: [],
    },
  )
  t.equal(new ProxyError('circuit_open', 'proxy', 'no', '', 4.2).retryAfter, 4.2)
})
