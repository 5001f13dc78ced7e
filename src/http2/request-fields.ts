/** The head of a request as HTTP/2 has it: pseudo-header fields and fields → the parts that all above work with. */
import { nameIs } from '../core/headers.ts'
import { all, BYTES, IS_TARGET, IS_TOKEN } from '../http/bytes.ts'
import { isAuthority, isSameAuthority } from '../http/authority.ts'
import { readLength } from '../http/field-rules.ts'
import type { HeadLimits, IncomingHead } from '../http/server-side.ts'
import {
  AUTHORITY,
  CONNECTION_SPECIFIC,
  CONTENT_LENGTH,
  COOKIE,
  EXPECT,
  HOP,
  HOST,
  MALFORMED,
  METHOD,
  PATH,
  PROTOCOL,
  SCHEME,
  STATUS,
  TE,
  UNKNOWN_PSEUDO,
} from './field-kind.ts'
import type { FieldSink } from './hpack/decoder.ts'

/** No method is nearly as long. */
const MAX_METHOD = 64

/** Never written to: each head begins a list of its own. */
const NONE: string[] = []

/** The longest text of a last request that is remembered as a good one. */
const REMEMBERED = 256

/** One object per connection, filled anew for each request. */
export class RequestFields implements FieldSink, IncomingHead {
  method = ''
  target = ''
  scheme: 'http' | 'https' = 'http'
  authority = ''
  headers: string[] = []
  bodyLength = 0
  upgrade = ''
  expectContinue = false
  readonly version = 20
  /** The fields take more than the limits allow (431); what came behind was not kept. */
  tooLarge = false
  /** Content-Length, or -1. */
  length = -1
  /** Why the request is malformed, or '' (RFC 9113 §8.1.1). */
  problem = ''

  #limits: HeadLimits
  #size = 0
  #schemeText: string | undefined = undefined
  #host: string | undefined = undefined
  #protocol: string | undefined = undefined
  #hasMethod = false
  #hasPath = false
  #hasAuthority = false
  /** Pseudo-header fields may come no more. */
  #inFields = false
  #cookie = -1
  // What was found to be well formed last: a connection asks for the same again and again, and its table has one text for it.
  #goodMethod = 'GET'
  #goodTarget = '/'
  #goodAuthority = 'localhost'

  constructor(limits: HeadLimits) {
    this.#limits = limits
  }

  begin(): void {
    this.method = ''
    this.target = ''
    this.scheme = 'http'
    this.authority = ''
    this.headers = []
    this.bodyLength = 0
    this.upgrade = ''
    this.expectContinue = false
    this.tooLarge = false
    this.length = -1
    this.problem = ''
    this.#size = 0
    this.#schemeText = undefined
    this.#host = undefined
    this.#protocol = undefined
    this.#hasMethod = false
    this.#hasPath = false
    this.#hasAuthority = false
    this.#inFields = false
    this.#cookie = -1
  }

  /** Lets go of the request: a connection may be silent for long, and its last head is kilobytes. */
  release(): void {
    this.headers = NONE
    this.method = ''
    this.target = ''
    this.authority = ''
    this.upgrade = ''
    this.#schemeText = undefined
    this.#host = undefined
    this.#protocol = undefined
  }

  field(name: string, value: string, kind: number, size: number): void {
    this.#size += size
    if (this.#size > this.#limits.maxHeaderBytes || this.headers.length >= 2 * this.#limits.maxHeaders) {
      this.tooLarge = true
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
        return
      case HOST:
        if (this.#host !== undefined) this.#refuse('more than one host')
        this.#host = value
        return
      case CONTENT_LENGTH:
        if (this.length >= 0) this.#refuse('more than one content-length')
        this.length = readLength(value)
        if (this.length < 0) this.#refuse('a content-length that is no number')
        break
      case TE:
        if (value !== 'trailers') this.#refuse('te that is not trailers')
        break
      case EXPECT:
        if (value.toLowerCase() === '100-continue') {
          this.expectContinue = true
          return
        }
        break
      case COOKIE:
        this.#joinCookie(name, value)
        return
    }
    this.headers.push(name, value)
  }

  /** RFC 9113 §8.2.3: crumbs become one field, for whoever is not HTTP/2. */
  #joinCookie(name: string, value: string): void {
    if (this.#cookie >= 0) this.headers[this.#cookie] += `; ${value}`
    else {
      this.#cookie = this.headers.length + 1
      this.headers.push(name, value)
    }
  }

  #refuse(problem: string): void {
    if (this.problem === '') this.problem = problem
  }

