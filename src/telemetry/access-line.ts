/** The access log's lines. */
import type { RequestHead } from '../core/exchange.ts'
import { NO_STATUS } from '../core/grpc-status.ts'
import { type AccessParts, bytesOf } from './access-parts.ts'
import type { AttemptRecord } from './attempt-layer.ts'
import { asciiJson } from './flat.ts'
import { METHODS, methodIndex, protocolName } from './labels.ts'
import type { LineWriter } from './line-writer.ts'
import type { RouteRows } from './route-rows.ts'
import { statusName } from './rpc-status.ts'
import { MOST_ATTEMPTS } from './sampled.ts'

/** Longest texts that are logged whole, in characters: a line is no place for 64 KiB of target. */
const LONGEST = { target: 4096, requestId: 256, method: 64, cause: 512 }
const OTHER_METHOD = METHODS.length - 1

const END_OF_ATTEMPT = bytesOf('}],"requestBytes":')
const RESPONSE_BYTES = bytesOf(',"responseBytes":')
const REQUEST_ID = bytesOf(',"requestId":')
const TRACE_ID = bytesOf(',"traceId":"')
const END = bytesOf('}\n')

/**
 * `status` as sent, or what a request nobody waited for is given in logs; `rpcStatus` of a gRPC call, or NO_STATUS;
 * `duration` in ms.
 */
export function jsonLine(
  to: LineWriter,
  parts: AccessParts,
  request: RequestHead,
  traceId: string,
  rows: RouteRows,
  status: number,
  rpcStatus: number,
  reason: string,
  duration: number,
): void {
  const exchange = request.exchange
  const last = exchange.attemptLog as AttemptRecord | undefined
  const method = methodIndex(request.method)
  to.piece(parts.opening(exchange.wallTime, exchange.direction, method))
  const path = parts.path(request.target)
  if (path === undefined) to.quoted(cut(request.target, LONGEST.target))
  else to.piece(path)
  to.piece(parts.middle(request.authority, rows.logPart, status))
  to.millis(duration)
  if (rpcStatus !== NO_STATUS) to.ascii(`,"grpcStatus":"${statusName(rpcStatus)}"`)
  if (reason !== '') to.ascii(`,"reason":"${reason}"`)
  if (exchange.cause !== '') {
    to.ascii(',"cause":')
    to.quoted(cut(exchange.cause, LONGEST.cause))
  }
  attempts(to, parts, exchange.attempts, last, exchange.startedAt + duration)
  to.int(exchange.requestBytes)
  to.piece(RESPONSE_BYTES)
  to.int(exchange.responseBytes)
  to.piece(REQUEST_ID)
  if (exchange.requestIdMade) to.plain(exchange.requestId)
  else to.quoted(cut(exchange.requestId, LONGEST.requestId))
  to.piece(TRACE_ID)
  to.ascii(traceId)
  to.piece(parts.closing(exchange.peerAddress, protocolName(exchange.protocol)))
  if (method === OTHER_METHOD) {
    to.ascii(',"methodSent":')
    to.quoted(cut(request.method, LONGEST.method))
  }
  if (exchange.shadowed !== '') to.ascii(`,"shadow":["${exchange.shadowed.replaceAll(' ', '","')}"]`)
  to.piece(END)
}

/**
 * How often and where it was tried, and the list, up to the number of bytes. One attempt that was answered is most of the
 * lines there are: its bytes are ready.
 */
function attempts(
  to: LineWriter,
  parts: AccessParts,
  count: number,
  last: AttemptRecord | undefined,
  now: number,
): void {
  if (count === 1 && last !== undefined && isPlain(last)) {
    to.piece(parts.answered(last.attempt.endpoint?.address ?? '', last.status, last.rpcStatus))
    to.millis(lasted(last, now))
    to.piece(END_OF_ATTEMPT)
    return
  }
  to.piece(parts.tried(count, telling(last)?.attempt.endpoint?.address ?? ''))
  to.ascii(last === undefined ? '],"requestBytes":' : `${each(last, MOST_ATTEMPTS, now)}],"requestBytes":`)
}

