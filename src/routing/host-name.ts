/** Hosts as they are compared: case, a trailing dot and the spelling of an address play no part. */

export interface HostName {
  /** Lower case, without trailing dot; IPv6 in brackets. */
  readonly host: string
  /** 0 where none was said. */
  readonly port: number
}

const COLON = 0x3a
const OPEN = 0x5b

/** `host`, `host:port`, `[v6]`, `[v6]:port`; undefined for anything else. */
export function readHost(authority: string): HostName | undefined {
  const end = authority.charCodeAt(0) === OPEN ? authority.indexOf(']') + 1 : endOfName(authority)
  if (end === 0) return undefined
  const port = end === authority.length ? 0 : readPort(authority, end)
  if (port < 0) return undefined
  const name = authority.slice(0, end).toLowerCase()
  if (name.charCodeAt(0) === OPEN) return canonicalV6(name, port)
  const host = name.endsWith('.') ? name.slice(0, -1) : name
  return host === '' ? undefined : { host, port }
}

function endOfName(authority: string): number {
  const colon = authority.indexOf(':')
  return colon < 0 ? authority.length : colon
}

/** The port behind the colon at `from`: 0 where nothing follows it (RFC 3986 §3.2.3), -1 where it is no port. */
function readPort(authority: string, from: number): number {
  if (authority.charCodeAt(from) !== COLON || authority.length - from > 6) return -1
  let port = 0
  for (let i = from + 1; i < authority.length; i++) {
    const digit = authority.charCodeAt(i) - 0x30
    if (!(digit >= 0 && digit <= 9)) return -1
    port = port * 10 + digit
  }
  return port <= 65535 ? port : -1
}

/** `[0:0::1]` and `[::1]` are one address. */
function canonicalV6(name: string, port: number): HostName | undefined {
  const url = URL.parse(`http://${name}`)
  return url === null ? undefined : { host: url.hostname, port }
}
