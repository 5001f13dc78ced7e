/** A service whose endpoints stand in the file. */
import type { Balancer } from './balance/balancer.ts'
import { Endpoint } from './endpoint.ts'
import type { PoolSettings, UpstreamContext } from './pool.ts'
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
    hostHeader: string,
    balancer: Balancer,
    settings: PoolSettings,
    context: UpstreamContext,
  ) {
    this.name = name
    this.balancer = balancer
    this.endpoints = addresses.map((a) => new Endpoint(a.host, a.port, a.weight, hostHeader, settings, context))
  }

  close(): void {
    for (const endpoint of this.endpoints) endpoint.pool.close()
  }
}
