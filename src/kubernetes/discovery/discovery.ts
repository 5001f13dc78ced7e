/** Endpoints of Services by watching their EndpointSlices. Needs `get, list, watch` on endpointslices of the namespace. */
import { readFileSync } from 'node:fs'
import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import { KubernetesApi } from '../api/client.ts'
import { type ConnectionPlaces, openConnection, SERVICE_ACCOUNT } from '../api/connection.ts'
import { sleep } from '../api/sleep.ts'
import { watch } from '../api/watch.ts'
import { addressesOf, type EndpointSlice, type SliceAddress } from './slices.ts'

export interface SliceQuery {
  readonly service: string
  /** '': the pod's own. */
  readonly namespace: string
  readonly port: string | number
}

export interface SliceListener {
  /** All there are from now on. */
  found(addresses: readonly SliceAddress[]): void
  /** The API cannot be asked; what was found last stays. `delay` ms until the next try. */
  failed(cause: string, delay: number): void
}

export interface DiscoveryOptions extends ConnectionPlaces {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly random: Random
}

/** ms until it is looked again whether there is an API server, or a token for it. */
const RETRY = 10_000

/** One connection to the API server for all Services. */
export class Discovery {
  readonly #options: DiscoveryOptions
  #api: KubernetesApi | undefined
  #followed = 0

  constructor(options: DiscoveryOptions) {
    this.#options = options
  }

  /** Tells `listener` until the returned function is called. */
  follow(query: SliceQuery, listener: SliceListener): () => void {
    const stop = new AbortController()
    this.#followed++
    void this.#run(query, listener, stop.signal).then(() => this.#left())
    return () => stop.abort()
  }

  async #run(query: SliceQuery, listener: SliceListener, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options
    while (!signal.aborted) {
      try {
        const namespace = query.namespace === '' ? ownNamespace(this.#options.environment) : query.namespace
        const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`
        const labels = { labelSelector: `kubernetes.io/service-name=${query.service}` }
        await watch(this.#open(), path, new Following(query.port, listener), { query: labels, clock, random, signal })
      } catch (error) {
        listener.failed((error as Error).message, RETRY)
        await sleep(clock, RETRY, signal)
      }
    }
  }

  #open(): KubernetesApi {
    this.#api ??= new KubernetesApi(openConnection(this.#options, this.#options.environment, this.#options.clock))
    return this.#api
  }

  #left(): void {
    if (--this.#followed > 0) return
    const api = this.#api
    this.#api = undefined
    void api?.close()
  }
}

/** The slices of one Service as they are now. */
class Following {
  readonly #port: string | number
  readonly #listener: SliceListener
  #slices = new Map<string, EndpointSlice>()

  constructor(port: string | number, listener: SliceListener) {
    this.#port = port
    this.#listener = listener
  }

  onSync(items: readonly EndpointSlice[]): void {
    this.#slices = new Map(items.map((slice) => [slice.metadata.name ?? '', slice]))
    this.#tell()
  }

  onChange(type: 'ADDED' | 'MODIFIED' | 'DELETED', slice: EndpointSlice): void {
    const name = slice.metadata.name ?? ''
    if (type === 'DELETED') this.#slices.delete(name)
    else this.#slices.set(name, slice)
    this.#tell()
  }

  onError(error: Error, delay: number): void {
    this.#listener.failed(error.message, delay)
  }

  #tell(): void {
    this.#listener.found(addressesOf(this.#slices.values(), this.#port))
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
