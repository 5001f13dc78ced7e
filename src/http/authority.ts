/** What a Host or an `:authority` may be. */
import { all, IS_HOST } from './bytes.ts'

/** Host and optional port, without user information (RFC 9110 §7.2). */
export function isAuthority(text: string): boolean {
  if (!all(text, 0, text.length, IS_HOST)) return false
  let at = 0
  if (text.charCodeAt(0) === 91) {
    at = text.indexOf(']')
    if (at < 2) return false
    at++
    if (at === text.length) return true
    if (text.charCodeAt(at) !== 58) return false
  } else {
    at = text.indexOf(':')
    if (at === 0) return false
    if (at < 0) return text.indexOf('[') < 0 && text.indexOf(']') < 0
    if (text.indexOf('[') >= 0) return false
  }
  let port = 0
  for (let i = at + 1; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return false
    port = port * 10 + digit
  }
  return port <= 65535
}

/** Whether two of them are one by the normal form of their scheme: case and the default port do not count (RFC 3986 §6.2.3). */
export function isSameAuthority(one: string, other: string, scheme: 'http' | 'https'): boolean {
  const port = scheme === 'http' ? ':80' : ':443'
  return withoutPort(one, port) === withoutPort(other, port)
}

function withoutPort(authority: string, port: string): string {
  const end = authority.length
  if (authority.endsWith(port)) return authority.slice(0, end - port.length).toLowerCase()
  return (authority.endsWith(':') ? authority.slice(0, end - 1) : authority).toLowerCase()
}
