/** Under what an answer is kept: what was asked, what the file adds to it, and what the answer varies by. */
import type { RequestHead } from '../../core/exchange.ts'
import { type Headers, has, nameIs } from '../../core/headers.ts'

/** Between parts of a key; no part of a head can hold it. */
const BETWEEN = '\n'
/** In place of a field that is not there, which is not the same as an empty one (RFC 9111 §4.1). */
const ABSENT = '\u0000'

/** One part that the file adds: `source`, or the name of a header field in lower case. */
export type KeyPart = { readonly source: true } | { readonly header: string }

/** `source` or `header:NAME`, as the schema has checked it. */
export function keyPart(text: string): KeyPart {
  return text === 'source' ? { source: true } : { header: text.slice('header:'.length).toLowerCase() }
}

/**
 * What was asked for, by whomever; the service is not in it, for each has copies of its own. Nor is the method: a GET's
 * answer serves a HEAD, too.
 */
export function targetOf(request: RequestHead): string {
  const { scheme, target } = request
  const host = request.authority.toLowerCase()
  return scheme === 'http' ? host + BETWEEN + target : scheme + BETWEEN + host + BETWEEN + target
}

/** What the file adds to that. */
export function partsOf(request: RequestHead, parts: readonly KeyPart[]): string {
  let key = ''
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as KeyPart
    key += ('header' in part ? fieldValue(request.headers, part.header) : request.exchange.source) + BETWEEN
  }
  return key
}

/** All lines of a field as one, in order (RFC 9110 §5.3). */
export function fieldValue(headers: Headers, lower: string): string {
  let value = ABSENT
  for (let i = 0; i < headers.length; i += 2) {
    if (!nameIs(headers[i] as string, lower)) continue
    const line = (headers[i + 1] as string).trim()
    value = value === ABSENT ? line : `${value}, ${line}`
  }
  return value
}

/**
 * The fields that the answer varies by, in lower case and sorted; undefined for `*`, which no later request can be known
 * to meet.
 */
export function varyOf(answer: Headers): readonly string[] | undefined {
  if (!has(answer, 'vary')) return NO_NAMES
  const stated = fieldValue(answer, 'vary')
  const names = stated.toLowerCase().split(',').map(trimmed).filter(isStated)
  return names.includes('*') ? undefined : names.sort()
}

/** What tells apart the answers under one key that vary by `names`. */
export function variantOf(request: RequestHead, names: readonly string[]): string {
  if (names.length === 0) return ''
  let variant = ''
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string
    variant += name + BETWEEN + fieldValue(request.headers, name) + BETWEEN
  }
  return variant
}

const NO_NAMES: readonly string[] = []

function trimmed(text: string): string {
  return text.trim()
}

function isStated(text: string): boolean {
  return text !== ''
}