  #pseudo(value: string, kind: number): void {
    if (this.#inFields) {
      this.#refuse('a pseudo-header field behind a field')
      return
    }
    switch (kind) {
      case METHOD:
        if (this.#hasMethod) this.#refuse('more than one :method')
        this.#hasMethod = true
        this.method = value
        return
      case PATH:
        if (this.#hasPath) this.#refuse('more than one :path')
        this.#hasPath = true
        this.target = value
        return
      case SCHEME:
        if (this.#schemeText !== undefined) this.#refuse('more than one :scheme')
        this.#schemeText = value
        return
      case AUTHORITY:
        if (this.#hasAuthority) this.#refuse('more than one :authority')
        this.#hasAuthority = true
        this.authority = value
        return
      case PROTOCOL:
        if (this.#protocol !== undefined) this.#refuse('more than one :protocol')
        this.#protocol = value
        return
      case STATUS:
      case UNKNOWN_PSEUDO:
        this.#refuse('a pseudo-header field that no request has')
    }
  }

  /** Bytes of all fields, as RFC 9113 §6.5.2 counts them. */
  get size(): number {
    return this.#size
  }

  /** After the last field. `problem` and `tooLarge` say whether this is a request. */
  finish(endStream: boolean): void {
    if (this.tooLarge || this.problem !== '') return
    const method = this.method
    if (method !== this.#goodMethod) {
      if (!isMethod(method)) {
        this.#refuse('no :method, or one that is no token')
        return
      }
      this.#goodMethod = method
    }
    if (method === 'CONNECT') this.#finishConnect()
    else this.#finishTarget()
    if (this.problem !== '') return
    this.#finishAuthority()
    if (endStream && this.length > 0) this.#refuse('a content-length above 0, and no body')
    if (endStream) {
      this.bodyLength = 0
      // An HTTP/1.1 server may want to hear that there is none (RFC 9110 §8.6).
      if (this.length < 0 && this.upgrade === '' && anticipatesBody(method)) this.headers.push('content-length', '0')
    } else this.bodyLength = this.upgrade !== '' || method === 'CONNECT' ? 0 : this.length
  }

  /** RFC 9113 §8.5; with :protocol it is RFC 8441 §4, an upgrade by another name. */
  #finishConnect(): void {
    if (this.#protocol !== undefined) {
      if (!this.#hasPath || this.#schemeText === undefined) this.#refuse('extended CONNECT without :scheme or :path')
      if (this.length >= 0) this.#refuse('extended CONNECT with a content-length')
      this.method = 'GET'
      this.upgrade = this.#protocol
      if (!mayBeProtocol(this.upgrade)) this.#refuse('a :protocol that is no token, or h2c')
      this.#finishTarget()
      return
    }
    if (this.#hasPath || this.#schemeText !== undefined) this.#refuse('CONNECT with :scheme or :path')
    const colon = this.authority.lastIndexOf(':')
    if (colon < 1 || colon === this.authority.length - 1) this.#refuse('CONNECT without host:port')
    if (this.length >= 0) this.#refuse('CONNECT with a content-length')
    this.target = this.authority
  }

  #finishTarget(): void {
    if (this.#protocol !== undefined && this.upgrade === '') this.#refuse(':protocol without CONNECT')
    const scheme = this.#schemeText
    if (scheme === 'https') this.scheme = 'https'
    else if (scheme !== 'http') this.#refuse('no :scheme, or one that is neither http nor https')
    const target = this.target
    if (target === this.#goodTarget) return
    if (target === '*') {
      if (this.method !== 'OPTIONS') this.#refuse('the :path * is for OPTIONS')
    } else if (target.charCodeAt(0) !== 47) this.#refuse('no :path, or one that does not begin with /')
    else if (!isTarget(target)) this.#refuse('a :path with a character it may not have')
    else if (target.length <= REMEMBERED) this.#goodTarget = target
  }

  /** §8.3.1: what Host says must not differ. */
  #finishAuthority(): void {
    const host = this.#host
    if (host !== undefined) {
      if (!this.#hasAuthority) this.authority = host
      else if (host !== this.authority && !isSameAuthority(host, this.authority, this.scheme))
        this.#refuse('a host that is not the :authority')
    }
    const authority = this.authority
    if (authority === '') this.#refuse('neither :authority nor host')
    else if (authority === this.#goodAuthority) return
    else if (!isAuthority(authority)) this.#refuse('an :authority that is no host and port')
    else if (authority.length <= REMEMBERED) this.#goodAuthority = authority
  }
}

/** h2c would be a connection of the upstream's that we no longer read; as an upgrade it is taken out, too. */
function mayBeProtocol(protocol: string): boolean {
  return protocol.length > 0 && all(protocol, 0, protocol.length, IS_TOKEN) && !nameIs(protocol, 'h2c')
}

function isMethod(method: string): boolean {
  return method.length > 0 && method.length <= MAX_METHOD && all(method, 0, method.length, IS_TOKEN)
}

function isTarget(target: string): boolean {
  for (let i = 1; i < target.length; i++) {
    if (((BYTES[target.charCodeAt(i)] as number) & IS_TARGET) === 0) return false
  }
  return true
}

function anticipatesBody(method: string): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH'
}
