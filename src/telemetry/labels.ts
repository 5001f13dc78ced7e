/** Label values as small numbers, so that a request is counted without hashing a text. */
import { REASON_LIST } from '../core/errors.ts'
import type { AttemptKind } from '../core/exchange.ts'
import { GRPC_STATUS } from '../core/grpc-status.ts'
import { isServerError } from '../core/grpc-status.ts'

/** Methods that have a row of their own; every other is the last. */
export const METHODS = [
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'HEAD',
  'OPTIONS',
  'CONNECT',
  'TRACE',
  '_OTHER',
] as const
const OTHER_METHOD = METHODS.length - 1

export function methodIndex(method: string): number {
  switch (method) {
    case 'GET':
      return 0
    case 'POST':
      return 1
    case 'PUT':
      return 2
    case 'DELETE':
      return 3
    case 'PATCH':
      return 4
    case 'HEAD':
      return 5
    case 'OPTIONS':
      return 6
    case 'CONNECT':
      return 7
    case 'TRACE':
      return 8
    default:
      return OTHER_METHOD
  }
}

/** By `protocolIndex`; '' where nothing was spoken. */
export const PROTOCOLS = ['1.1', '1.0', '2', ''] as const

/** Of `exchange.protocol` and `attempt.protocol`: 10, 11 or 20; 0 before any. */
export function protocolIndex(protocol: number): number {
  return protocol === 11 ? 0 : protocol === 20 ? 2 : protocol === 10 ? 1 : 3
}

export function protocolName(protocol: number): string {
  return PROTOCOLS[protocolIndex(protocol)] as string
}

const REASON_INDEX: ReadonlyMap<string, number> = new Map(REASON_LIST.map((reason, index) => [reason, index]))

/** Behind the reasons: what a fallback stood in for, where that was an answer. */
const FIRST_GRPC_REASON = 100
/** + the status of HTTP, 100 … 599. */
const FIRST_STATUS_REASON = 200

/**
 * Position in REASON_LIST plus 1; further up for an upstream's answer in whose place a fallback was given, `503` or
 * `grpc:UNAVAILABLE`, so that it counts as the failure it was; 0 for '' and for what is none of these.
 */
export function reasonIndex(reason: string): number {
  if (reason === '') return 0
  const index = REASON_INDEX.get(reason)
  return index === undefined ? replacedIndex(reason) : index + 1
}

function replacedIndex(reason: string): number {
  if (reason.startsWith('grpc:')) {
    const code = (GRPC_STATUS as readonly string[]).indexOf(reason.slice(5))
    return code < 0 ? 0 : FIRST_GRPC_REASON + code
  }
  const status = Number(reason)
  return status >= 100 && status <= 599 ? FIRST_STATUS_REASON + status : 0
}

/** The opposite of `reasonIndex`. */
export function reasonName(index: number): string {
  if (index >= FIRST_STATUS_REASON) return String(index - FIRST_STATUS_REASON)
  if (index >= FIRST_GRPC_REASON) return GRPC_STATUS[index - FIRST_GRPC_REASON] as string
  return index === 0 ? '' : (REASON_LIST[index - 1] as string)
}

export const ATTEMPT_KINDS: readonly AttemptKind[] = ['first', 'retry', 'transparent', 'hedge']

export function kindIndex(kind: AttemptKind): number {
  return kind === 'first' ? 0 : kind === 'retry' ? 1 : kind === 'transparent' ? 2 : 3
}

/**
 * How an attempt ended: an answer below 500, one from 500 on, a reason of ours (2 + its place in REASON_LIST), or a gRPC
 * status that is a server's error (behind them, + its code).
 */
export const OUTCOMES: readonly string[] = [
  'success',
  '5xx',
  ...REASON_LIST,
  ...GRPC_STATUS.map((name) => `grpc:${name}`),
]
const FIRST_GRPC = 2 + REASON_LIST.length

/** `code` of a gRPC call, NO_STATUS of others. */
export function outcomeIndex(status: number, code: number, reason: number): number {
  if (reason > 0) return reason + 1
  if (status >= 500) return 1
  return isServerError(code) ? FIRST_GRPC + code : 0
}

/**
 * One number for what tells the rows of a route apart. `status` 0…999; 0: no status was sent.
 * Fits a small integer, so a Map finds it without touching memory for the key.
 */
export function rowKey(status: number, method: number, reason: number, protocol: number, https: number): number {
  return (((status * 16 + method) * 1024 + reason) * 4 + protocol) * 2 + https
}

export interface RowLabels {
  readonly status: number
  readonly method: number
  readonly reason: number
  readonly protocol: number
  readonly https: number
}

/** The opposite of `rowKey`. */
export function splitKey(key: number): RowLabels {
  return {
    https: key & 1,
    protocol: (key >> 1) & 3,
    reason: (key >> 3) & 1023,
    method: (key >> 13) & 15,
    status: key >> 17,
  }
}
