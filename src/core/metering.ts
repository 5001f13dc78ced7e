/**
 * What attempts tell the balancer of their endpoint. Whoever watches attempts anyway (telemetry's record, the simulation's) knows
 * their beginning, head and end and tells it: a watcher of the balancer's own would be one more object for each request.
 */
import type { ProxyError } from './errors.ts'
import type { Attempt, Exchange, ResponseHead } from './exchange.ts'
import { isServerError, statusOfHead, statusOfTrailers } from './grpc-status.ts'
import type { Headers } from './headers.ts'

export function meterHead(attempt: Attempt, exchange: Exchange, head: ResponseHead, now: number): void {
  const meter = attempt.endpoint?.meter
  if (meter === undefined) return
  const took = now - attempt.startedAt
  if (head.status >= 500 || (exchange.grpc && isServerError(statusOfHead(head)))) meter.failed(took, now)
  else meter.answered(took, now)
}

/** A gRPC call whose head said nothing of its status. */
export function meterTrailers(attempt: Attempt, trailers: Headers | undefined, now: number): void {
  const meter = attempt.endpoint?.meter
  if (meter !== undefined && isServerError(statusOfTrailers(trailers))) meter.spoiled(now)
}

/** `answered`: a head had come. */
export function meterFailure(attempt: Attempt, answered: boolean, error: ProxyError, now: number): void {
  const meter = attempt.endpoint?.meter
  // A pooled connection that ended before the request was seen says nothing of the endpoint (policies.md 2.2).
  if (meter === undefined || error.retryable === 'unsent-reused' || error.retryable === 'unanswered-reused') return
  if (error.source !== 'upstream') {
    if (!answered) meter.abandoned(now - attempt.startedAt, now)
  } else if (answered) meter.spoiled(now)
  else meter.failed(now - attempt.startedAt, now)
}