function isPlain({ previous, reason, whyNext, status }: AttemptRecord): boolean {
  return previous === undefined && reason === '' && whyNext === '' && status !== 0
}

/** For people; its parts are put together plainly, for nobody reads it at ten thousand a second. */
export function textLine(
  to: LineWriter,
  request: RequestHead,
  rows: RouteRows,
  status: number,
  rpcStatus: number,
  reason: string,
  duration: number,
): void {
  const exchange = request.exchange
  const last = exchange.attemptLog as AttemptRecord | undefined
  const time = new Date(exchange.wallTime).toISOString()
  to.ascii(
    `${time} ${exchange.direction} ${exchange.peerAddress} HTTP/${protocolName(exchange.protocol)} ${cut(request.method, LONGEST.method)} `,
  )
  to.quoted(cut(request.target, LONGEST.target))
  to.ascii(' ')
  to.quoted(cut(request.authority, LONGEST.requestId))
  to.ascii(` ${rows.service || '-'} ${status} ${reason || '-'} `)
  to.millis(duration)
  to.ascii(`ms attempts=${exchange.attempts} ${telling(last)?.attempt.endpoint?.address ?? '-'} `)
  to.quoted(cut(exchange.requestId, LONGEST.requestId))
  if (rpcStatus !== NO_STATUS) to.ascii(` grpc=${statusName(rpcStatus)}`)
  to.ascii(tried(last, exchange.startedAt + duration))
  if (exchange.shadowed !== '') to.ascii(` shadow=${exchange.shadowed.replaceAll(' ', ',')}`)
  to.ascii('\n')
}

/** The newest attempt that no other took the place of: side by side, the one that was sent last need not have won. */
function telling(last: AttemptRecord | undefined): AttemptRecord | undefined {
  let record = last
  while (record?.superseded) record = record.previous
  return record ?? last
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}...` : text
}

/** The newest `most` attempts, oldest first. */
function each(last: AttemptRecord, most: number, now: number): string {
  const earlier = last.previous === undefined || most === 1 ? '' : `${each(last.previous, most - 1, now)},`
  const said = last.rpcStatus === NO_STATUS ? '' : `,"grpcStatus":"${statusName(last.rpcStatus)}"`
  // Neither where it goes on without its client (idempotency).
  const status = last.status === 0 ? '' : `"status":${last.status}${said},`
  const ended = last.reason === '' ? status : `"reason":"${last.reason}",`
  const endpoint = asciiJson(last.attempt.endpoint?.address ?? '')
  const why = last.whyNext === '' ? '' : `,"why_next":"${last.whyNext}"`
  const kind = last.attempt.kind === 'hedge' ? '"kind":"hedge",' : ''
  return `${earlier}{"endpoint":${endpoint},${kind}${ended}"ms":${took(last, now)}${why}}`
}

function took(record: AttemptRecord, now: number): number {
  return Math.round(Math.max(0, lasted(record, now)) * 1000) / 1000
}

/** ms; until now, where it is under way. */
function lasted({ startedAt, endedAt }: AttemptRecord, now: number): number {
  return (endedAt === 0 ? now : endedAt) - startedAt
}

/** ` tried="ENDPOINT OUTCOME TIME (WHY NEXT); …"`, oldest first, where there is more to tell than the line says already. */
function tried(last: AttemptRecord | undefined, now: number): string {
  if (last === undefined || (last.previous === undefined && last.whyNext === '')) return ''
  const said: string[] = []
  for (
    let one: AttemptRecord | undefined = last;
    one !== undefined && said.length < MOST_ATTEMPTS;
    one = one.previous
  ) {
    const outcome = one.reason || statusName(one.rpcStatus) || (one.status === 0 ? 'under way' : String(one.status))
    const why = one.whyNext === '' ? '' : ` (${one.whyNext})`
    said.unshift(`${one.attempt.endpoint?.address ?? '-'} ${outcome} ${took(one, now)}ms${why}`)
  }
  return ` tried="${said.join('; ')}"`
}
