/** Active health checks of one service: one for each of its endpoints, as long as it is there. */
import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import type { Endpoint } from '../endpoint.ts'
import { EndpointCheck } from './endpoint-check.ts'
import type { Probe } from './probe.ts'
import type { ProbeGate } from './probe-gate.ts'
import type { Thresholds } from './verdict.ts'

export interface CheckSettings extends Thresholds {
  /** ms between the beginnings of two checks of one endpoint, give or take a tenth. */
  readonly interval: number
}

export interface CheckReport {
  /** `cause`: how many checks said so, and what the last one met. */
  changed(address: string, healthy: boolean, cause: string): void
}

export interface CheckParts {
  readonly settings: CheckSettings
  readonly probe: Probe
  readonly gate: ProbeGate
  readonly clock: Clock
  readonly random: Random
  readonly report: CheckReport
}

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
