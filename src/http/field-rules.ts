/** Rules of fields that both versions of HTTP keep. */
import { readCount } from '../core/count.ts'
import { isOwnField } from '../core/headers.ts'

/** A Content-Length: digits only, at most 2^53 − 1. Returns -1 for anything else. */
export function readLength(value: string): number {
  return readCount(value, 16)
}

/** Fields that frame, route or authorise and so may not come late (RFC 9110 §6.5.1); a trailer of that name is dropped. */
const NOT_IN_TRAILERS = new Set([
  'authorization',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'max-forwards',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
])

export function mayBeTrailer(name: string): boolean {
  const lower = name.toLowerCase()
  // Nor may what is believed only in a head, where it is looked at.
  return !NOT_IN_TRAILERS.has(lower) && !lower.startsWith('x-forwarded-') && !isOwnField(lower)
}
