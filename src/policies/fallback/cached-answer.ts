/** The entry `use: cached`: the last good answer to the same question, with its age on it. */
import { type RequestHead, ResponseHead } from '../../core/exchange.ts'
import { has } from '../../core/headers.ts'
import type { CachedAnswers } from './cached-answers.ts'
import type { Copy } from './cached-copy.ts'
import { mayBeServed } from './cached-rules.ts'
import type { Given } from '../../core/giver.ts'
import type { LocalAnswer } from './local-answer.ts'
import { namesOf, ownFields, replacing } from './own-fields.ts'

export class CachedAnswer implements LocalAnswer {
  readonly kind = 'cached'
  readonly #cache: CachedAnswers
  readonly #fields: readonly string[]
  /** Fields of a copy that ours take the place of, in lower case. */
  readonly #replaced: readonly string[]

  constructor(cache: CachedAnswers, headers: Readonly<Record<string, string>>) {
    this.#cache = cache
    this.#fields = ownFields(headers)
    this.#replaced = ['age', ...namesOf(this.#fields)]
  }

  give(request: RequestHead, reason: string): Given | undefined {
    if (!mayBeServed(request, this.#cache.rules.shared)) return undefined
    const found = this.#cache.find(request)
    if (found === undefined) return undefined
    const { copy, age } = found
    const fields = replacing(copy.headers, this.#replaced, this.#fields)
    fields.push('age', String(Math.floor(age / 1000)), 'x-outrigger-fallback', 'cached')
    // Its own time, not that of the fallback (RFC 9110 §6.6.1).
    if (!has(fields, 'date')) fields.push('date', new Date(copy.cameAt).toUTCString())
    fields.push('cache-status', cacheStatus(request.exchange.attempts > 0, reason))
    const length = lengthOf(copy)
    // It came without a length, and now has one.
    if (copy.bodyLength < 0 && length >= 0) fields.push('content-length', String(length))
    const head = new ResponseHead(copy.status, copy.reasonPhrase, fields, length, 'fallback', reason)
    return { head, body: copy.body, trailers: copy.trailers }
  }
}

/**
 * RFC 9211 §2: a hit was not forwarded at all (an open breaker, a full bulkhead); what was, and came to nothing, says so
 * instead, and with what status.
 */
function cacheStatus(forwarded: boolean, reason: string): string {
  if (!forwarded) return `outrigger; hit; detail="${reason}"`
  const status = reason.charCodeAt(0) <= 57 ? `; fwd-status=${reason}` : ''
  return `outrigger; fwd=stale${status}; detail="${reason}"`
}

/** -1 where trailers follow: HTTP/1.1 can say them behind a chunked body only. A 204 has none. */
function lengthOf(copy: Copy): number {
  if (copy.bodyLength >= 0 || copy.status === 204) return copy.bodyLength
  if (copy.trailers !== undefined) return -1
  let length = 0
  for (let i = 0; i < copy.body.length; i++) length += (copy.body[i] as Buffer).length
  return length
}
