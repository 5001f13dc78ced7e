/** Quantities as the facts write them. */
import { formatDuration } from '../../../config/values/units.ts'

/** As in the files, but 4.5s where those would say 4500ms. */
export function duration(ms: number): string {
  return ms > 1000 && ms < 60_000 ? `${Math.round(ms) / 1000}s` : formatDuration(ms)
}

/** `ms` give or take the fraction `jitter`. */
export function span(ms: number, jitter: number): string {
  if (jitter === 0) return duration(ms)
  return `${duration(Math.round(ms * (1 - jitter)))} to ${duration(Math.round(ms * (1 + jitter)))}`
}

/** Whose a state is. */
export const PER = { service: 'the service', route: 'each route', endpoint: 'each endpoint', source: 'each source' }
