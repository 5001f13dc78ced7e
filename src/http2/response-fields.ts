/** The head of an answer, and trailers, as HTTP/2 has them. */
import { without } from '../core/headers.ts'
import { mayBeTrailer, readLength } from '../http/field-rules.ts'
import type { HeadLimits } from '../http/server-side.ts'
import { CONNECTION_SPECIFIC, CONTENT_LENGTH, HOP, MALFORMED, METHOD, OWN, STATUS, TE } from './field-kind.ts'
import type { FieldSink } from './hpack/decoder.ts'

/** Never written to: each head begins a list of its own. */
const NONE: string[] = []

/** One object per connection, filled anew for each answer. */
export class ResponseFields implements FieldSink {
  status = 0
  headers: string[] = []
  /** Content-Length, or -1. */
  length = -1
  /** Fields of our own kind are among them. */
  own = false
  /** Why the answer is malformed, or '' (RFC 9113 §8.1.1). */
  problem = ''

  #limits: HeadLimits
  #size = 0
  #inFields = false
  #hasStatus = false

  constructor(limits: HeadLimits) {
    this.#limits = limits
  }

  begin(): void {
    this.status = 0
    this.#hasStatus = false
    this.headers = []
    this.length = -1
    this.own = false
    this.problem = ''
    this.#size = 0
    this.#inFields = false
  }

  /** Lets go of the answer: a connection may wait long for its next one. */
  release(): void {
    this.headers = NONE
  }

  field(name: string, value: string, kind: number, size: number): void {
    this.#size += size
    if (this.#size > this.#limits.maxHeaderBytes || this.headers.length >= 2 * this.#limits.maxHeaders) {
      this.#refuse('a head that is too large')
      return
    }
    if (kind >= METHOD) {
      this.#pseudo(value, kind)
      return
    }
    this.#inFields = true
    switch (kind) {
      case MALFORMED:
        this.#refuse('a field with a character it may not have')
        return
      case CONNECTION_SPECIFIC:
        this.#refuse(`${name}, which is a matter of HTTP/1.1`)
        return
      case HOP:
      case TE:
        return
      case CONTENT_LENGTH:
        if (this.length >= 0) this.#refuse('more than one content-length')
        this.length = readLength(value)
        if (this.length < 0) this.#refuse('a content-length that is no number')
        break
      case OWN:
        this.own = true
        break
    }
    this.headers.push(name, value)
  }

  #pseudo(value: string, kind: number): void {
    if (kind !== STATUS) this.#refuse('a pseudo-header field that no answer has')
    else if (this.#inFields || this.#hasStatus) this.#refuse('more than one :status, or one behind a field')
    else this.status = readStatus(value)
    this.#hasStatus = true
  }

  #refuse(problem: string): void {
    if (this.problem === '') this.problem = problem
  }

  /** After the last field. */
  finish(): void {
    if (this.status === 0) this.#refuse('no :status, or one that is not three digits')
    // RFC 9113 §8.6: the switch of protocols is HTTP/1.1's.
    else if (this.status === 101) this.#refuse('a 101')
    else if (this.status < 200 || this.status === 204) this.#withoutLength()
  }

  /** RFC 9110 §8.6: a sender must not say a length here, and an HTTP/1.1 client would wait for the body. */
  #withoutLength(): void {
    if (this.length > 0) this.#refuse(`a ${this.status} with a content-length`)
    else if (this.length === 0) this.headers = without(this.headers, 'content-length')
    this.length = -1
  }
}

/** Three digits from 100 on; 0: no status. What no class knows counts as a 5xx (RFC 9110 §15), and is passed on. */
function readStatus(value: string): number {
  const status = value.length === 3 ? readLength(value) : 0
  return status >= 100 ? status : 0
}

/** A trailer section: no pseudo-header fields, and nothing that may not come late (RFC 9113 §8.1, RFC 9110 §6.5.1). */
export class TrailerFields implements FieldSink {
  headers: string[] = []
  problem = ''
  #limits: HeadLimits
  #size = 0

  constructor(limits: HeadLimits) {
    this.#limits = limits
  }

  begin(): void {
    this.headers = []
    this.problem = ''
    this.#size = 0
  }

  /** Lets go of them, as of a head. */
  release(): void {
    this.headers = NONE
  }

  field(name: string, value: string, kind: number, size: number): void {
    this.#size += size
    if (this.#size > this.#limits.maxHeaderBytes || this.headers.length >= 2 * this.#limits.maxHeaders) {
      this.problem = 'trailers that are too large'
    } else if (kind >= METHOD) this.problem = 'a pseudo-header field among trailers'
    else if (kind === MALFORMED || kind === CONNECTION_SPECIFIC) this.problem = 'a trailer that no message may have'
    else if (mayBeTrailer(name)) this.headers.push(name, value)
  }
}

/** Reads a block that nobody wants: the tables go on (RFC 9113 §4.3). */
export const IGNORED: FieldSink = { field() {} }
