/** Who may tell us things in headers (policy-format.md, `trust`). */
import { BlockList, isIPv6 } from 'node:net'

export interface TrustSettings {
  /** CIDR blocks or single addresses. */
  readonly peers: readonly string[]
  /** Lower case, or ''. */
  readonly sourceHeader: string
  readonly sources: readonly { readonly name: string; readonly cidr: readonly string[] }[]
}

/** What is known of a connection's peer; worked out once for each connection. */
export interface Peer {
  /** Its address, of IPv4 without the prefix that a listener of both families puts before it. */
  readonly address: string
  /** Its forwarded, deadline and source fields are believed. */
  readonly trusted: boolean
  /** The source that its address belongs to, or ''. */
  readonly source: string
}

export class Trust {
  /** Lower case, or ''. */
  readonly sourceHeader: string
  readonly #peers: BlockList
  readonly #sources: { readonly name: string; readonly blocks: BlockList }[]
  readonly #names: Set<string>

  constructor(settings: TrustSettings) {
    this.sourceHeader = settings.sourceHeader
    this.#peers = blockList(settings.peers)
    this.#sources = settings.sources.map(({ name, cidr }) => ({ name, blocks: blockList(cidr) }))
    this.#names = new Set(settings.sources.map(({ name }) => name))
  }

  peer(address: string): Peer {
    const plain = address.startsWith('::ffff:') ? address.slice(7) : address
    const family = isIPv6(plain) ? 'ipv6' : 'ipv4'
    const source = this.#sources.find(({ blocks }) => blocks.check(plain, family))
    return { address: plain, trusted: this.#peers.check(plain, family), source: source?.name ?? '' }
  }

  /** A trusted peer's word on who asks; a name we do not know counts for nothing. */
  named(value: string): string {
    return this.#names.has(value) ? value : ''
  }
}

function blockList(cidrs: readonly string[]): BlockList {
  const list = new BlockList()
  for (const cidr of cidrs) {
    const slash = cidr.indexOf('/')
    const address = slash < 0 ? cidr : cidr.slice(0, slash)
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (slash < 0) list.addAddress(address, family)
    else list.addSubnet(address, Number(cidr.slice(slash + 1)), family)
  }
  return list
}
