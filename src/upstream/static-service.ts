/** A service whose endpoints stand in the file. */
import type { Balancer } from './balance/balancer.ts'
import { Endpoint, type EndpointSettings } from './endpoint.ts'
import { EndpointGroup } from './endpoint-group.ts'
import type { HealthChecks } from './health/health-checks.ts'
import type { UpstreamContext } from './context.ts'

export interface Address {
  readonly host: string
  readonly port: number
  readonly weight: number
}

export class StaticService extends EndpointGroup {
  constructor(
    name: string,
    addresses: readonly Address[],
    balancer: Balancer,
    settings: EndpointSettings,
    context: UpstreamContext,
    checks?: HealthChecks,
  ) {
    super(name, balancer, context, checks)
    this.replace(addresses.map((a) => new Endpoint(a.host, a.port, a.weight, settings, context)))
  }
}
