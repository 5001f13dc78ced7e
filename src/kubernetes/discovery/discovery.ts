/** Endpoints of Services by watching their EndpointSlices. Needs `get, list, watch` on endpointslices of the namespace. */
import { readFileSync } from 'node:fs'
import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import { KubernetesApi } from '../api/client.ts'
import { type ConnectionPlaces, openConnection, SERVICE_ACCOUNT } from '../api/connection.ts'
import { sleep } from '../api/sleep.ts'
import { watch } from '../api/watch.ts'
import { type SliceListener, WatchedService } from './watched-service.ts'

export interface SliceQuery {
  readonly service: string
  /** '': the pod's own. */
  readonly namespace: string
  readonly port: string | number
}

export interface DiscoveryOptions extends ConnectionPlaces {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly random: Random
}

/** ms until it is looked again whether there is an API server, or a token for it. */
const RETRY = 10_000

interface Watched {
  readonly service: WatchedService
  readonly stop: AbortController
}

/** One connection to the API server for all, and one watch for all that follow the same Service. */
export class Discovery {
  readonly #options: DiscoveryOptions
  readonly #watched = new Map<string, Watched>()
  #api: KubernetesApi | undefined
  #running = 0

  constructor(options: DiscoveryOptions) {
    this.#options = options
  }

  /**
   * Tells `listener` until the returned function is called. What is known already is told at once: a Service document that changed
   * is followed anew before its former self lets go, and must not be without endpoints in between.
   */
  follow(query: SliceQuery, listener: SliceListener): () => void {
    const key = `${query.namespace}/${query.service}`
    const watched = this.#watched.get(key) ?? this.#begin(key, query)
    const leave = watched.service.join(query.port, listener)
    return () => {
      leave()
      if (!watched.service.deserted || this.#watched.get(key) !== watched) return
      this.#watched.delete(key)
      watched.stop.abort()
    }
  }

  #begin(key: string, query: SliceQuery): Watched {
    const watched = { service: new WatchedService(), stop: new AbortController() }
    this.#watched.set(key, watched)
    this.#running++
    void this.#run(query, watched.service, watched.stop.signal).then(() => this.#ended())
    return watched
  }

  async #run({ service, namespace }: SliceQuery, watcher: WatchedService, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options
    while (!signal.aborted) {
      try {
        const place = namespace === '' ? ownNamespace(this.#options.environment) : namespace
        const path = `/apis/discovery.k8s.io/v1/namespaces/${place}/endpointslices`
        const labels = { labelSelector: `kubernetes.io/service-name=${service}` }
        await watch(this.#open(), path, watcher, { query: labels, clock, random, signal })
      } catch (error) {
        watcher.onError(error as Error, RETRY)
        await sleep(clock, RETRY, signal)
      }
    }
  }

  #open(): KubernetesApi {
    this.#api ??= new KubernetesApi(openConnection(this.#options, this.#options.environment, this.#options.clock))
    return this.#api
  }

  #ended(): void {
    if (--this.#running > 0) return
    const api = this.#api
    this.#api = undefined
    void api?.close()
  }
}

function ownNamespace(environment: DiscoveryOptions['environment']): string {
  const stated = environment['POD_NAMESPACE'] ?? ''
  if (stated !== '') return stated
  try {
    return readFileSync(`${SERVICE_ACCOUNT}/namespace`, 'utf8').trim()
  } catch {
    throw new Error('which namespace? Neither POD_NAMESPACE nor a service account says it: state kubernetes.namespace')
  }
}
