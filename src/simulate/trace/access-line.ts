/** A line of our own access log (`accessLog: {format: json}`) → what is replayed of it. */
import { GRPC_STATUS } from '../../core/grpc-status.ts'
import { type Entry, type Seen, seen } from './entry.ts'

/** A parsed line of JSON. */
export type Fields = Readonly<Record<string, unknown>>

/** Whether it is one of ours, right or wrong. */
export function isAccessLine(line: Fields): boolean {
  return 'time' in line && 'direction' in line && 'durationMs' in line
}

/** A sentence where it is not to be used. */
export function readAccessLine(line: Fields): Entry | string {
  const time = Date.parse(text(line['time']))
  const direction = text(line['direction'])
  const target = text(line['path'])
  if (line['protocol'] === 'TCP') return 'a connection that passed as bytes holds no request'
  if (line['status'] === 101) return 'an upgrade holds bytes, and no request'
  if (Number.isNaN(time)) return 'its time is none'
  if (direction !== 'inbound' && direction !== 'outbound') return 'its direction is neither inbound nor outbound'
  if (!target.startsWith('/')) return 'its path is no path'
  const duration = number(line['durationMs'])
  if (!(duration >= 0)) return 'its durationMs is none'
  const reason = text(line['reason'])
  return {
    time,
    direction,
    method: text(line['methodSent']) || text(line['method']) || 'GET',
    target,
    authority: text(line['authority']),
    service: direction === 'inbound' ? '' : text(line['service']),
    peer: text(line['peer']) || '127.0.0.1',
    bodyBytes: number(line['requestBytes']),
    grpc: line['grpcStatus'] !== undefined,
    patience: reason === 'client_cancelled' ? duration : Number.POSITIVE_INFINITY,
    attempts: attemptsOf(line, reason, duration),
  }
}

/** Told one by one where there were several; of a single one the line itself tells. */
function attemptsOf(line: Fields, reason: string, duration: number): Seen[] {
  const log = Array.isArray(line['attempts']) ? line['attempts'] : line['attemptLog']
  if (Array.isArray(log) && log.length > 0) {
    return (log as Fields[]).flatMap(
      (each) => attemptOf(each, number(each['ms']), text(each['endpoint']), text(each['reason'])) ?? [],
    )
  }
  if (number(line['attempts']) !== 1) return []
  return [attemptOf(line, duration, text(line['upstream']), reason) ?? []].flat()
}

function attemptOf(from: Fields, ms: number, endpoint: string, reason: string): Seen | undefined {
  const grpc = from['grpcStatus'] === undefined ? -1 : GRPC_STATUS.indexOf(text(from['grpcStatus']) as never)
  return seen(reason, number(from['status']), grpc, ms, endpoint)
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
