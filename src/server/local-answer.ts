/** An answer of our own, made of a reason: the only place that knows how one looks. */
import { type ProxyError, REASONS, type ReasonRow } from '../core/errors.ts'
import { type Origin, ResponseHead } from '../core/exchange.ts'
import { proxyStatus } from '../core/proxy-status.ts'

export interface LocalAnswer {
  readonly head: ResponseHead
  readonly body: Buffer
}

/** `service` is '' where no route was found. */
export function localAnswer(error: ProxyError, service: string): LocalAnswer {
  const row: ReasonRow = REASONS[error.reason]
  const retryAfter = error.retryAfter
  const what: Record<string, unknown> = { reason: error.reason, message: row.message }
  if (service !== '') what.service = service
  if (retryAfter > 0) what.retryAfter = Math.round(retryAfter * 1000) / 1000
  const body = Buffer.from(`${JSON.stringify({ error: what })}\n`)
  const headers = ['content-type', 'application/json', 'content-length', String(body.length)]
  headers.push('proxy-status', proxyStatus(row, error.reason), 'x-outrigger-reason', error.reason)
  // RFC 9110 §10.2.3: whole seconds, and never sooner than we said.
  if (retryAfter > 0) headers.push('retry-after', String(Math.ceil(retryAfter)))
  for (let i = 0; i < error.fields.length; i++) headers.push(error.fields[i] as string)
  const origin: Origin = 'proxy'
  return { head: new ResponseHead(statusOf(error, row), '', headers, body.length, origin, error.reason), body }
}

/** A stall is the client's fault only when its own body stalled. */
function statusOf(error: ProxyError, row: ReasonRow): number {
  if (error.reason === 'stream_idle_timeout' && error.source === 'downstream') return 408
  return row.status
}
