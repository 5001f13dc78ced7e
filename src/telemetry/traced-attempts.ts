/** The attempts of an exchange that its trace tells of. */
// cold file: runs when its spans are made
import type { Exchange } from '../core/exchange.ts'
import type { AttemptRecord } from './attempt-layer.ts'
import { MOST_ATTEMPTS } from './sampled.ts'

/** Oldest first: the newest MOST_ATTEMPTS of those that have a span. */
export function tracedAttempts(exchange: Exchange): AttemptRecord[] {
  const attempts: AttemptRecord[] = []
  let record = exchange.attemptLog as AttemptRecord | undefined
  for (; record !== undefined && attempts.length < MOST_ATTEMPTS; record = record.previous) {
    if (record.spanId !== '') attempts.unshift(record)
  }
  return attempts
}
