/** How an exchange that ended, and each of its attempts, is put in words. */
import type { Outcome } from '../../../telemetry/ended/outcome.ts'
import type { EndedAttempt, EndedExchange } from '../../../telemetry/ended/record.ts'
import type { Severity } from './states.ts'
import { duration } from './words.ts'

export const SEVERITIES: Readonly<Record<Outcome, Severity>> = {
  failed: 'bad',
  refused: 'bad',
  cancelled: 'warn',
  fallback: 'warn',
  retried: 'good',
  hedged: 'good',
  shadow: 'plain',
  plain: 'plain',
}

/** `failed: connect_failure`; of what was in shadow mode, what it would have done. */
export function outcomeOf({ outcome, reason, shadow }: EndedExchange): string {
  const why = outcome === 'shadow' ? shadow.join(', ') : reason
  return why === '' || outcome === 'cancelled' ? outcome : `${outcome}: ${why}`
}

/** The status; of a gRPC call its own, too. */
export function statusOf({ status, grpcStatus }: { readonly status: number; readonly grpcStatus: string }): string {
  return grpcStatus === '' ? String(status) : `${status} ${grpcStatus}`
}

export function attemptOutcome(attempt: EndedAttempt): string {
  if (attempt.reason !== '') return attempt.reason
  return attempt.status === 0 ? 'no answer' : statusOf(attempt)
}

export function isGood({ reason, status, grpcStatus }: EndedAttempt): boolean {
  return reason === '' && status > 0 && status < 500 && ['', 'OK'].includes(grpcStatus)
}

/** `10.0.0.7:8080 503 after 12 ms, retry: 503`. */
export function attemptText(attempt: EndedAttempt): string {
  const { endpoint, ms, whyNext, kind } = attempt
  const name = kind === 'hedge' ? `hedge to ${endpoint}` : endpoint
  return `${name} ${attemptOutcome(attempt)} after ${duration(ms)}${whyNext === '' ? '' : `, ${whyNext}`}`
}

/** Why there is no attempt to tell of. */
export function withoutAttempt({ reason, cause }: EndedExchange): string {
  return cause === '' ? `not sent: ${reason}` : `not sent: ${cause}`
}
