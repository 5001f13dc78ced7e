/** What may be hedged, which answers win, and when the next attempt follows. */
import type { ProxyError } from '../../core/errors.ts'
import type { RequestHead, ResponseHead } from '../../core/exchange.ts'
import { NO_STATUS, statusOfHead, statusOfTrailers } from '../../core/grpc-status.ts'
import { get, type Headers, NO_HEADERS } from '../../core/headers.ts'
import { isCancelled, isShedding, OutcomeSet, REASON_FIELD } from '../../core/outcome.ts'
import { NEVER } from '../../core/pushback.ts'
import { isIdempotent, isKeyed } from '../../core/repeatable.ts'

/** A block ready for use. */
export interface HedgeRules {
  /** ms; below 1 a percentile as a fraction. */
  readonly after: number
  /** Attempts in addition to the first. */
  readonly maxExtra: number
  readonly methods: readonly string[]
}

/**
 * Two attempts may both be carried out, so it takes a request that bears that: by its method, by its key, or, for gRPC calls
 * are all POST, by the word of the operator who lists POST for them. Never what is no single question and answer.
 */
export function mayHedge(rules: HedgeRules, request: RequestHead): boolean {
  const { exchange } = request
  if (!rules.methods.includes(request.method) || request.isTunnel || exchange.route?.stream === true) return false
  return exchange.grpc || isIdempotent(request) || isKeyed(request)
}

/** `40ms`, or `p95 (40ms)` where the delay is a percentile: what a hedge waited for, for people. */
export function waitedFor({ after }: HedgeRules, delay: number): string {
  const waited = `${Math.round(delay)}ms`
  return after < 1 ? `p${Math.round(after * 1000) / 10} (${waited})` : waited
}

/** Answers that do not win while another attempt is out: what a breaker counts as the upstream's failure. */
const FAILURES = new OutcomeSet([
  '5xx',
  'grpc:UNAVAILABLE',
  'grpc:DEADLINE_EXCEEDED',
  'grpc:INTERNAL',
  'grpc:UNKNOWN',
  'grpc:DATA_LOSS',
])

/**
 * `fails`: another attempt may do better. `stops`: so it may, and no further one is sent: a peer sheds load, or still works
 * on a request with this key.
 */
export type Verdict = 'wins' | 'fails' | 'stops'

/** `grpc`: of an answer to a gRPC call; a head without a status wins until its trailers say otherwise. */
export function judgeHead(head: ResponseHead, grpc: boolean): Verdict {
  const good = grpc ? statusOfHead(head) <= 0 : head.status < 400
  if (good) return 'wins'
  return stops(head.headers) ? 'stops' : FAILURES.hasHead(head, grpc) ? 'fails' : 'wins'
}

/** The end of an answer to a gRPC call of which nothing but the head has come. */
export function judgeTrailers(trailers: Headers | undefined): Verdict {
  if (statusOfTrailers(trailers) === 0) return 'wins'
  return stops(trailers ?? NO_HEADERS) ? 'stops' : FAILURES.hasTrailers(trailers) ? 'fails' : 'wins'
}

/**
 * The attempt ended without an answer. What we refused ourselves says nothing of the upstream, and is no reason to ask more;
 * nor is a call that its server gives up, which is CANCELLED however it says so.
 */
export function judgeError(error: ProxyError, grpc: boolean): Verdict {
  return error.source === 'upstream' && !isCancelled(error, grpc) ? 'fails' : 'stops'
}

function stops(fields: Headers): boolean {
  return isShedding(fields) || get(fields, REASON_FIELD) === 'idempotency_in_flight'
}

/** Whether a head is held for the trailers behind it. */
export function peeks(head: ResponseHead, grpc: boolean): boolean {
  return grpc && statusOfHead(head) === NO_STATUS
}

/** ms until the next attempt may follow a failed one, NEVER for none. `pushback` is what the answer asks for. */
export function pauseAfter(verdict: Verdict, pushback: number | undefined): number {
  if (verdict !== 'fails') return NEVER
  return pushback === undefined ? 0 : pushback
}
