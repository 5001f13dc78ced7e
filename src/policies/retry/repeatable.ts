/** What the policy lets be repeated although the upstream may have carried it out. */
import type { RequestHead } from '../../core/exchange.ts'
import { isIdempotent, isKeyed } from '../../core/repeatable.ts'

export type Methods = 'idempotent' | 'keyed' | 'any'

/**
 * Whether the policy lets the request be repeated once it may have been carried out. gRPC calls are all POST: for them
 * `retry.when` alone decides.
 */
export function mayRepeat(request: RequestHead, methods: Methods): boolean {
  if (methods === 'any' || isIdempotent(request)) return true
  return (methods === 'keyed' && isKeyed(request)) || request.exchange.grpc
}
