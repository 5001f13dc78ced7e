/** One endpoint, asked again and again until it is gone. */
import type { Clock, Timed, Timer } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import type { Endpoint } from '../endpoint.ts'
import type { Probe, ProbeAnswer } from './probe.ts'
import type { ProbeGate, Prober } from './probe-gate.ts'
import { spread, type Thresholds, Verdict } from './verdict.ts'

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

export class EndpointCheck implements Timed, Prober {
  readonly #endpoint: Endpoint
  readonly #parts: CheckParts
  readonly #changed: (endpoint: Endpoint) => void
  readonly #verdict: Verdict
  #timer: Timer | undefined
  /** Of the probe that is under way. */
  #abort: AbortController | undefined
  #begunAt: number
  #stopped: boolean

  /** `changed` is told when `endpoint.unhealthy` has changed. */
  constructor(endpoint: Endpoint, parts: CheckParts, changed: (endpoint: Endpoint) => void) {
    const { clock, random, settings } = parts
    this.#endpoint = endpoint
    this.#parts = parts
    this.#changed = changed
    this.#verdict = new Verdict(settings)
    this.#abort = undefined
    this.#begunAt = 0
    this.#stopped = false
    // Anywhere in the first interval: all endpoints of all sidecars begin with the same deployment.
    this.#timer = clock.schedule(settings.interval * random.fraction(), this)
  }

  expired(): void {
    this.#parts.gate.enter(this)
  }

  probe(): void {
    const { probe, clock, gate } = this.#parts
    const { host, port } = this.#endpoint
    const abort = new AbortController()
    this.#abort = abort
    this.#begunAt = clock.now()
    const done = (answer: ProbeAnswer) => {
      gate.leave()
      if (!this.#stopped) this.#hear(answer)
    }
    probe(host, port, abort.signal).then(done, (error) => done({ passed: false, why: String(error) }))
  }

  #hear({ passed, why }: ProbeAnswer): void {
    const { clock, random, settings, report } = this.#parts
    this.#abort = undefined
    const now = clock.now()
    if (passed) this.#endpoint.wellAt = now
    const took = now - this.#begunAt
    this.#timer = clock.schedule(spread(settings.interval, random.fraction()) - took, this)
    if (!this.#verdict.hear(passed)) return
    const { healthy } = this.#verdict
    const run = healthy ? settings.healthy : settings.unhealthy
    this.#endpoint.unhealthy = !healthy
    report.changed(this.#endpoint.address, healthy, `${run} in a row ${passed ? 'passed' : 'failed'}, the last: ${why}`)
    this.#changed(this.#endpoint)
  }

  stop(): void {
    this.#stopped = true
    this.#parts.clock.cancel(this.#timer)
    this.#parts.gate.forget(this)
    this.#abort?.abort()
  }
}
