/** Services found by the Kubernetes API: the client is loaded when the first of them is made. */
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import type { KubernetesEndpoints } from '../config/model.ts'
import type { Discovery, DiscoveryOptions } from '../kubernetes/discovery/discovery.ts'
import type { Log } from '../telemetry/index.ts'
import type { Follow } from '../upstream/discovery/slice-service.ts'
import type { SourceHealth } from '../upstream/discovery/source-health.ts'

/** Where the API server is, unless it is that of the cluster we run in. */
export interface ApiPlaces {
  readonly url?: string | undefined
  readonly tokenFile?: string | undefined
  readonly caFile?: string | undefined
}

export class KubernetesDiscovery {
  readonly #options: DiscoveryOptions
  readonly #log: Log
  #loading: Promise<Discovery> | undefined
  #loaded: Discovery | undefined

  constructor(
    places: ApiPlaces,
    environment: Readonly<Record<string, string | undefined>>,
    clock: Clock,
    random: Random,
    log: Log,
  ) {
    this.#options = { ...places, environment, clock, random }
    this.#log = log
  }

  /**
   * For one Service, whose `health` is kept; that the API cannot be asked is said once until it can, and so is each status with
   * which it refuses.
   */
  follow(name: string, at: KubernetesEndpoints, health: SourceHealth): Follow {
    return (found) => {
      const said = new Set<number>()
      const listener = {
        found: (addresses: Parameters<typeof found>[0]) => {
          if (said.size > 0) this.#log.info('endpoints are known again', { service: name, endpoints: addresses.length })
          said.clear()
          health.heard()
          found(addresses)
        },
        confirmed: () => health.heard(),
        failed: (cause: string, delay: number, kind: number) => {
          health.failed()
          if (said.has(kind)) return
          said.add(kind)
          this.#log.warn('endpoints cannot be asked for, the last ones stay', { service: name, cause, retryMs: delay })
        },
      }
      // At once where it can be: a Service that is made anew at a reload joins before its former self leaves.
      if (this.#loaded !== undefined) return this.#loaded.follow(at, listener)
      let stopped = false
      let stop = (): void => {
        stopped = true
      }
      void this.#load().then((discovery) => {
        if (!stopped) stop = discovery.follow(at, listener)
      })
      return () => stop()
    }
  }

  #load(): Promise<Discovery> {
    this.#loading ??= import('../kubernetes/discovery/discovery.ts').then(({ Discovery }) => {
      this.#loaded = new Discovery(this.#options)
      return this.#loaded
    })
    return this.#loading
  }
}
