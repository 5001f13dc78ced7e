/** What the injector knows of the cluster: its namespaces, its version, its oldest kubelet. */
import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'
import type { Log } from '../../telemetry/log.ts'
import { isStatus } from '../api/api-error.ts'
import type { KubernetesApi } from '../api/client.ts'
import type { KubernetesObject } from '../api/object.ts'
import { watch } from '../api/watch.ts'
import type { NamespaceInfo } from '../inject/mutate.ts'
import { kubeletMinor, minorOf, type Server } from '../inject/native.ts'

export interface Namespace extends NamespaceInfo {
  readonly labels: Readonly<Record<string, string>>
}

interface Node extends KubernetesObject {
  readonly status?: { readonly nodeInfo?: { readonly kubeletVersion?: string } }
}

const NAMESPACES = '/api/v1/namespaces'
/** ms that a pod waits for its namespace to be asked after, where the watch has not told of it. */
const PATIENCE = 1000

export class Cluster {
  readonly #api: KubernetesApi
  readonly #log: Log
  readonly #namespaces = new Map<string, Namespace>()
  #server: Server | undefined
  #refused = false

  constructor(api: KubernetesApi, log: Log) {
    this.#api = api
    this.#log = log
  }

  /** Of the API as far as is known; before the first answer the most careful guess. */
  get server(): Server {
    return this.#server ?? { minor: 0, oldestKubelet: undefined }
  }

  get known(): boolean {
    return this.#server !== undefined
  }

  get namespaces(): number {
    return this.#namespaces.size
  }

  /** undefined: it cannot be found out. A namespace made a moment ago is asked for. */
  async namespace(name: string): Promise<Namespace | undefined> {
    const known = this.#namespaces.get(name)
    if (known !== undefined || name === '') return known
    try {
      return infoOf(await this.#api.get(`${NAMESPACES}/${encodeURIComponent(name)}`, AbortSignal.timeout(PATIENCE)))
    } catch (cause) {
      this.#log.warn('a namespace cannot be read', { namespace: name, cause: (cause as Error).message })
      return undefined
    }
  }

  /** Until `signal` says so. */
  watchNamespaces(clock: Clock, random: Random, signal: AbortSignal): Promise<void> {
    const keep = (object: KubernetesObject): void =>
      void this.#namespaces.set(object.metadata.name ?? '', infoOf(object))
    return watch<KubernetesObject>(
      this.#api,
      NAMESPACES,
      {
        onSync: (items) => {
          this.#namespaces.clear()
          for (const item of items) keep(item)
        },
        onChange: (type, object) => {
          if (type === 'DELETED') this.#namespaces.delete(object.metadata.name ?? '')
          else keep(object)
        },
        onError: (cause, delay) => this.#log.warn('namespaces cannot be watched', { cause: cause.message, delay }),
      },
      { clock, random, signal },
    )
  }

  /** Versions of the API server and of the kubelets; rejects when the API is away. */
  async readVersions(): Promise<void> {
    const version = await this.#api.ask<{ minor?: string; emulationMinor?: string }>('/version')
    this.#server = { minor: minorOf(version), oldestKubelet: await this.#oldestKubelet() }
  }

  async #oldestKubelet(): Promise<number | undefined> {
    try {
      const { items } = await this.#api.list<Node>('/api/v1/nodes')
      const minors = items.flatMap(({ status }) => kubeletMinor(status?.nodeInfo?.kubeletVersion ?? '') ?? [])
      return minors.length === 0 ? undefined : Math.min(...minors)
    } catch (cause) {
      if (!isStatus(cause, 403)) throw cause
      if (!this.#refused)
        this.#log.warn('nodes may not be listed: the version of the API alone decides on native sidecars')
      this.#refused = true
      return undefined
    }
  }
}

function infoOf({ metadata: { labels = {}, annotations = {} } }: KubernetesObject): Namespace {
  return { labels, annotations }
}
