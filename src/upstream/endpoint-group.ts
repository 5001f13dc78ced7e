/** The endpoints of one service: those there are, those of them that may be picked, and what watches over them. */
// cold file: runs when endpoints come and go
import type { Balancer } from './balance/balancer.ts'
import { PeakEwma } from './balance/peak-ewma.ts'
import { startSlowly } from './balance/slow-start.ts'
import type { Endpoint } from './endpoint.ts'
import type { HealthChecks } from './health/health-checks.ts'
import type { UpstreamContext } from './context.ts'
import type { Service } from './service.ts'

export abstract class EndpointGroup implements Service {
  readonly name: string
  readonly balancer: Balancer
  endpoints: readonly Endpoint[]
  ready: readonly Endpoint[]
  protected readonly context: UpstreamContext
  readonly #checks: HealthChecks | undefined

  constructor(name: string, balancer: Balancer, context: UpstreamContext, checks: HealthChecks | undefined) {
    this.name = name
    this.balancer = balancer
    this.endpoints = []
    this.ready = []
    this.context = context
    this.#checks = checks
  }

  /** Those there are from now on; who stays is the same object as before. */
  protected replace(next: readonly Endpoint[]): void {
    this.#letIn(
      next.filter((endpoint) => !this.endpoints.includes(endpoint)),
      this.ready.filter((endpoint) => next.includes(endpoint)),
    )
    // One alone is not compared with anybody.
    if (this.balancer.measures && next.length > 1) for (const endpoint of next) endpoint.meter ??= new PeakEwma()
    this.endpoints = next
    this.#sort()
    this.#checks?.follow(next, (endpoint) => this.#changed(endpoint))
  }

  #changed(endpoint: Endpoint): void {
    if (!endpoint.unhealthy) this.#letIn([endpoint], this.ready)
    this.#sort()
  }

  #letIn(newcomers: readonly Endpoint[], others: readonly Endpoint[]): void {
    const now = this.context.clock.now()
    if (!startSlowly(newcomers, others, now)) return
    for (const newcomer of newcomers) newcomer.warmingSince = now
  }

  /** The same list while nothing is held against any of them. */
  #sort(): void {
    const all = this.endpoints
    this.ready = all.some(({ unhealthy }) => unhealthy) ? all.filter(({ unhealthy }) => !unhealthy) : all
  }

  /** Nobody new comes: idle connections end now, busy ones after their exchanges. */
  close(): void {
    this.#checks?.close()
    for (const endpoint of this.endpoints) endpoint.close()
  }
}
