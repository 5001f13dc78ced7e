/** An exchange that ended, as a line for people. */
import type { EndedAttempt, EndedExchange } from '../../src/admin/index.ts'

/** What stands in a stream of `GET /tap`. */
export type TapLine = EndedExchange | { readonly lost: number }

export function tapLine(told: TapLine): string {
  if ('lost' in told) return `(${told.lost} more: they came faster than they are shown)`
  const { time, direction, method, service, status, grpcStatus, reason, duration, shadow } = told
  const at = new Date(time).toISOString().slice(11, 23)
  // A path takes the place of its pattern; what matched no route has neither.
  const where = told.path || told.route || '-'
  const code = grpcStatus === '' ? String(status) : `${status} ${grpcStatus}`
  const parts = [at, direction, method, service || '-', where, code, reason || '-', milliseconds(duration)]
  const shadowed = shadow.length === 0 ? '' : ` shadow=${shadow.join(',')}`
  return `${parts.join(' ')}${tried(told)}${shadowed}`
}

/** `[ENDPOINT OUTCOME TIME (WHY NEXT); …]`, where there is more than one plain attempt. */
function tried({ attempts, attemptCount, origin }: EndedExchange): string {
  const [only] = attempts
  if (only === undefined) return ''
  if (attemptCount === 1 && only.whyNext === '' && only.reason === '' && origin === 'upstream')
    return ` ${only.endpoint}`
  const more = attemptCount > attempts.length ? `… ${attemptCount - attempts.length} before; ` : ''
  return ` [${more}${attempts.map(attempted).join('; ')}]`
}

function attempted({ endpoint, kind, status, grpcStatus, reason, ms, whyNext }: EndedAttempt): string {
  const hedge = kind === 'hedge' ? 'hedge ' : ''
  const why = whyNext === '' ? '' : ` (${whyNext})`
  return `${hedge}${endpoint || '-'} ${reason || grpcStatus || status} ${milliseconds(ms)}${why}`
}

function milliseconds(ms: number): string {
  return `${ms >= 100 ? Math.round(ms) : Math.round(ms * 10) / 10}ms`
}
