/** What the admin listener answers the kubelet for the application. */
import type { Clock } from '../../core/clock.ts'
import type { AppProbe } from '../../kubernetes/inject/app-probes.ts'
import type { Log } from '../../telemetry/index.ts'
import type { ProbeAnswer } from '../../upstream/health/probe.ts'
import { readAppProbes } from './table.ts'

/** Loaded by the first question: a sidecar that nobody injected is never asked. */
type Ask = typeof import('./ask.ts').askApp

export class AppHealth {
  readonly #probes: ReadonlyMap<string, AppProbe>
  readonly #host: string
  readonly #clock: Clock
  #ask: Promise<Ask> | undefined

  /** `environment`: APP_PROBES, and POD_IPS for where the application is. */
  constructor(environment: Readonly<Record<string, string | undefined>>, clock: Clock, log: Log) {
    this.#probes = readAppProbes(environment['APP_PROBES'], log)
    this.#host = (environment['POD_IPS'] ?? '').split(',')[0] || '127.0.0.1'
    this.#clock = clock
  }

  /** `name`: CONTAINER/KIND. undefined: there is no such probe. */
  async of(name: string): Promise<ProbeAnswer | undefined> {
    const probe = this.#probes.get(name)
    if (probe === undefined) return undefined
    this.#ask ??= import('./ask.ts').then(({ askApp }) => askApp)
    return (await this.#ask)(probe, this.#host, this.#clock)
  }
}
