/** Blocks of addresses as iptables-save spells them: so a rule of ours is found again by its text. */
import { isIPv4 } from 'node:net'

/** `cidr` is one that `parseCidr` accepts. What lies beyond its length is cleared, IPv6 is written in its shortest form. */
export function canonicalCidr(cidr: string): string {
  const [address = '', length = ''] = cidr.split('/')
  const bits = Number(length)
  return `${isIPv4(address) ? v4(address, bits) : v6(address, bits)}/${bits}`
}

function v4(address: string, bits: number): string {
  const bytes = address.split('.').map(Number)
  return cleared(bytes, 8, bits).join('.')
}

function v6(address: string, bits: number): string {
  const groups = groupsOf(hostOf(`[${address}]`))
  const text = cleared(groups, 16, bits).map((group) => group.toString(16))
  return hostOf(`[${text.join(':')}]`)
}

/** The shortest form, without brackets. */
function hostOf(bracketed: string): string {
  return new URL(`http://${bracketed}`).hostname.slice(1, -1)
}

/** Eight groups of an address in its shortest form. */
function groupsOf(short: string): number[] {
  const [head = '', tail] = short.split('::')
  const read = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)))
  const before = read(head)
  const behind = read(tail ?? '')
  const gap = tail === undefined ? 0 : 8 - before.length - behind.length
  return [...before, ...new Array<number>(gap).fill(0), ...behind]
}

/** `parts` of `width` bits each, of which the first `bits` bits stay. */
function cleared(parts: readonly number[], width: number, bits: number): number[] {
  return parts.map((part, index) => {
    const kept = Math.min(width, Math.max(0, bits - index * width))
    return part & (((1 << kept) - 1) << (width - kept))
  })
}
