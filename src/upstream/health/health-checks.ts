/** Active health checks of one service: one for each of its endpoints, as long as it is there. */
import type { Endpoint } from '../endpoint.ts'
import { type CheckParts, EndpointCheck } from './endpoint-check.ts'

export class HealthChecks {
  readonly #parts: CheckParts
  readonly #checks: Map<Endpoint, EndpointCheck>

  constructor(parts: CheckParts) {
    this.#parts = parts
    this.#checks = new Map()
  }

  /** These are the endpoints from now on; `changed` is told of each whose `unhealthy` changes. */
  follow(endpoints: readonly Endpoint[], changed: (endpoint: Endpoint) => void): void {
    for (const [endpoint, check] of this.#checks) {
      if (endpoints.includes(endpoint)) continue
      check.stop()
      this.#checks.delete(endpoint)
    }
    for (const endpoint of endpoints) {
      if (!this.#checks.has(endpoint)) this.#checks.set(endpoint, new EndpointCheck(endpoint, this.#parts, changed))
    }
  }

  /** Probes that are under way end at once. */
  close(): void {
    for (const check of this.#checks.values()) check.stop()
    this.#checks.clear()
  }
}
