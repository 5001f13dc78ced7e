/** A service whose endpoints are what a name resolves to, looked up again and again (getaddrinfo, with search domains). */
import { ADDRCONFIG, lookup } from 'node:dns'
import type { Timed, Timer } from '../../core/clock.ts'
import type { Balancer } from '../balance/balancer.ts'
import { Endpoint, type EndpointSettings } from '../endpoint.ts'
import { EndpointGroup } from '../endpoint-group.ts'
import type { HealthChecks } from '../health/health-checks.ts'
import type { UpstreamContext } from '../context.ts'

export interface DnsName {
  readonly name: string
  readonly port: number
  /** ms between look-ups. */
  readonly refresh: number
}

export interface DnsReport {
  /** One address for what may be many pods: said once. */
  singleAddress(service: string, name: string): void
  failed(service: string, name: string, cause: string): void
  /** The name was looked up. */
  found(): void
}

/** "No such name" this often in a row is believed; anything else keeps the last answer. */
const NO_SUCH_NAME_LIMIT = 2

export type Lookup = (
  name: string,
  done: (error: NodeJS.ErrnoException | null, addresses: readonly string[]) => void,
) => void

/** The system's resolver; each address once, of families that the machine has an address of (RFC 3493 §6.1). */
export const systemLookup: Lookup = (name, done) => {
  lookup(name, { all: true, hints: ADDRCONFIG }, (error, found) => {
    done(error, error === null ? [...new Set(found.map((one) => one.address))] : [])
  })
}

export class DnsService extends EndpointGroup implements Timed {
  readonly #dns: DnsName
  readonly #settings: EndpointSettings
  readonly #report: DnsReport
  readonly #lookup: Lookup
  #timer: Timer | undefined
  #misses: number
  #closed: boolean
  #saidSingle: boolean

  /** `known`: what the name was known to resolve to; it holds until a look-up says otherwise. */
  constructor(
    name: string,
    dns: DnsName,
    balancer: Balancer,
    settings: EndpointSettings,
    context: UpstreamContext,
    report: DnsReport,
    lookupName: Lookup = systemLookup,
    checks?: HealthChecks,
    known: readonly string[] = [],
  ) {
    super(name, balancer, context, checks)
    this.#dns = dns
    this.#settings = settings
    this.#report = report
    this.#lookup = lookupName
    this.#timer = undefined
    this.#misses = 0
    this.#closed = false
    this.#saidSingle = false
    if (known.length > 0) this.#take(known)
    this.expired()
  }

  get looksUp(): string {
    return this.#dns.name
  }

  /** What the name resolves to, as far as is known. */
  get addresses(): string[] {
    return this.endpoints.map(({ host }) => host)
  }

  /** Looks the name up; the next look-up is set when this one is over. */
  expired(): void {
    this.#lookup(this.#dns.name, (error, addresses) => {
      if (this.#closed) return
      if (error === null) this.#found(addresses)
      else this.#missed(error)
      this.#timer = this.context.clock.schedule(this.#dns.refresh, this)
    })
  }

  #found(addresses: readonly string[]): void {
    this.#misses = 0
    this.#report.found()
    if (addresses.length === 1 && !this.#saidSingle) {
      this.#saidSingle = true
      this.#report.singleAddress(this.name, this.#dns.name)
    }
    this.#take(addresses)
  }

  #take(addresses: readonly string[]): void {
    const known = new Map(this.endpoints.map((endpoint) => [endpoint.host, endpoint]))
    const next: Endpoint[] = []
    for (const address of addresses) {
      const same = known.get(address)
      known.delete(address)
      next.push(same ?? new Endpoint(address, this.#dns.port, 1, this.#settings, this.context))
    }
    this.replace(next)
    for (const gone of known.values()) gone.takeAway()
  }

  #missed(error: NodeJS.ErrnoException): void {
    this.#report.failed(this.name, this.#dns.name, error.message)
    if (error.code !== 'ENOTFOUND') {
      this.#misses = 0
      return
    }
    if (++this.#misses < NO_SUCH_NAME_LIMIT) return
    const gone = this.endpoints
    this.replace([])
    for (const endpoint of gone) endpoint.takeAway()
  }

  override close(): void {
    this.#closed = true
    this.context.clock.cancel(this.#timer)
    super.close()
  }
}
