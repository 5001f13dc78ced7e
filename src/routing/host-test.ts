/**
 * The host that a route entry asks for among its headers. It stands beside a request's other fields, and comes as `:authority` over HTTP/2.
 * Compared as the hosts of a Service are (hosts.ts): case plays no part, no port means every port, and a port that is not said is 80.
 */
import { readHost } from './host-name.ts'

const DEFAULT_PORT = 80

/** Equal texts for equal hosts; a text that is no host stays as it is, and nothing meets it. */
export function canonicalHost(text: string): string {
  const name = readHost(text)
  if (name === undefined) return text
  return name.port === 0 ? name.host : `${name.host}:${name.port}`
}

/** `wanted` as of `canonicalHost`; `authority` as it came. Clients mostly write it as the file does, and other hosts mostly begin otherwise: then nothing is made. */
export function isHost(wanted: string, authority: string): boolean {
  if (authority === wanted) return true
  if ((authority.charCodeAt(0) | 0x20) !== (wanted.charCodeAt(0) | 0x20)) return false
  const name = readHost(authority)
  if (name === undefined) return false
  return name.host === wanted || `${name.host}:${name.port === 0 ? DEFAULT_PORT : name.port}` === wanted
}

/** Whether some request is for both, which are as of `canonicalHost`: one may say the port that the other leaves open. */
export function hostsMeet(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}:`) || b.startsWith(`${a}:`)
}
