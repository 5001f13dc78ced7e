/**
 * The access log's lines, put together by hand. What repeats from request to request is kept as ready pieces: fewer
 * pieces are fewer joints to make and to flatten.
 */
import type { Exchange, RequestHead } from '../core/exchange.ts'
import type { AttemptRecord } from './attempt-layer.ts'
import { flat, Memo, millis, quoted, Timestamps } from './json-text.ts'
import { METHODS, methodIndex, PROTOCOLS, protocolIndex, protocolName } from './labels.ts'
import type { RouteRows } from './route-rows.ts'

/** Longest target that is logged whole, in characters: a line is no place for 64 KiB of it. */
const LONGEST = 4096
const PLAIN_METHODS = METHODS.length - 1

const times = new Timestamps()
/** By direction and method. */
const BEGINNINGS = [beginnings('inbound'), beginnings('outbound')] as const
const STATUSES = Array.from({ length: 600 }, (_, status) => flat(`,"status":${status},"durationMs":`))
const authorities = new Memo((authority) => `,"authority":${quoted(authority)}`)
const upstreams = new Memo((address) => `,"upstream":${quoted(address)},"requestBytes":`)
const peers = PROTOCOLS.map((name) => new Memo((peer) => `","peer":${quoted(peer)},"protocol":"HTTP/${name}"`))

function beginnings(direction: string): string[] {
  return METHODS.map((method) => flat(`","direction":"${direction}","method":"${method}","path":`))
}

export function jsonLine(
  request: RequestHead,
  traceId: string,
  rows: RouteRows,
  status: number,
  reason: string,
  now: number,
): string {
  const exchange = request.exchange
  const last = exchange.attemptLog as AttemptRecord | undefined
  const endpoint = last?.attempt.endpoint
  return (
    times.format(exchange.wallTime) +
    beginning(exchange, request.method) +
    quoted(shortened(request.target)) +
    authorities.of(request.authority) +
    rows.logFragment +
    (STATUSES[status] ?? `,"status":${status},"durationMs":`) +
    millis(now - exchange.startedAt) +
    (reason === '' ? ',"attempts":' : `,"reason":"${reason}","attempts":`) +
    exchange.attempts +
    (endpoint === undefined ? ',"requestBytes":' : upstreams.of(endpoint.address)) +
    exchange.requestBytes +
    ',"responseBytes":' +
    exchange.responseBytes +
    ',"requestId":' +
    (exchange.requestIdMade ? `"${exchange.requestId}"` : quoted(exchange.requestId)) +
    ',"traceId":"' +
    traceId +
    (peers[protocolIndex(exchange.protocol)] as Memo).of(exchange.peerAddress) +
    (last === undefined || last.previous === undefined ? '}\n' : `,"attemptLog":[${each(last)}]}\n`)
  )
}

function beginning(exchange: Exchange, method: string): string {
  const index = methodIndex(method)
  if (index < PLAIN_METHODS) return BEGINNINGS[exchange.direction === 'inbound' ? 0 : 1][index] as string
  return `","direction":"${exchange.direction}","method":${quoted(method)},"path":`
}

export function textLine(request: RequestHead, rows: RouteRows, status: number, reason: string, now: number): string {
  const exchange = request.exchange
  const last = exchange.attemptLog as AttemptRecord | undefined
  const upstream = last?.attempt.endpoint?.address ?? '-'
  return (
    `${times.text(exchange.wallTime)} ${exchange.direction} ${exchange.peerAddress} HTTP/${protocolName(exchange)} ` +
    `${request.method} ${quoted(shortened(request.target))} ${quoted(request.authority)} ${rows.service || '-'} ` +
    `${status} ${reason || '-'} ${millis(now - exchange.startedAt)}ms attempts=${exchange.attempts} ${upstream} ` +
    `${quoted(exchange.requestId)}\n`
  )
}

function shortened(target: string): string {
  return target.length > LONGEST ? `${target.slice(0, LONGEST)}…` : target
}

/** Every attempt, oldest first. */
function each(last: AttemptRecord): string {
  const earlier = last.previous === undefined ? '' : `${each(last.previous)},`
  const ended = last.reason === '' ? `"status":${last.status}` : `"reason":"${last.reason}"`
  const endpoint = quoted(last.attempt.endpoint?.address ?? '')
  return `${earlier}{"endpoint":${endpoint},${ended},"ms":${millis(last.endedAt - last.startedAt)}}`
}
