/** The field section of a head or of trailers: bytes → a flat list, strictly (RFC 9112 §5, RFC 9110 §5.5). */
import { nameIs } from '../core/headers.ts'
import { BYTES, CR, IS_TOKEN, IS_VALUE, LF, SP, TAB } from '../http/bytes.ts'

/** Fields that concern this connection or the message's framing; everything else is passed on as it came. */
export const OTHER = 0
export const HOST = 1
export const CONTENT_LENGTH = 2
export const TRANSFER_ENCODING = 3
export const CONNECTION = 4
export const UPGRADE = 5
export const EXPECT = 6
export const KEEP_ALIVE = 7
/** Hop by hop, without a meaning for us: Proxy-Connection, HTTP2-Settings, Proxy-Authenticate, -Authorization. */
const HOP = 8
export const TE = 9

/** Which field a name is; the length decides which one comparison is made. */
export function fieldKind(name: string): number {
  switch (name.length) {
    case 2:
      return nameIs(name, 'te') ? TE : OTHER
    case 4:
      return nameIs(name, 'host') ? HOST : OTHER
    case 6:
      return nameIs(name, 'expect') ? EXPECT : OTHER
    case 7:
      return nameIs(name, 'upgrade') ? UPGRADE : OTHER
    case 10:
      if (nameIs(name, 'connection')) return CONNECTION
      return nameIs(name, 'keep-alive') ? KEEP_ALIVE : OTHER
    case 14:
      if (nameIs(name, 'content-length')) return CONTENT_LENGTH
      return nameIs(name, 'http2-settings') ? HOP : OTHER
    case 16:
      return nameIs(name, 'proxy-connection') ? HOP : OTHER
    case 17:
      return nameIs(name, 'transfer-encoding') ? TRANSFER_ENCODING : OTHER
    case 18:
      return nameIs(name, 'proxy-authenticate') ? HOP : OTHER
    case 19:
      return nameIs(name, 'proxy-authorization') ? HOP : OTHER
    default:
      return OTHER
  }
}

/** Where the last call of `readField` found its field, and where the next line begins. Read at once: it is shared. */
export const field = { name: '', value: '', next: 0 }

/**
 * Reads one field line of `text`, a latin1 string, at `at`. The line ends with CRLF, which stands in `text`.
 * Returns '' and fills `field`, or says what is wrong.
 */
export function readField(text: string, at: number): string {
  let i = at
  while (((BYTES[text.charCodeAt(i)] as number) & IS_TOKEN) !== 0) i++
  if (i === at) return 'a field line that begins with no name'
  if (text.charCodeAt(i) !== 58) return 'a field name with a character that is no token character'
  const name = text.slice(at, i)
  i++
  let c = text.charCodeAt(i)
  while (c === SP || c === TAB) c = text.charCodeAt(++i)
  const from = i
  while (((BYTES[c] as number) & IS_VALUE) !== 0) c = text.charCodeAt(++i)
  if (c !== CR || text.charCodeAt(i + 1) !== LF) return 'a field value with a control character'
  let to = i
  while (to > from) {
    c = text.charCodeAt(to - 1)
    if (c !== SP && c !== TAB) break
    to--
  }
  field.name = name
  field.value = text.slice(from, to)
  field.next = i + 2
  return ''
}
