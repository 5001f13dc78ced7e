/** One good answer, kept. */
import type { Evictable } from '../../core/cache-account.ts'
import type { ResponseHead } from '../../core/exchange.ts'
import { get, type Headers } from '../../core/headers.ts'
import { ownText } from '../../core/latin1.ts'
import { ageOf } from './cached-rules.ts'

/** What a copy costs beside its text and its body, bytes: objects and places in maps. */
const FRAME = 768

/** All copies of answers to one question. */
export interface Home {
  lost(copy: Copy): void
}

export class Copy implements Evictable {
  readonly home: Home
  /** What the answer varies by, and what the request had there. */
  readonly names: readonly string[]
  readonly variant: string
  readonly status: number
  readonly reasonPhrase: string
  readonly headers: Headers
  /** Declared, or -1. */
  readonly bodyLength: number
  readonly body: readonly Buffer[]
  readonly trailers: Headers | undefined
  readonly bytes: number
  readonly etag: string | undefined
  /** On the clock, ms: when it came, or was last said to be still good; and the same since 1970. */
  keptAt: number
  cameAt: number
  /** What says how old it was then: its own head's fields, or those that said it is still good. */
  #dated: Headers

  constructor(
    home: Home,
    names: readonly string[],
    variant: string,
    head: ResponseHead,
    body: readonly Buffer[],
    trailers: Headers | undefined,
    bytes: number,
    now: number,
    cameAt: number,
  ) {
    this.home = home
    this.names = names
    // Of parts of the request's head. The fields of the answer are parts, too, but of its own, which is hardly more than they are.
    this.variant = variant === '' ? '' : ownText(variant)
    this.status = head.status
    this.reasonPhrase = head.reasonPhrase
    this.headers = head.headers
    this.bodyLength = head.bodyLength
    this.body = body
    this.trailers = trailers
    this.bytes = bytes
    this.etag = get(this.headers, 'etag')
    this.keptAt = now
    this.cameAt = cameAt
    this.#dated = head.headers
  }

  /** ms, the time before it came to us included (RFC 9111 §4.2.3). */
  age(now: number): number {
    return now - this.keptAt + ageOf(this.#dated, this.cameAt) * 1000
  }

  /** The upstream said that it is still good. */
  confirmed(head: ResponseHead, now: number, cameAt: number): void {
    this.keptAt = now
    this.cameAt = cameAt
    this.#dated = head.headers
  }

  evicted(): void {
    this.home.lost(this)
  }
}

/** What a copy costs without its body, bytes; `keys` is the length of what it is found by. */
export function frameOf(keys: number, head: ResponseHead, trailers: Headers | undefined): number {
  return FRAME + keys + textOf(head.headers) + (trailers === undefined ? 0 : textOf(trailers))
}

function textOf(headers: Headers): number {
  let length = 0
  for (let i = 0; i < headers.length; i++) length += (headers[i] as string).length
  return length
}
