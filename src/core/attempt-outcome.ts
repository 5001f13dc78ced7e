/** What an attempt's end says of the upstream: shared by all that count failures. */
import type { ProxyError } from './errors.ts'
import type { RequestHead, ResponseHead } from './exchange.ts'
import type { Headers } from './headers.ts'
import type { OutcomeSet } from './outcome.ts'

/** `neutral` says nothing of the upstream: it is not counted, and a probe's permit is given back. */
export type Outcome = 'good' | 'slow' | 'failed' | 'failed-slow' | 'neutral'

export interface Rules {
  readonly failures: OutcomeSet
  /** `failures` holds per_try_timeout. */
  readonly timeouts: boolean
  /** ms from the start of an attempt to its head; Infinity: slowness is not judged. */
  readonly slowAfter: number
}

/**
 * At the head; `grpc`: of an answer to a gRPC call; `took` in ms from the start of the attempt. `good` and `slow` stand only
 * once the body has ended well.
 */
export function judgeHead(rules: Rules, head: ResponseHead, grpc: boolean, took: number): Outcome {
  return outcome(rules.failures.hasHead(head, grpc), took >= rules.slowAfter)
}

/** At the end of an answer to a gRPC call whose head said no status; `answered`: what it did say. */
export function judgeTrailers(rules: Rules, trailers: Headers | undefined, answered: Outcome): Outcome {
  return rules.failures.hasTrailers(trailers) ? outcome(true, answered === 'slow') : answered
}

/**
 * At a `fail`. `answered` is what the head said, or undefined when none came; only `good` and `slow` get here.
 * What we refused ourselves, what the client did, and what another attempt superseded says nothing of the upstream; nor
 * does a pooled connection that was closed under our hands, or a stream that was refused unseen: the transparent retry's
 * case. Where that retry meets the same, on a connection that was made for it, it is no accident any more: an upstream that
 * refuses every stream would never open a breaker.
 */
export function judgeFailure(
  rules: Rules,
  error: ProxyError,
  request: RequestHead,
  answered: Outcome | undefined,
  now: number,
): Outcome {
  if (error.reason === 'client_cancelled') return judgeImpatience(rules, request, answered, now)
  if (error.source !== 'upstream' || error.reason === 'superseded') return 'neutral'
  const raced = error.retryable === 'unsent-reused' || error.retryable === 'unanswered-reused'
  if (raced && !request.attempt.fresh) return 'neutral'
  if (error.reason === 'per_try_timeout' || error.reason === 'request_timeout') {
    const had = answeringFor(request, now)
    if (had < request.attempt.granted / 2) return judgeImpatience(rules, request, answered, now)
  }
  const slow = answered === undefined ? took(request, now) >= rules.slowAfter : answered === 'slow'
  return outcome(rules.failures.hasError(error, request.exchange.grpc), slow)
}

/**
 * The caller gave up first. Early, that says nothing. But when the upstream had as long as would make it slow, or as the
 * policy itself grants, it counts: else an upstream that hangs longer than its callers wait would never trip anything.
 */
function judgeImpatience(rules: Rules, request: RequestHead, answered: Outcome | undefined, now: number): Outcome {
  if (answered !== undefined) return answered === 'slow' ? 'slow' : 'neutral'
  const had = answeringFor(request, now)
  const slow = had >= rules.slowAfter
  const timedOut = rules.timeouts && had >= request.attempt.granted
  return slow || timedOut ? outcome(timedOut, slow) : 'neutral'
}

function outcome(failed: boolean, slow: boolean): Outcome {
  if (failed) return slow ? 'failed-slow' : 'failed'
  return slow ? 'slow' : 'good'
}

/** ms since the attempt started; 0 before an endpoint was picked. */
export function took(request: RequestHead, now: number): number {
  const startedAt = request.attempt.startedAt
  return startedAt === 0 ? 0 : now - startedAt
}

/** ms the upstream had since the whole request was with it; -1 while it is not: a slow upload is the client's. */
export function answeringFor(request: RequestHead, now: number): number {
  const { startedAt, sentAt } = request.attempt
  if (startedAt === 0) return -1
  if (sentAt > 0) return now - Math.max(sentAt, startedAt)
  return request.bodyLength === 0 || request.isTunnel ? now - startedAt : -1
}
