/** What a field means to an HTTP/2 message, and whether it may stand in one (RFC 9113 §8.2). */
import { BYTES, IS_TOKEN, IS_VALUE, SP, TAB } from '../http/bytes.ts'
import { isOwnField } from '../core/headers.ts'

const PLAIN = 0
/** A name or value that no message may have: upper case, no token, a control character, blanks at an end. */
export const MALFORMED = 1
/** Connection, Keep-Alive, Proxy-Connection, Transfer-Encoding, Upgrade: malformed too (§8.2.2). */
export const CONNECTION_SPECIFIC = 2
/** Hop by hop, and not the next hop's to see: Proxy-Authenticate, Proxy-Authorization, HTTP2-Settings. */
export const HOP = 3
export const HOST = 4
export const CONTENT_LENGTH = 5
export const TE = 6
export const EXPECT = 7
export const COOKIE = 8
/** `x-outrigger-*`, `proxy-status`. */
export const OWN = 9

// Pseudo-header fields; all of them are at least METHOD.
export const METHOD = 16
export const SCHEME = 17
export const AUTHORITY = 18
export const PATH = 19
export const STATUS = 20
export const PROTOCOL = 21
export const UNKNOWN_PSEUDO = 22

export function classify(name: string, value: string): number {
  return isValue(value) ? nameKind(name) : MALFORMED
}

/** RFC 9113 §8.2.1, and for all control characters what it says of three: HTTP/1.1 could not carry them. */
function isValue(value: string): boolean {
  const length = value.length
  if (length === 0) return true
  for (let i = 0; i < length; i++) {
    if (((BYTES[value.charCodeAt(i)] as number) & IS_VALUE) === 0) return false
  }
  return !isBlank(value.charCodeAt(0)) && !isBlank(value.charCodeAt(length - 1))
}

function isBlank(code: number): boolean {
  return code === SP || code === TAB
}

function isName(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (((BYTES[code] as number) & IS_TOKEN) === 0 || (code >= 65 && code <= 90)) return false
  }
  return name.length > 0
}

function nameKind(name: string): number {
  if (name.charCodeAt(0) === 58) return pseudoKind(name)
  if (!isName(name)) return MALFORMED
  switch (name) {
    case 'te':
      return TE
    case 'host':
      return HOST
    case 'cookie':
      return COOKIE
    case 'expect':
      return EXPECT
    case 'content-length':
      return CONTENT_LENGTH
    case 'connection':
    case 'keep-alive':
    case 'proxy-connection':
    case 'transfer-encoding':
    case 'upgrade':
      return CONNECTION_SPECIFIC
    case 'proxy-authenticate':
    case 'proxy-authorization':
    case 'http2-settings':
      return HOP
    default:
      return isOwnField(name) ? OWN : PLAIN
  }
}

function pseudoKind(name: string): number {
  switch (name) {
    case ':method':
      return METHOD
    case ':scheme':
      return SCHEME
    case ':authority':
      return AUTHORITY
    case ':path':
      return PATH
    case ':status':
      return STATUS
    case ':protocol':
      return PROTOCOL
    default:
      return UNKNOWN_PSEUDO
  }
}
