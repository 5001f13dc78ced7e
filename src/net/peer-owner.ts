/** Whose a connection is that comes from this very machine: Linux lists every socket of a network namespace with its user. */
// cold file: asked for a few connections
import { readFileSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import type { OriginalDestination } from '../core/original-destination.ts'

/** `/proc/net/tcp` and `tcp6`; '' where there is none. */
export type ReadSockets = (family: 'tcp' | 'tcp6') => string

const readSockets: ReadSockets = (family) => {
  try {
    return readFileSync(`/proc/net/${family}`, 'latin1')
  } catch {
    return ''
  }
}

/** Places of a line's fields: `sl local_address rem_address st queues timer retrnsmt uid …`. */
const LOCAL = 1
const REMOTE = 2
const UID = 7

/**
 * The uid of whoever connected from local port `port` to `to`, as the kernel has it: before it was redirected. undefined: nobody
 * in this network namespace, or the list cannot be read.
 */
export function ownerOf(port: number, to: OriginalDestination, read: ReadSockets = readSockets): number | undefined {
  const from = `:${hexPort(port)}`
  const at = `:${hexPort(to.port)}`
  const four = isIPv4(to.host)
  // A socket of IPv6 that speaks to an address of IPv4 is in the other list.
  const lists = four ? [['tcp', hexWord(to.host)] as const, ['tcp6', MAPPED + hexWord(to.host)] as const] : []
  if (!four) lists.push(['tcp6', hexAddress(to.host)])
  for (const [family, address] of lists) {
    for (const line of read(family).split('\n')) {
      if (!line.includes(from)) continue
      const fields = line.trim().split(/\s+/)
      if (fields[LOCAL]?.endsWith(from) === true && fields[REMOTE] === address + at) return Number(fields[UID])
    }
  }
  return undefined
}

/** ::ffff:0:0/96, in words of the machine. */
const MAPPED = `${'0'.repeat(16)}FFFF0000`

function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0')
}

/** Bytes of an address in the order of a word of this machine, which is that of all machines Node runs on but one. */
function hexWord(host: string): string {
  const bytes = host.split('.').map((byte) => Number(byte).toString(16).toUpperCase().padStart(2, '0'))
  return bytes.reverse().join('')
}

/** `host` in its shortest form (RFC 5952), four words one after the other. */
function hexAddress(host: string): string {
  const [left = '', right] = host.split('::')
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const [before, after] = [groups(left), groups(right ?? '')]
  const zeros = right === undefined ? [] : new Array<string>(8 - before.length - after.length).fill('0')
  const all = [...before, ...zeros, ...after].map((group) => group.toUpperCase().padStart(4, '0')).join('')
  return all.replace(/(..)(..)(..)(..)/g, '$4$3$2$1')
}
