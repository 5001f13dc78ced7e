/** A service whose endpoints somebody else finds and tells, as the Kubernetes API does. */
import type { Balancer } from '../balance/balancer.ts'
import { Endpoint, type EndpointSettings } from '../endpoint.ts'
import { EndpointGroup } from '../endpoint-group.ts'
import type { HealthChecks } from '../health/health-checks.ts'
import type { UpstreamContext } from '../context.ts'

export interface FoundAddress {
  readonly host: string
  readonly port: number
}

/** Begins to tell `found`, at once or later, each time with all there are; the returned function ends that. */
export type Follow = (found: (addresses: readonly FoundAddress[]) => void) => () => void

/** Before the first word there are none; while nothing is told, those that were told last. */
export class SliceService extends EndpointGroup {
  readonly #settings: EndpointSettings
  readonly #stop: () => void

  constructor(
    name: string,
    follow: Follow,
    balancer: Balancer,
    settings: EndpointSettings,
    context: UpstreamContext,
    checks?: HealthChecks,
  ) {
    super(name, balancer, context, checks)
    this.#settings = settings
    this.#stop = follow((addresses) => this.#found(addresses))
  }

  #found(addresses: readonly FoundAddress[]): void {
    const known = new Map(this.endpoints.map((endpoint) => [`${endpoint.host} ${endpoint.port}`, endpoint]))
    const next: Endpoint[] = []
    for (const { host, port } of addresses) {
      const key = `${host} ${port}`
      const same = known.get(key)
      known.delete(key)
      next.push(same ?? new Endpoint(host, port, 1, this.#settings, this.context))
    }
    this.replace(next)
    for (const gone of known.values()) gone.takeAway()
  }

  override close(): void {
    this.#stop()
    super.close()
  }
}
