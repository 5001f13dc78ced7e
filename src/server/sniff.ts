/** What the first bytes of a connection are the beginning of. Pure; reads a few bytes once a connection. */
// cold file: once a connection
import { BYTES, IS_TOKEN } from '../http/bytes.ts'
import { FRAME_HEADER, PREFACE, SETTINGS } from '../http2/frames.ts'

/** `more`: what came may become one of the others. */
export type Sniffed = 'http1' | 'http2' | 'tls' | 'opaque' | 'more'

/** No request line that is worth waiting for is longer before its second blank: it is then taken as what it seems to be. */
const LONGEST_METHOD = 24
const LONGEST_LINE = 16 * 1024
/** Empty lines before a request (RFC 9112 §2.2), as the parser lets them pass. */
const MAX_EMPTY_LINES = 8

/** Methods behind which a target is proof enough. Those nobody knows need a whole request line. */
const KNOWN = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
  'PROPFIND',
  'QUERY',
])

/** Of SETTINGS: bytes of one, and as many as no server has to say. */
const PAIR = 6
const MOST_PAIRS = 32

const HANDSHAKE = 0x16
const TLS_MAJOR = 3
const CLIENT_HELLO = 1

const CR = 13
const LF = 10
const BLANK = 32
const SLASH = 47

export function sniff(bytes: Buffer): Sniffed {
  if (bytes.length === 0) return 'more'
  if (bytes[0] === HANDSHAKE) return sniffTls(bytes)
  if (mayBePreface(bytes)) return bytes.length >= PREFACE.length ? 'http2' : 'more'
  return sniffHttp1(bytes)
}

/** What a client has said so far is the preface of HTTP/2, or a part of it. */
export function mayBePreface(bytes: Buffer): boolean {
  const size = Math.min(PREFACE.length, bytes.length)
  return PREFACE.compare(bytes, 0, size, 0, size) === 0
}

/** RFC 9113 §3.4: the first frame of a server of HTTP/2 is SETTINGS, of some pairs of six bytes, on stream 0. No other protocol begins like that. */
export function isServerPreface(bytes: Buffer): boolean {
  if (bytes.length < FRAME_HEADER) return false
  const pairs = bytes.readUIntBE(0, 3) / PAIR
  return bytes[3] === SETTINGS && pairs <= MOST_PAIRS && Number.isInteger(pairs) && bytes.readUIntBE(4, 5) === 0
}

/** RFC 8446 §5.1: content type, a version whose first byte is 3, the length, and in it a ClientHello. */
function sniffTls(bytes: Buffer): Sniffed {
  if (bytes.length > 1 && bytes[1] !== TLS_MAJOR) return 'opaque'
  if (bytes.length < 6) return 'more'
  return bytes[5] === CLIENT_HELLO ? 'tls' : 'opaque'
}

/** RFC 9112 §3: method, one blank, target, one blank, `HTTP/` and a version. */
function sniffHttp1(bytes: Buffer): Sniffed {
  const from = behindEmptyLines(bytes)
  if (from < 0) return 'opaque'
  let at = from
  while (at < bytes.length && at - from <= LONGEST_METHOD && isToken(bytes[at] as number)) at++
  if (at === bytes.length) return at - from > LONGEST_METHOD ? 'opaque' : 'more'
  if (bytes[at] !== BLANK || at === from) return 'opaque'
  if (at + 1 === bytes.length) return 'more'
  if (bytes[at + 1] === SLASH && KNOWN.has(bytes.toString('latin1', from, at))) return 'http1'
  const end = bytes.indexOf(LF, at)
  if (end < 0) return bytes.length - from > LONGEST_LINE ? 'opaque' : 'more'
  return /^[^ ]+ HTTP\/[0-9]\.[0-9]\r?$/.test(bytes.toString('latin1', at + 1, end)) ? 'http1' : 'opaque'
}

/** -1: more of them than a request may have. */
function behindEmptyLines(bytes: Buffer): number {
  let at = 0
  for (let lines = 0; bytes[at] === CR || bytes[at] === LF; at++) {
    if (bytes[at] === LF && ++lines > MAX_EMPTY_LINES) return -1
  }
  return at
}

function isToken(byte: number): boolean {
  return ((BYTES[byte] as number) & IS_TOKEN) !== 0
}

/** Of a request of HTTP/1 in the form for a forward proxy (RFC 9112 §3.2.2, §3.2.3) the host and the port it is for; '' of any other. */
export function proxiedAuthority(bytes: Buffer): string {
  const from = behindEmptyLines(bytes)
  const end = bytes.indexOf(LF, from)
  const [method = '', target = ''] = bytes.toString('latin1', from, end < 0 ? bytes.length : end).split(' ', 2)
  if (method === 'CONNECT') return target
  const [, scheme = '', authority = ''] = /^(https?):\/\/([^/?#]+)/i.exec(target) ?? []
  if (authority === '' || /:[0-9]+$/.test(authority)) return authority
  return `${authority.replace(/:$/, '')}:${scheme.toLowerCase() === 'http' ? 80 : 443}`
}
