/** One request of a trace, and what its upstream did as far as the trace knows. */

/** One attempt that a trace tells of. */
export interface Seen {
  /** `silent`: it was cut off, and what it would have come to nobody knows. */
  readonly outcome: 'answer' | 'reset' | 'refuse' | 'silent' | 'blackhole'
  readonly ms: number
  readonly status: number
  /** -1: no gRPC call. */
  readonly grpcStatus: number
  /** `host:port`, or ''. */
  readonly endpoint: string
}

export interface Entry {
  /** ms since 1970. */
  readonly time: number
  readonly direction: 'inbound' | 'outbound'
  readonly method: string
  readonly target: string
  readonly authority: string
  /** The Service's name in the trace; '' inbound, and where none was found. */
  readonly service: string
  readonly peer: string
  readonly bodyBytes: number
  readonly grpc: boolean
  /** After so many ms the client left; Infinity: it did not. */
  readonly patience: number
  readonly attempts: readonly Seen[]
}

/** Ends of an attempt that say something of the upstream; what is not here happened before it was asked. */
const REASONS: Readonly<Record<string, Seen['outcome']>> = {
  connect_failure: 'refuse',
  tls_failure: 'refuse',
  dns_failure: 'refuse',
  connect_timeout: 'blackhole',
  upstream_reset: 'reset',
  protocol_error_upstream: 'reset',
  request_timeout: 'silent',
  per_try_timeout: 'silent',
  stream_idle_timeout: 'silent',
  max_stream_duration: 'silent',
  client_cancelled: 'silent',
  superseded: 'silent',
}

/** undefined where `reason` says nothing of the upstream. `status` 0: the attempt was under way when its line was written. */
export function seen(
  reason: string,
  status: number,
  grpcStatus: number,
  ms: number,
  endpoint: string,
): Seen | undefined {
  if (reason === '') return { outcome: status === 0 ? 'silent' : 'answer', ms, status, grpcStatus, endpoint }
  const outcome = REASONS[reason]
  return outcome === undefined ? undefined : { outcome, ms, status: 0, grpcStatus: -1, endpoint }
}
