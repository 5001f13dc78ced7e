/** Names of states and things as the page and `top` say them. */
import type { BreakerSnapshot } from '../../../core/events.ts'
import { percent, seconds } from './words.ts'

export type Severity = 'good' | 'warn' | 'bad' | 'plain'

/** The service, and what of it the state stands for. */
export function nameOf(service: string, key: string): string {
  return key === '' ? service : `${service} (${key})`
}

/** `direction` only where it tells something apart. */
export function serviceName(service: string): string {
  return service === '' ? '(no route)' : service
}

/** `open, probe in 4.2 s`; with whose will it is so where it is not its own. */
export function breakerState({ state, forced, opensFor }: BreakerSnapshot): string {
  const name = state === 'half_open' ? 'half-open' : state
  if (forced !== 'auto') return `${name}, forced`
  return state === 'open' ? `open, probe in ${seconds(opensFor)}` : name
}

export function breakerSeverity({ state, forced, mode }: BreakerSnapshot): Severity {
  if (mode === 'shadow') return 'plain'
  if (state === 'open') return 'bad'
  return state === 'half_open' || forced !== 'auto' ? 'warn' : 'good'
}

/** `40 % of 50`, with slow calls where there are any. */
export function breakerFigures({ failureRatio, slowRatio, calls }: BreakerSnapshot): string {
  if (calls === 0) return 'no calls'
  const slow = slowRatio > 0 ? `, ${percent(slowRatio)} slow` : ''
  return `${percent(failureRatio)} of ${calls}${slow}`
}

/** What calls for attention comes first. */
export function bySeverity(one: Severity, other: Severity): number {
  return ORDER.indexOf(one) - ORDER.indexOf(other)
}

const ORDER: readonly Severity[] = ['bad', 'warn', 'good', 'plain']
