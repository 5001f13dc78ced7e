/** Whether a failed attempt is followed by another, and after how long. Dice, dates and clocks are handed in. */
import type { ProxyError } from '../../core/errors.ts'
import type { RetrySkip } from '../../core/events.ts'
import type { RequestHead, ResponseHead } from '../../core/exchange.ts'
import type { Headers } from '../../core/headers.ts'
import { isShedding, type OutcomeSet } from '../../core/outcome.ts'
import { isIdempotent, isKeyed } from '../../core/repeatable.ts'
import { type Methods, mayRepeat } from './repeatable.ts'

/** A block ready for use. */
export interface RetryRules {
  readonly max: number
  readonly when: OutcomeSet
  readonly methods: Methods
  readonly backoff: Backoff
  readonly maxBodyBytes: number
}

export interface Backoff {
  /** ms */
  readonly base: number
  /** ms */
  readonly max: number
  readonly jitter: 'full' | 'equal' | 'none'
}

/** How a request stands when an attempt has failed. */
export interface Standing {
  /** Retries made, transparent ones not among them. */
  readonly retries: number
  readonly transparentUsed: boolean
  /** Everything the client sent so far is at hand. */
  readonly whole: boolean
  /** Bytes the client sent so far. */
  readonly bodyBytes: number
}

/** `pass`: not ours to retry. `retry`: after a pause, if the budget allows. Else why a wanted retry is not made. */
export type Verdict = 'pass' | 'retry' | RetrySkip

/**
 * The attempt ended without an answer. Refusals of our own (`source: proxy`) end the loop. `transparent`: at once, on a
 * fresh connection, uncounted.
 */
export function onFailure(
  rules: RetryRules,
  request: RequestHead,
  error: ProxyError,
  standing: Standing,
): Verdict | 'transparent' {
  const used = standing.transparentUsed && !isTakenAway(error)
  if (used || !isRace(request, error)) return byRules(rules, request, error, standing)
  if (isUnsent(error) || isIdempotent(request) || isKnownAgain(request)) {
    return standing.whole ? 'transparent' : 'body_too_large'
  }
  const verdict = byRules(rules, request, error, standing)
  return verdict === 'pass' ? 'not_idempotent' : verdict
}

/** The connection had been used before and was closed by the upstream as we wrote: about it, not about the request. */
function isRace(request: RequestHead, error: ProxyError): boolean {
  return error.retryable === 'unsent-reused' || (error.retryable === 'unanswered-reused' && !request.isTunnel)
}

/** The endpoint is gone, and nothing was sent to it. That says nothing of the request, and happens to an endpoint but once. */
export function isTakenAway(error: ProxyError): boolean {
  return error.reason === 'no_endpoints' && error.retryable === 'unsent-reused'
}

/** By its key; but one that idempotency honours here means nothing to the application, which would carry it out twice. */
function isKnownAgain(request: RequestHead): boolean {
  return isKeyed(request) && !request.exchange.guarded
}

/** Provably nothing reached the upstream. */
function isUnsent(error: ProxyError): boolean {
  return error.retryable === 'unsent' || error.retryable === 'unsent-reused'
}

function byRules(rules: RetryRules, request: RequestHead, error: ProxyError, standing: Standing): Verdict {
  if (rules.max === 0) return 'pass'
  if (error.reason === 'no_endpoints') return standing.retries > 0 ? 'no_endpoint' : 'pass'
  if (error.source !== 'upstream' || !rules.when.hasError(error, request.exchange.grpc)) return 'pass'
  if (standing.retries >= rules.max) return 'limit'
  if (error.retryable === 'no') return 'committed'
  if (isUnsent(error)) return standing.whole ? 'retry' : 'body_too_large'
  if (request.isTunnel || !mayRepeat(request, rules.methods)) return 'not_idempotent'
  return fits(rules, standing) ? 'retry' : 'body_too_large'
}

/** The attempt was answered, and nothing of the answer has gone up yet. */
export function onAnswer(rules: RetryRules, request: RequestHead, head: ResponseHead, standing: Standing): Verdict {
  if (rules.max === 0 || request.isTunnel || !rules.when.hasHead(head, request.exchange.grpc)) return 'pass'
  return onListed(rules, request, head.headers, standing)
}

/** The outcome is one that `when` names; `fields` are those that say it. */
export function onListed(rules: RetryRules, request: RequestHead, fields: Headers, standing: Standing): Verdict {
  if (standing.retries >= rules.max) return 'limit'
  if (!mayRepeat(request, rules.methods)) return 'not_idempotent'
  if (isShedding(fields)) return 'pushback'
  return fits(rules, standing) ? 'retry' : 'body_too_large'
}

/** The answer broke off after its head had gone up: too late, whatever the rules say. */
export function wouldRetry(rules: RetryRules, error: ProxyError, grpc: boolean): boolean {
  return rules.max > 0 && error.source === 'upstream' && rules.when.hasError(error, grpc)
}

/** More than `maxBodyBytes` is kept only until the upstream has taken of it. */
export function fits(rules: RetryRules, standing: Standing): boolean {
  return standing.whole && standing.bodyBytes <= rules.maxBodyBytes
}

/**
 * The wait before the n-th retry of a series, ms; n from 1, `dice` 0 ≤ x < 1. Full jitter as Envoy and Linkerd have it:
 * callers that failed together do not come back together.
 */
export function backoffOf(backoff: Backoff, n: number, dice: number): number {
  const ceiling = Math.min((2 ** n - 1) * backoff.base, backoff.max)
  if (backoff.jitter === 'none') return ceiling
  if (backoff.jitter === 'equal') return ceiling / 2 + (dice * ceiling) / 2
  return dice * ceiling
}

/** Without a deadline nobody has said how long a client waits: a longer pushback is the client's to honour. */
export const LONGEST_PUSHBACK = 60_000

/** What is known of time when a retry was decided. */
export interface Moment {
  /** ms, on the clock of `deadline`. */
  readonly now: number
  readonly deadline: number
  /** What the answer asks for, as of `pushbackIn`. */
  readonly pushback: number | undefined
  /** Retries since the series began, this one included. */
  readonly n: number
  readonly dice: number
}

/**
 * How long to wait, ms, or why not to: nobody sleeps past the deadline, for the answer at hand is better than the 504
 * that would follow. What an upstream asks for is kept to the letter.
 */
export function pauseOf(backoff: Backoff, moment: Moment): number | 'pushback' | 'deadline' {
  const { now, deadline, pushback } = moment
  if (pushback !== undefined) {
    return pushback > LONGEST_PUSHBACK || now + pushback >= deadline ? 'pushback' : pushback
  }
  const pause = backoffOf(backoff, moment.n, moment.dice)
  return now + pause >= deadline ? 'deadline' : pause
}

/** Retries since the backoff series began, after one more: a pushback restarts it (gRFC A6). */
export function seriesAfter(n: number, pushback: number | undefined): number {
  return pushback === undefined ? n : 0
}
