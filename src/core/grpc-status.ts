/** What became of a gRPC call: the status in its trailers, or in the head where that is all there is ("Trailers-Only"). */
import type { ResponseHead } from './exchange.ts'
import { get, type Headers } from './headers.ts'

/** gRPC status codes by name; the index is the code (grpc/doc/statuscodes.md). */
export const GRPC_STATUS = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const

/** Not said yet: the trailers will. */
export const NO_STATUS = -1

/** ms that a head without a status is held back at most for what comes behind it; the wheel may add a tick. */
export const PEEK = 10

const UNKNOWN = 2
const UNIMPLEMENTED = 12
const INTERNAL = 13
const UNAVAILABLE = 14
const PERMISSION_DENIED = 7
const UNAUTHENTICATED = 16

/** The code of `grpc-status` among these fields, or NO_STATUS. What cannot be read is UNKNOWN, as clients have it. */
export function statusIn(fields: Headers): number {
  const value = get(fields, 'grpc-status')
  return value === undefined ? NO_STATUS : codeOf(value)
}

function codeOf(value: string): number {
  let code = 0
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return UNKNOWN
    code = code * 10 + digit
  }
  return value === '' || code >= GRPC_STATUS.length ? UNKNOWN : code
}

/**
 * What a head says of the call: its own `grpc-status`; else, where the HTTP status is not 200, what clients make of that
 * (grpc/doc/http-grpc-status-mapping.md); else NO_STATUS.
 */
export function statusOfHead(head: ResponseHead): number {
  const code = statusIn(head.headers)
  return code === NO_STATUS && head.status !== 200 ? statusOfHttp(head.status) : code
}

/** What trailers say of the call, or their absence, where the head said nothing. */
export function statusOfTrailers(trailers: Headers | undefined): number {
  const code = trailers === undefined ? NO_STATUS : statusIn(trailers)
  return code === NO_STATUS ? UNKNOWN : code
}

/** What gRPC clients make of an HTTP status that comes without a `grpc-status`. */
export function statusOfHttp(status: number): number {
  switch (status) {
    case 400:
      return INTERNAL
    case 401:
      return UNAUTHENTICATED
    case 403:
      return PERMISSION_DENIED
    case 404:
      return UNIMPLEMENTED
    case 429:
    case 502:
    case 503:
    case 504:
      return UNAVAILABLE
    default:
      return UNKNOWN
  }
}

/** OpenTelemetry's list: on the server's side these are errors, and every other is an answer to its client. */
const SERVER_ERRORS: readonly string[] = [
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
]

const IS_ERROR = new Uint8Array(GRPC_STATUS.length)
for (const name of SERVER_ERRORS) IS_ERROR[(GRPC_STATUS as readonly string[]).indexOf(name)] = 1

export function isServerError(code: number): boolean {
  return code !== NO_STATUS && IS_ERROR[code] === 1
}
