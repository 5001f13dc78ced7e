/** From what a client calls a service to the service. */
import { readHost } from './host-name.ts'

/** Names a cache generation holds. */
const CACHED = 512
/** No name is longer (RFC 1035 §2.3.4), a port included. */
const LONGEST = 260

/**
 * `name:port` means that port only and beats `name`, which means every port; both beat `*.suffix`, and among those the
 * longest wins. A port that is not said is the default one.
 */
export class HostTable<S extends object> {
  readonly #defaultPort: number
  /** By `name` and `name:port`. */
  readonly #exact: Map<string, S>
  /** By `.suffix` and `.suffix:port`. */
  readonly #suffixes: Map<string, S>
  /** By authority as it came. Two generations: when the young one is full it becomes the old one, which is forgotten. */
  #young: Map<string, S | null>
  #old: Map<string, S | null>

  /** 80, or 443 behind TLS. */
  constructor(defaultPort: number) {
    this.#defaultPort = defaultPort
    this.#exact = new Map()
    this.#suffixes = new Map()
    this.#young = new Map()
    this.#old = new Map()
  }

  /** `host` as the file has it. Of two services that claim one host, which the loader refuses, the first gets it. */
  add(host: string, service: S): void {
    const isSuffix = host.startsWith('*.')
    const name = readHost(isSuffix ? host.slice(2) : host)
    if (name === undefined) return
    const map = isSuffix ? this.#suffixes : this.#exact
    const key = `${isSuffix ? '.' : ''}${name.host}${name.port === 0 ? '' : `:${name.port}`}`
    if (!map.has(key)) map.set(key, service)
  }

  /** `authority` as it came. */
  lookup(authority: string): S | undefined {
    const known = this.#young.get(authority)
    if (known !== undefined) return known === null ? undefined : known
    return this.#miss(authority)
  }

  #miss(authority: string): S | undefined {
    if (authority.length > LONGEST) return undefined
    let found = this.#old.get(authority)
    if (found === undefined) found = this.#search(authority) ?? null
    if (this.#young.size >= CACHED) {
      this.#old = this.#young
      this.#young = new Map()
    }
    // A copy: the authority may be a slice, and as a key it would pin the whole head it was cut from.
    this.#young.set(Buffer.from(authority).toString(), found)
    return found === null ? undefined : found
  }

  #search(authority: string): S | undefined {
    const name = readHost(authority)
    if (name === undefined) return undefined
    const port = name.port === 0 ? this.#defaultPort : name.port
    return pick(this.#exact, name.host, port) ?? this.#bySuffix(name.host, port)
  }

  #bySuffix(host: string, port: number): S | undefined {
    if (this.#suffixes.size === 0) return undefined
    for (let dot = host.indexOf('.', 1); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const found = pick(this.#suffixes, host.slice(dot), port)
      if (found !== undefined) return found
    }
    return undefined
  }
}

function pick<S>(map: ReadonlyMap<string, S>, host: string, port: number): S | undefined {
  return map.get(`${host}:${port}`) ?? map.get(host)
}
