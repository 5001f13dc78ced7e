/** Heads: bytes → parts, strictly, and parts → bytes (RFC 9112 §2–§6). What is in doubt is refused, never guessed. */
import type { Headers } from '../core/headers.ts'
import { isOwnField, nameIs, without } from '../core/headers.ts'
import { opensTunnel } from '../http/answer-rules.ts'
import { isAuthority } from '../http/authority.ts'
import { all, BYTES, CR, IS_TARGET, IS_TOKEN, IS_VALUE, LF, SP } from '../http/bytes.ts'
import { readLength } from '../http/field-rules.ts'
import type { HeadLimits, IncomingHead } from '../http/server-side.ts'
import {
  CONNECTION,
  CONTENT_LENGTH,
  EXPECT,
  field,
  fieldKind,
  HOST,
  KEEP_ALIVE,
  OTHER,
  readField,
  TE,
  TRANSFER_ENCODING,
  UPGRADE,
} from './fields.ts'
import { cameBehind, type KnownLine, knownLine } from './known-lines.ts'
import { readTarget, resolved } from './target.ts'

/** No method is nearly as long (RFC 9112 §3: longer than any we know may be refused). */
const MAX_METHOD = 64

/** Never written to: each head that is parsed begins a list of its own. */
const NONE: string[] = []

/** Why a head was refused. */
export type HeadError = '' | 'malformed' | 'too_large'

/** No message body length can be this: the head ends, the connection's end ends the body. */
export const UNTIL_CLOSE = -2
export const CHUNKED = -1

/**
 * The parts of one head. One object per connection, filled anew for each message, so that a parse leaves nothing behind
 * but what the message keeps: strings and the list of fields.
 */
export class Head implements IncomingHead {
  method = ''
  target = ''
  authority = ''
  /** 0: a request. */
  status = 0
  reasonPhrase = ''
  /** 10 or 11. */
  version = 11
  headers: string[] = []
  /** Bytes, CHUNKED, or (answers) UNTIL_CLOSE. */
  bodyLength = 0
  keepAlive = true
  upgrade = ''
  expectContinue = false
  /** `Keep-Alive: timeout=` in s, or -1. */
  keepAliveTimeout = -1
  /** Of an absolute target, unless the connection says more: what came over TLS is https. */
  scheme: 'http' | 'https' = 'http'
  /** Fields of our own kind are among them: `x-outrigger-*`, `Proxy-Status`. */
  own = false
  /** What is wrong, after a refusal. */
  problem = ''
  /** After a refusal: where the request line names its protocol there stands a word that names none. */
  noProtocol = false

  readonly #secure: boolean
  /** The first field line of the last message, if it is a known one. */
  #first: KnownLine | undefined
  // Only while parsing:
  #hosts = 0
  #length = -1
  #codings = 0
  /** Tokens of Connection that name fields to take out. */
  #dropped: string[] | undefined
  #asksUpgrade = false
  #saysClose = false
  #saysKeepAlive = false

  /** `secure`: the connection is one of TLS. */
  constructor(secure = false) {
    this.#secure = secure
    this.#first = undefined
  }

