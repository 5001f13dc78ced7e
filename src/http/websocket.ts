/** The proof of an HTTP/1.1 WebSocket handshake (RFC 6455 §4), where the other side is HTTP/2 and has none. */
import { get, has, type Headers, nameIs } from '../core/headers.ts'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** Loaded where a WebSocket is opened: it would cost every process 4 MB. */
function crypto() {
  return process.getBuiltinModule('node:crypto')
}

/** The Sec-WebSocket-Accept for the Sec-WebSocket-Key of a request; '' where it has none. */
export function websocketAccept(request: Headers): string {
  const key = get(request, 'sec-websocket-key')
  return key === undefined ? '' : acceptOf(key)
}

export function acceptOf(key: string): string {
  return crypto()
    .createHash('sha1')
    .update(key + GUID)
    .digest('base64')
}

/** 16 bytes in base64. */
const KEY = /^[A-Za-z0-9+/]{22}==$/

/** An opening handshake of HTTP/1.1 has one key (RFC 6455 §4.2.1). Whoever answers it for an HTTP/2 server has to look, for that one sees none. */
export function lacksKey(upgrade: string, headers: Headers): boolean {
  if (!nameIs(upgrade, 'websocket')) return false
  let keys = 0
  for (let i = 0; i < headers.length; i += 2) {
    if (!nameIs(headers[i] as string, 'sec-websocket-key')) continue
    if (++keys > 1 || !KEY.test(headers[i + 1] as string)) return true
  }
  return keys === 0
}

/** A Sec-WebSocket-Key for a request that came by HTTP/2 and has none; '' where none is wanted. */
export function missingKey(upgrade: string, headers: Headers): string {
  if (!nameIs(upgrade, 'websocket') || has(headers, 'sec-websocket-key')) return ''
  return crypto().randomBytes(16).toString('base64')
}

/** What the handshake of HTTP/1.1 says and that of HTTP/2 does not (RFC 8441 §5); and a length, which no tunnel has. */
export function withoutHandshake(headers: Headers): string[] {
  const kept: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (!isHandshake(name)) kept.push(name, headers[i + 1] as string)
  }
  return kept
}

function isHandshake(name: string): boolean {
  switch (name.length) {
    case 7:
      return nameIs(name, 'upgrade')
    case 14:
      return nameIs(name, 'content-length')
    case 17:
      return nameIs(name, 'sec-websocket-key')
    case 20:
      return nameIs(name, 'sec-websocket-accept')
    default:
      return false
  }
}
