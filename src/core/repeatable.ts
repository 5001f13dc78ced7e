/** What may be repeated although the upstream may have carried it out (RFC 9110 §9.2.2). */
import type { RequestHead } from './exchange.ts'
import { get, has } from './headers.ts'

const SAFE = ['GET', 'HEAD', 'OPTIONS', 'TRACE']
const IDEMPOTENT_WRITES = ['PUT', 'DELETE']

/** Fields that bind a write to the state before it: carried out once, its repetition meets another state and fails. */
const CONDITIONS = ['if-match', 'if-unmodified-since', 'if-none-match', 'if-modified-since']

/** Idempotent by its method, and not a conditional write. */
export function isIdempotent(request: RequestHead): boolean {
  if (SAFE.includes(request.method)) return true
  return IDEMPOTENT_WRITES.includes(request.method) && !CONDITIONS.some((name) => has(request.headers, name))
}

/** The upstream was told how to recognise a repetition; an empty field tells it nothing. */
export function isKeyed(request: RequestHead): boolean {
  const key = get(request.headers, 'idempotency-key')
  return key !== undefined && key !== ''
}
