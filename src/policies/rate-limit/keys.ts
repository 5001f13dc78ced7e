/** Which bucket a request belongs to, as text. */
import type { RequestHead } from '../../core/exchange.ts'
import { type Headers, nameIs } from '../../core/headers.ts'

/** Longer keys are kept as their digest: a token in a header may be kilobytes long, and is nobody's business. */
const LONGEST = 64

const HEADER = 'header:'

/** The composite key of `key`; its parts in any order are the same key. */
export class KeyReader {
  readonly #source: boolean
  /** Lower case. */
  readonly #headers: readonly string[]
  /** The pattern of the route, where it is part of the key: one text for all requests of the route. */
  readonly #path: string

  constructor(parts: readonly string[], template: string) {
    const headers = parts
      .filter((part) => part.startsWith(HEADER))
      .map((part) => part.slice(HEADER.length).toLowerCase())
    this.#source = parts.includes('source')
    this.#headers = [...new Set(headers)].toSorted()
    this.#path = parts.includes('path') ? template : ''
  }

  /** A line break stands in no part, so two different keys are never the same text. */
  of(request: RequestHead): string {
    let key = `${this.#path}\n`
    if (this.#source) key += request.exchange.source
    const names = this.#headers
    for (let i = 0; i < names.length; i++) key += `\n${partOf(request, names[i] as string)}`
    return key.length > LONGEST ? digest(key) : key
  }
}

/** `node:crypto` is loaded by the first long key, for it holds 3 MB. */
function digest(key: string): string {
  return process.getBuiltinModule('node:crypto').createHash('sha256').update(key).digest('base64')
}

/** The Host stands beside the other fields, and comes as `:authority` over HTTP/2. Its case makes no difference (RFC 9110 §4.2.3). */
function partOf({ headers, authority }: RequestHead, lower: string): string {
  return lower === 'host' ? authority.toLowerCase() : fieldValue(headers, lower)
}

/** Several fields of one name are one list (RFC 9110 §5.3): who adds a second one does not choose a bucket by the first. */
function fieldValue(headers: Headers, lower: string): string {
  let value = ''
  let found = false
  for (let i = 0; i < headers.length; i += 2) {
    if (!nameIs(headers[i] as string, lower)) continue
    value = found ? `${value}, ${headers[i + 1]}` : (headers[i + 1] as string)
    found = true
  }
  return value
}
