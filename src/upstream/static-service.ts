/** A service whose endpoints stand in the file. */
import type { Balancer } from './balance/balancer.ts'
import { Endpoint, type EndpointSettings } from './endpoint.ts'
import type { UpstreamContext } from './pool.ts'
import type { Service } from './service.ts'

export interface Address {
  readonly host: string
  readonly port: number
  readonly weight: number
}

export class StaticService implements Service {
  readonly name: string
  readonly endpoints: readonly Endpoint[]
  readonly balancer: Balancer

  constructor(
    name: string,
    addresses: readonly Address[],
    balancer: Balancer,
    settings: EndpointSettings,
    context: UpstreamContext,
  ) {
    this.name = name
    this.balancer = balancer
    this.endpoints = addresses.map((a) => new Endpoint(a.host, a.port, a.weight, settings, context))
  }

  close(): void {
    for (const endpoint of this.endpoints) endpoint.close()
  }
}
