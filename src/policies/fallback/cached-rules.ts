/** What may be kept, and for whom it may be taken out again: pure questions about heads. */
import type { RequestHead, ResponseHead } from '../../core/exchange.ts'
import { get, type Headers, has, nameIs } from '../../core/headers.ts'
import { httpDate } from '../../core/http-date.ts'
import { isStream } from '../../core/streams.ts'

/** A copy larger than this is not kept, bytes: thirty of them shall fit at least. */
export const LARGEST = 1024 * 1024

/** Fields by which an answer is for one person, as far as a proxy can see. */
const PERSONAL = ['authorization', 'cookie']

/** A part of an answer, or an answer that depends on what the client has: asked of the upstream or of nobody. */
const NEVER_FROM_A_COPY = ['range', 'if-match', 'if-unmodified-since']

/** Forbid a copy for others, any copy, or one that is not asked for anew (RFC 9111 §5.2.2, §4.2.4). */
const FORBIDDING = ['no-store', 'private', 'no-cache', 'must-revalidate', 'proxy-revalidate']

const NO_STORE = ['no-store']

/** Whether anything about this request concerns the cache: it may be answered from it, or its answer may be kept. */
export function mayMeetCopy(request: RequestHead, shared: boolean): boolean {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false
  if (request.bodyLength !== 0 || request.isTunnel || request.exchange.grpc) return false
  return shared || !hasAny(request.headers, PERSONAL)
}

/** Whether a copy may stand in for an answer to it. Conditions on a validator are met by a whole answer, too. */
export function mayBeServed(request: RequestHead, shared: boolean): boolean {
  return mayMeetCopy(request, shared) && !hasAny(request.headers, NEVER_FROM_A_COPY)
}

/** Whether a good answer to it, from the upstream and whole, may be kept. */
export function mayBeKept(request: RequestHead, head: ResponseHead, shared: boolean): boolean {
  const { status, headers } = head
  // A HEAD is served from a GET's copy; its own answer has nothing to keep.
  if (request.method !== 'GET') return false
  // Of the 2xx those that are a whole answer to a GET by themselves (RFC 9110 §15.3).
  if (head.origin !== 'upstream' || (status !== 200 && status !== 203 && status !== 204)) return false
  if (head.bodyLength > LARGEST || has(request.headers, 'range') || has(headers, 'content-range')) return false
  // What a sidecar behind us gave in place of an answer is not a good one.
  if (has(headers, 'x-outrigger-fallback') || isStream(request, head)) return false
  if (hasDirective(request.headers, NO_STORE)) return false
  return shared || !(has(headers, 'set-cookie') || hasDirective(headers, FORBIDDING))
}

/** An answer that says there is nothing there any more: a copy must not bring it back. */
export function isGone(head: ResponseHead): boolean {
  return head.origin === 'upstream' && (head.status === 404 || head.status === 410)
}

/** A write that was carried out, so that what was read before it is out of date (RFC 9111 §4.4). */
export function invalidates(request: RequestHead, head: ResponseHead): boolean {
  return head.origin === 'upstream' && head.status >= 200 && head.status < 400 && isUnsafe(request.method)
}

/** RFC 9110 §9.2.1. */
export function isUnsafe(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS' && method !== 'TRACE' && method !== 'CONNECT'
}

function hasAny(headers: Headers, names: readonly string[]): boolean {
  for (let i = 0; i < names.length; i++) if (has(headers, names[i] as string)) return true
  return false
}

/** Whether Cache-Control says one of `directives`, with an argument or without. */
function hasDirective(headers: Headers, directives: readonly string[]): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    if (!nameIs(headers[i] as string, 'cache-control')) continue
    for (const part of (headers[i + 1] as string).toLowerCase().split(',')) {
      const equals = part.indexOf('=')
      if (directives.includes((equals < 0 ? part : part.slice(0, equals)).trim())) return true
    }
  }
  return false
}

/**
 * How old an answer was when it came, s (RFC 9111 §4.2.3): what Age says, or how long ago its Date was where that is more, for a
 * cache of HTTP/1.0 on its way says no Age. `cameAt` is ms since 1970.
 */
export function ageOf(headers: Headers, cameAt: number): number {
  const date = get(headers, 'date')
  const made = date === undefined ? undefined : httpDate(date.trim(), cameAt)
  return Math.max(ageIn(headers), made === undefined ? 0 : Math.floor((cameAt - made) / 1000))
}

/** The value of Age, s; 0 where there is none that can be read (RFC 9111 §5.1). */
export function ageIn(headers: Headers): number {
  for (let i = 0; i < headers.length; i += 2) {
    if (!nameIs(headers[i] as string, 'age')) continue
    const seconds = Number(headers[i + 1])
    return Number.isInteger(seconds) && seconds >= 0 ? seconds : 0
  }
  return 0
}
