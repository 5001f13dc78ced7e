/** The forms of a request target (RFC 9112 §3.2), and what a Host may be. */
import { isAuthority } from '../http/authority.ts'

/** What the last call of `readTarget` made of a target. Read at once: it is shared. */
export const resolved = { authority: '', target: '', scheme: 'http' as 'http' | 'https' }

/** Any form but origin-form. Returns '' and fills `resolved`, or says what is wrong. */
export function readTarget(method: string, target: string): string {
  resolved.authority = ''
  resolved.target = target
  resolved.scheme = 'http'
  if (method === 'CONNECT') {
    const colon = target.lastIndexOf(':')
    if (!isAuthority(target) || colon < 1 || colon === target.length - 1) return 'CONNECT without host:port'
    resolved.authority = target
    return ''
  }
  if (target === '*') return method === 'OPTIONS' ? '' : 'the target * is for OPTIONS'
  return absolute(method, target)
}

function absolute(method: string, target: string): string {
  const scheme = target.slice(0, 8).toLowerCase()
  const isHttps = scheme === 'https://'
  if (!isHttps && !scheme.startsWith('http://')) return 'a target in no form we know'
  const from = isHttps ? 8 : 7
  let end = from
  while (end < target.length) {
    const c = target.charCodeAt(end)
    if (c === 47 || c === 63) break
    end++
  }
  const authority = target.slice(from, end)
  if (authority === '' || !isAuthority(authority)) return 'an absolute target without a host'
  const rest = target.slice(end)
  resolved.authority = authority
  resolved.scheme = isHttps ? 'https' : 'http'
  if (rest === '') resolved.target = method === 'OPTIONS' ? '*' : '/'
  else resolved.target = rest.charCodeAt(0) === 63 ? `/${rest}` : rest
  return ''
}
