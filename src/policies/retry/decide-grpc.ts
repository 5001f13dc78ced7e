/** gRPC calls say in their trailers what became of them: whether it is worth waiting for them, and what they decide. */
import type { RequestHead, ResponseHead } from '../../core/exchange.ts'
import { NO_STATUS, statusOfHead } from '../../core/grpc-status.ts'
import { type Headers, NO_HEADERS } from '../../core/headers.ts'
import { fits, onListed, type RetryRules, type Standing, type Verdict } from './decide.ts'

/**
 * Whether the head is held until the next thing comes: trailers decide, and before a message nothing has gone up. Only
 * while a retry could follow; a stream that the file says to be one may leave its head alone for hours.
 */
export function peeks(rules: RetryRules, request: RequestHead, head: ResponseHead, standing: Standing): boolean {
  const { grpc, route } = request.exchange
  if (!grpc || !rules.when.namesGrpc || standing.retries >= rules.max || route?.stream === true) return false
  return !request.isTunnel && fits(rules, standing) && statusOfHead(head) === NO_STATUS
}

/** The call ended, and nothing of it has gone up yet. */
export function onTrailers(
  rules: RetryRules,
  request: RequestHead,
  trailers: Headers | undefined,
  standing: Standing,
): Verdict {
  if (!rules.when.hasTrailers(trailers)) return 'pass'
  return onListed(rules, request, trailers ?? NO_HEADERS, standing)
}

/** Why a call whose head had gone up is not tried again, though its trailers name a listed status; '' they do not. */
export function whyTooLate(
  rules: RetryRules,
  request: RequestHead,
  trailers: Headers | undefined,
  standing: Standing,
): 'limit' | 'committed' | '' {
  if (rules.max === 0 || !request.exchange.grpc || trailers === undefined || !rules.when.hasTrailers(trailers))
    return ''
  return standing.retries >= rules.max ? 'limit' : 'committed'
}
