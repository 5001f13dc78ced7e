/** What may be repeated although the upstream may have carried it out (RFC 9110 §9.2.2). */
import type { RequestHead } from '../../core/exchange.ts'
import { has } from '../../core/headers.ts'

export type Methods = 'idempotent' | 'keyed' | 'any'

const SAFE = ['GET', 'HEAD', 'OPTIONS', 'TRACE']
const IDEMPOTENT_WRITES = ['PUT', 'DELETE']

/** Fields that bind a write to the state before it: carried out once, its repetition meets another state and fails. */
const CONDITIONS = ['if-match', 'if-unmodified-since', 'if-none-match', 'if-modified-since']

/** Idempotent by its method, and not a conditional write. */
export function isIdempotent(request: RequestHead): boolean {
  if (SAFE.includes(request.method)) return true
  return IDEMPOTENT_WRITES.includes(request.method) && !CONDITIONS.some((name) => has(request.headers, name))
}

/** The upstream was told how to recognise a repetition. */
export function isKeyed(request: RequestHead): boolean {
  return has(request.headers, 'idempotency-key')
}

/**
 * Whether the policy lets the request be repeated once it may have been carried out. gRPC calls are all POST: for them
 * `retry.when` alone decides.
 */
export function mayRepeat(request: RequestHead, methods: Methods): boolean {
  if (methods === 'any' || isIdempotent(request)) return true
  return (methods === 'keyed' && isKeyed(request)) || request.exchange.grpc
}
