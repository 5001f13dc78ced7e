/** The field `Retry-After` (RFC 9110 §10.2.3): seconds, or a date in any of the three forms a recipient must take. */
// cold file: read only for an answer that is about to be followed by another attempt
import { httpDate } from './http-date.ts'

const SECONDS = /^[0-9]{1,9}$/

/**
 * How long the upstream asks us to stay away, ms; a date that has passed gives 0, what cannot be read undefined.
 * `wallTime` in ms since 1970.
 */
export function retryAfter(value: string, wallTime: number): number | undefined {
  const text = value.trim()
  if (SECONDS.test(text)) return Number(text) * 1000
  const date = httpDate(text, wallTime)
  return date === undefined ? undefined : Math.max(0, date - wallTime)
}
