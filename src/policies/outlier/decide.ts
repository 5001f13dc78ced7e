/** When an endpoint is set aside, for how long, how many may be, and which request may ask whether one is well again. */
import type { RequestHead } from '../../core/exchange.ts'
import { isIdempotent } from '../../core/repeatable.ts'

/** What is counted as a failure: whatever says that the endpoint does not do its work. Refusals of ours never do. */
export const FAILURES: readonly string[] = [
  '5xx',
  'connect_failure',
  'upstream_reset',
  'protocol_error_upstream',
  'dns_failure',
  'tls_failure',
  'timeout',
  'grpc:UNAVAILABLE',
  'grpc:DEADLINE_EXCEEDED',
  'grpc:INTERNAL',
  'grpc:UNKNOWN',
  'grpc:DATA_LOSS',
]

/**
 * Beside the failures in a row: so many of the calls of the last seconds. The format has no field for it, for it catches
 * what the row misses (four of five fail, for ever) and nothing else: Finagle and Linkerd have the two side by side, gRFC
 * A50 has 85 % of 50 calls in 10 s.
 */
export const RATE = 0.8
/** ms, in buckets of one second. */
export const RATE_WINDOW = 10_000
export const RATE_CALLS = 10

/** Why an endpoint is set aside; a label. */
export type EjectReason = 'consecutive' | 'failure_rate' | 'probe_failed'

/** Whether what was counted is enough; '' it is not. `limit`: failures in a row. */
export function whyEject(consecutive: number, limit: number, calls: number, failed: number): EjectReason | '' {
  if (consecutive >= limit) return 'consecutive'
  return calls >= RATE_CALLS && failed / calls >= RATE ? 'failure_rate' : ''
}

/**
 * How many of `endpoints` may be set aside at a time; `share` 0…1. One always stays; where there are two, one may go, for
 * a tenth of three that is none would be a policy that does nothing. A share of 0 is meant.
 */
export function mostEjected(endpoints: number, share: number): number {
  if (endpoints < 2 || share === 0) return 0
  // A product such as 0.29 × 100 comes out a hair too small.
  return Math.min(endpoints - 1, Math.max(1, Math.floor(endpoints * share + 1e-9)))
}

/** ms; the time does not grow past it, unless the first is longer (gRFC A50, Envoy). */
export const LONGEST = 5 * 60_000

/** How often it counts as set aside, this time included: `before`, less one for each `ejectFor` in service since. */
export function timesEjected(before: number, inService: number, ejectFor: number): number {
  const left = Math.max(0, before - Math.floor(inService / ejectFor))
  // Where the time grows no more the count need not either, or it would take days to come down.
  return Math.min(left, Math.ceil(LONGEST / ejectFor)) + 1
}

/** ms to be set aside the n-th time, spread by ± `jitter`. `chance` 0…1. */
export function ejectionTime(ejectFor: number, times: number, jitter: number, chance: number): number {
  const time = Math.min(ejectFor * times, Math.max(LONGEST, ejectFor))
  return time * (1 + jitter * (2 * chance - 1))
}

/** ms after which a probe that has no head yet has failed. */
export const PROBE_WAIT = 60_000

/**
 * Whether a request may ask an endpoint that was set aside: one that goes elsewhere if it fails there, so that its client
 * hears nothing of it. Where nobody would send it again (`retry` is disabled), one that the client may safely repeat.
 */
export function mayProbe(request: RequestHead): boolean {
  const { attempt } = request
  if (attempt.kind !== 'first' || request.isTunnel) return false
  if (attempt.mover !== undefined) return attempt.mover.moves(request)
  return request.bodyLength === 0 && isIdempotent(request)
}

/** ms that a probe is granted of what is `left` until the deadline: the other half is for whoever is asked instead. */
export function probeBound(left: number): number {
  return left / 2
}