  #begin(): void {
    this.headers = []
    this.bodyLength = 0
    this.keepAlive = true
    this.upgrade = ''
    this.expectContinue = false
    this.keepAliveTimeout = -1
    this.scheme = this.#secure ? 'https' : 'http'
    this.authority = ''
    this.own = false
    this.noProtocol = false
    this.#hosts = 0
    this.#length = -1
    this.#codings = 0
    this.#dropped = undefined
    this.#asksUpgrade = false
    this.#saysClose = false
    this.#saysKeepAlive = false
  }

  /** Lets go of the message: a connection may be silent for long, and its last request is kilobytes. */
  release(): void {
    this.headers = NONE
    this.method = ''
    this.target = ''
    this.authority = ''
    this.upgrade = ''
    this.#dropped = undefined
  }

  #refuse(problem: string): HeadError {
    this.problem = problem
    return 'malformed'
  }

  /** `text` is a whole request head in latin1, up to and with its empty line. */
  parseRequest(text: string, limits: HeadLimits): HeadError {
    this.#begin()
    let i = 0
    while (((BYTES[text.charCodeAt(i)] as number) & IS_TOKEN) !== 0) i++
    if (i === 0 || text.charCodeAt(i) !== SP) return this.#refuse('the request line begins with no method')
    if (i > MAX_METHOD) return this.#refuse(`a method of more than ${MAX_METHOD} characters`)
    this.method = text.slice(0, i)
    const from = ++i
    while (((BYTES[text.charCodeAt(i)] as number) & IS_TARGET) !== 0) i++
    if (i === from || text.charCodeAt(i) !== SP)
      return this.#refuse('the request target is empty or has a character it may not have')
    this.target = text.slice(from, i)
    if (!text.startsWith(' HTTP/1.', i) || text.charCodeAt(i + 9) !== CR || text.charCodeAt(i + 10) !== LF) {
      this.noProtocol = isWord(text, i + 1)
      return this.#refuse('the request line does not end with HTTP/1.0 or HTTP/1.1')
    }
    const minor = text.charCodeAt(i + 8)
    if (minor !== 49 && minor !== 48) return this.#refuse('the version is neither HTTP/1.0 nor HTTP/1.1')
    this.version = minor === 49 ? 11 : 10
    const error = this.#fields(text, i + 11, limits)
    if (error !== '') return error
    return this.#finishRequest()
  }

  /** `text` is a whole response head in latin1. `method` is what was asked: it decides about the body. */
  parseResponse(text: string, limits: HeadLimits, method: string): HeadError {
    this.#begin()
    if (!text.startsWith('HTTP/1.')) return this.#refuse('the answer does not begin with HTTP/1.')
    const minor = text.charCodeAt(7)
    if ((minor !== 49 && minor !== 48) || text.charCodeAt(8) !== SP)
      return this.#refuse('the status line has no version we know')
    this.version = minor === 49 ? 11 : 10
    let status = 0
    for (let i = 9; i < 12; i++) {
      const digit = text.charCodeAt(i) - 48
      if (!(digit >= 0 && digit <= 9)) return this.#refuse('the status is not three digits')
      status = status * 10 + digit
    }
    // What no class knows counts as a 5xx (RFC 9110 §15), and is passed on.
    if (status < 100) return this.#refuse('the status is below 100')
    this.status = status
    let end = 12
    // RFC 9112 §4: a space before an empty reason phrase; its absence is common and harmless.
    if (text.charCodeAt(12) === SP) {
      end = 13
      while (((BYTES[text.charCodeAt(end)] as number) & IS_VALUE) !== 0) end++
    }
    if (text.charCodeAt(end) !== CR || text.charCodeAt(end + 1) !== LF)
      return this.#refuse('the status line does not end with CRLF')
    this.reasonPhrase = end > 13 ? text.slice(13, end) : ''
    const error = this.#fields(text, end + 2, limits)
    if (error !== '') return error
    return this.#finishResponse(method)
  }

  #fields(text: string, at: number, limits: HeadLimits): HeadError {
    const last = text.length - 2
    const most = limits.maxHeaders
    let count = 0
    let before: KnownLine | undefined
    // What came first, or behind the line before, the last time is tried first.
    let line = this.#first
    while (at < last) {
      if (line !== undefined && text.startsWith(line.text, at)) {
        at += line.text.length
      } else {
        const problem = readField(text, at)
        if (problem !== '') return this.#refuse(problem)
        line = knownLine(text, at)
        if (before !== undefined) cameBehind(before, line)
        else if (count === 0) this.#first = line
        at = field.next
      }
      if (++count > most) {
        this.problem = `more than ${most} fields`
        return 'too_large'
      }
      const wrong =
        line === undefined
          ? this.#field(fieldKind(field.name), isOwnField(field.name), field.name, field.value)
          : this.#field(line.kind, line.own, line.name, line.value)
      if (wrong !== '') return this.#refuse(wrong)
      before = line
      line = line === undefined ? undefined : line.next
    }
    if (this.#codings > 0 && this.#length >= 0) return this.#refuse('both Content-Length and Transfer-Encoding')
    if (this.#dropped !== undefined) this.headers = dropNamed(this.headers, this.#dropped)
    return ''
  }

  /** Takes one field in, or says what is wrong with it. */
  #field(kind: number, own: boolean, name: string, value: string): string {
    switch (kind) {
      case OTHER:
        this.headers.push(name, value)
        if (own) this.own = true
        return ''
      case TE:
        // Of what TE says only this is not about this connection's codings (RFC 9110 §10.1.4). An answer has no TE.
        if (this.status === 0 && namesTrailers(value)) this.headers.push(name, 'trailers')
        return ''
      case HOST:
        if (++this.#hosts > 1) return 'more than one Host'
        this.authority = value
        return ''
      case CONTENT_LENGTH:
        if (this.#length >= 0) return 'more than one Content-Length'
        this.#length = readLength(value)
        if (this.#length < 0) return 'a Content-Length that is no number'
        this.headers.push(name, value)
        return ''
      case TRANSFER_ENCODING:
        if (++this.#codings > 1) return 'more than one Transfer-Encoding'
        return nameIs(value, 'chunked') ? '' : 'a Transfer-Encoding that is not chunked'
      case CONNECTION:
        return this.#connection(value)
      case UPGRADE:
        this.upgrade = this.upgrade === '' ? value : `${this.upgrade}, ${value}`
        return ''
      case EXPECT:
        if (nameIs(value, '100-continue')) this.expectContinue = true
        else this.headers.push(name, value)
        return ''
      case KEEP_ALIVE:
        this.#keepAliveField(value)
        return ''
      default:
        // HOP: for this connection alone.
        return ''
    }
  }

  #connection(value: string): string {
    if (nameIs(value, 'keep-alive')) {
      this.#saysKeepAlive = true
      return ''
    }
    for (const part of value.split(',')) {
      const token = part.trim().toLowerCase()
      if (token === '') continue
      if (!all(token, 0, token.length, IS_TOKEN)) return 'a Connection option that is no token'
      if (token === 'close') this.#saysClose = true
      else if (token === 'keep-alive') this.#saysKeepAlive = true
      else if (token === 'upgrade') this.#asksUpgrade = true
      else {
        if (this.#dropped === undefined) this.#dropped = []
        this.#dropped.push(token)
      }
    }
    return ''
  }

  #keepAliveField(value: string): void {
    const at = value.toLowerCase().indexOf('timeout=')
    if (at < 0) return
    const seconds = Number.parseInt(value.slice(at + 8), 10)
    if (seconds >= 0) this.keepAliveTimeout = seconds
  }

  #finishRequest(): HeadError {
    if (this.#codings > 0) {
      if (this.version === 10) return this.#refuse('Transfer-Encoding in HTTP/1.0')
      this.bodyLength = CHUNKED
    } else if (this.#length > 0) this.bodyLength = this.#length
    this.keepAlive = this.version === 11 ? !this.#saysClose : this.#saysKeepAlive && !this.#saysClose
    if (this.version === 10) this.expectContinue = false
    if (!this.#mayUpgrade) this.upgrade = ''
    else if (this.upgrade !== '') this.#checkUpgrade()
    return this.#resolveTarget()
  }

  /**
   * An upgrade has to be asked for twice, by a GET, which is what an HTTP/2 upstream takes it for (RFC 8441 §4), and not by
   * a request that carries a body (architecture.md, "Upgrades").
   */
  get #mayUpgrade(): boolean {
    return this.#asksUpgrade && this.method === 'GET' && this.bodyLength === 0 && this.version === 11
  }

  /** h2c is another connection's matter; a list of protocols is passed on without it. */
  #checkUpgrade(): void {
    const kept: string[] = []
    for (const part of this.upgrade.split(',')) {
      const token = part.trim()
      if (
        token === '' ||
        nameIs(token, 'h2c') ||
        !all(token.replace('/', ''), 0, token.replace('/', '').length, IS_TOKEN)
      )
        continue
      kept.push(token)
    }
    this.upgrade = kept.join(', ')
  }

  #resolveTarget(): HeadError {
    if (this.#hosts === 0 && this.version === 11) return this.#refuse('no Host')
    if (this.authority !== '' && !isAuthority(this.authority)) return this.#refuse('a Host that is no host and port')
    // A tunnel's bytes are no body (RFC 9110 §9.3.6).
    if (this.method === 'CONNECT' && this.bodyLength !== 0) return this.#refuse('CONNECT with a body')
    if (this.target.charCodeAt(0) === 47 && this.method !== 'CONNECT') return ''
    const problem = readTarget(this.method, this.target)
    if (problem !== '') return this.#refuse(problem)
    // RFC 9112 §3.2.2: a proxy ignores the Host it got and makes one from the target.
    if (resolved.authority !== '') this.authority = resolved.authority
    this.target = resolved.target
    if (!this.#secure) this.scheme = resolved.scheme
    return ''
  }

  /** RFC 9112 §6.3. */
  #finishResponse(method: string): HeadError {
    const status = this.status
    const tunnel = opensTunnel(method === 'CONNECT', status)
    if (tunnel || status < 200 || status === 204) {
      // RFC 9110 §8.6, RFC 9112 §6.1: neither field has a meaning here, and a sender must not send them.
      if (this.#codings > 0) return this.#refuse(`a ${status} answer with Transfer-Encoding`)
      if (this.#length > 0) return this.#refuse(`a ${status} answer with a Content-Length`)
      if (this.#length === 0) this.headers = without(this.headers, 'content-length')
      this.bodyLength = 0
    } else if (this.#codings > 0) {
      if (this.version === 10) return this.#refuse('Transfer-Encoding in HTTP/1.0')
      this.bodyLength = CHUNKED
    } else this.bodyLength = this.#length >= 0 ? this.#length : UNTIL_CLOSE
    this.keepAlive = this.version === 11 ? !this.#saysClose : this.#saysKeepAlive && !this.#saysClose
    // RFC 9110 §15.5.22: a 426 says what to switch to.
    if (status !== 101 && status !== 426) this.upgrade = ''
    return ''
  }
}

/** To the end of the line there is one word, and not of the form NAME/VERSION. */
function isWord(text: string, from: number): boolean {
  let at = from
  while (((BYTES[text.charCodeAt(at)] as number) & IS_TOKEN) !== 0) at++
  return at > from && text.charCodeAt(at) === CR
}

/** Whether `trailers` is among what TE lists (RFC 9110 §10.1.4). */
function namesTrailers(value: string): boolean {
  if (nameIs(value, 'trailers')) return true
  // cold: hardly anybody lists codings
  return value.includes(',') && value.split(',').some((one) => nameIs(one.trim(), 'trailers'))
}

/** Fields that Connection named are between the client and us (RFC 9110 §7.6.1); framing fields are none of them. */
function dropNamed(headers: Headers, names: readonly string[]): string[] {
  const kept: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase()
    if (!names.includes(name) || name === 'content-length' || name === 'te')
      kept.push(headers[i] as string, headers[i + 1] as string)
  }
  return kept
}
