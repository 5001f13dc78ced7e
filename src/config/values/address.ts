/** `HOST:PORT`, CIDR blocks and the host names of Services. */
import { isIPv4, isIPv6 as isIPv6Text } from 'node:net'
import type { HostPort } from '../model.ts'
import { type Parsed, parsed, unreadable } from './parsed.ts'

const MUST = 'an address HOST:PORT such as 10.0.0.7:8080 or "[::1]:8080"'

/** Node compiles a large expression on the first call: only what has two colons is worth it. */
function isIPv6(text: string): boolean {
  return text.indexOf(':') !== text.lastIndexOf(':') && isIPv6Text(text)
}

/** Ports 0–65535; an IPv6 host loses its brackets. */
export function parseAddress(text: string): Parsed<HostPort> {
  if (/^[0-9]+$/.test(text)) return unreadable(MUST, `write 127.0.0.1:${text}`)
  if (isIPv6(text)) return unreadable(MUST, `brackets and a port are missing: write "[${text}]:8080"`)
  const colon = text.lastIndexOf(':')
  const bracketed = text.startsWith('[')
  if (colon < 0 || (bracketed && text.endsWith(']')))
    return unreadable(MUST, `the port is missing: write ${quoted(text)}`)
  const name = text.slice(0, colon)
  const port = text.slice(colon + 1)
  if (!/^[0-9]{1,5}$/.test(port) || Number(port) > 65_535) return unreadable(MUST, 'a port is a number from 0 to 65535')
  if (name === '') return unreadable(MUST, `the host is missing: write 0.0.0.0:${port} or 127.0.0.1:${port}`)
  if (isIPv6(name)) return unreadable(MUST, `IPv6 stands in brackets: write "[${name}]:${port}"`)
  const host = bracketed && name.endsWith(']') ? name.slice(1, -1) : name
  if (bracketed ? !isIPv6(host) : !isHostName(host)) return unreadable(MUST, `'${name.slice(0, 60)}' is no host`)
  return parsed({ host, port: Number(port) })
}

function quoted(host: string): string {
  return host.startsWith('[') ? `"${host}:8080"` : `${host}:8080`
}

/** A DNS name (underscores too, as some resolvers have them) or an IPv4 address. */
export function isHostName(text: string): boolean {
  if (
    text.length > 253 ||
    !/^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$/.test(text)
  )
    return false
  // Digits and dots alone are meant as an address (a top-level domain is never a number, RFC 1123 §2.1).
  return !/^(.*\.)?[0-9]+$/.test(text) || isIPv4(text)
}

/** What clients may call a Service: a name, `*.suffix`, or an address, each with a port or without; in lower case. */
export function parseServiceHost(text: string): Parsed<string> {
  const must = 'a host such as inventory, "*.shop.test" or inventory:8080'
  const match = /^(\[[^\]]*\]|[^:[\]]*)(?::([0-9]{1,5}))?$/.exec(text)
  const host = match?.[1] ?? ''
  if (/^[a-z]+:\/\//i.test(text)) return unreadable(must, 'leave the scheme and the path out')
  if (match === null || Number(match[2] ?? 1) > 65_535 || Number(match[2] ?? 1) < 1) return unreadable(must, '')
  if (host.startsWith('[')) return isIPv6(host.slice(1, -1)) ? parsed(text.toLowerCase()) : unreadable(must, '')
  const name = host.startsWith('*.') ? host.slice(2) : host
  if (host.endsWith('.')) return unreadable(must, `write it without the last dot: ${host.slice(0, -1)}`)
  if (host.includes('*', 1) || (host.includes('*') && !host.startsWith('*.')))
    return unreadable(must, 'a star stands for whole labels, first and alone')
  return isHostName(name) ? parsed(text.toLowerCase()) : unreadable(must, '')
}

/** `10.0.0.0/8`; a bare address is that address alone. */
export function parseCidr(text: string): Parsed<string> {
  const must = 'a block of addresses such as 10.0.0.0/8 or "fd00::/8"'
  const slash = text.indexOf('/')
  const address = slash < 0 ? text : text.slice(0, slash)
  const isV4 = isIPv4(address)
  if (!(isV4 || isIPv6(address)) || address.includes('%')) return unreadable(must, '')
  const most = isV4 ? 32 : 128
  if (slash < 0) return parsed(`${address}/${most}`)
  const bits = text.slice(slash + 1)
  if (!/^[0-9]{1,3}$/.test(bits) || Number(bits) > most) return unreadable(must, `the length is 0 to ${most}`)
  return parsed(text)
}
