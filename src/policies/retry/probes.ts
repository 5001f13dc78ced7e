/**
 * Probes of outlier: the endpoint that a request was sent to had been set aside, and the client shall hear nothing of it if
 * it still fails. The request goes elsewhere at once, whatever `max` says, and neither the budget nor the retries count it.
 */
import { ProxyError } from '../../core/errors.ts'
import type { Mover, RequestHead } from '../../core/exchange.ts'
import { isIdempotent, isKeyed } from '../../core/repeatable.ts'
import type { RetryRules } from './decide.ts'

const SILENT = new ProxyError('per_try_timeout', 'upstream', 'unanswered', '')

/** Says which requests we would send elsewhere. `keep`: bytes of body that are kept for it. */
export function moverOf(rules: RetryRules, keep: number): Mover {
  const callsToo = isListed(rules, SILENT, true)
  return {
    moves: (request) => wouldMove(rules, request, keep),
    movesOnSilence: ({ exchange }) => !exchange.grpc || callsToo,
  }
}

/**
 * A gRPC call says nothing of what may be repeated: there a policy that would retry it has to, and a stream may be long
 * past its first message when it fails.
 */
function wouldMove(rules: RetryRules, request: RequestHead, keep: number): boolean {
  if (request.isTunnel) return false
  if (request.exchange.grpc) {
    return rules.max > 0 && rules.when.namesGrpc && request.exchange.route?.stream !== true
  }
  if (request.bodyLength < 0 || request.bodyLength > keep) return false
  return isIdempotent(request) || isKeyed(request)
}

/**
 * Whether the failed probe goes elsewhere now. `listed`: `when` names its outcome, which for gRPC decides. `whole`: all that
 * the client has sent is at hand.
 */
export function goesElsewhere(request: RequestHead, listed: boolean, whole: boolean): boolean {
  if (!request.attempt.elsewhere || !whole) return false
  return request.exchange.grpc ? listed : isIdempotent(request) || isKeyed(request)
}

/** As `listed` above, of an end without an answer: what never reached the endpoint may always go elsewhere. */
export function isListed(rules: RetryRules, error: ProxyError, grpc: boolean): boolean {
  return error.retryable === 'unsent' || error.retryable === 'unsent-reused' || rules.when.hasError(error, grpc)
}
