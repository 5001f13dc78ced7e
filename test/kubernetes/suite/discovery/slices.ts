/** EndpointSlices as the control plane writes them; here there is no kubelet, and the suite says which pods are ready. */
import type { Cluster } from '../cluster.ts'

export const READY = { ready: true, serving: true, terminating: false }
export const NOT_YET = { ready: false, serving: false, terminating: false }
export const ENDING = { ready: false, serving: true, terminating: true }

export interface Conditions {
  readonly ready: boolean
  readonly serving: boolean
  readonly terminating: boolean
}

/** One slice and what is in it; each change is an update of the whole object. */
export class Slice {
  readonly endpoints = new Map<string, Conditions>()
  readonly #cluster: Cluster
  readonly #object: Readonly<Record<string, unknown>>
  readonly #path: string
  readonly #name: string
  #stored = false

  constructor(cluster: Cluster, namespace: string, service: string, name: string, port: number, family = 'IPv4') {
    this.#cluster = cluster
    this.#path = cluster.path('EndpointSlice', namespace)
    this.#name = name
    const labels = { 'kubernetes.io/service-name': service, 'endpointslice.kubernetes.io/managed-by': 'suite' }
    this.#object = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name, namespace, labels },
      addressType: family,
      ports: [{ name: 'http', port, protocol: 'TCP' }],
    }
  }

  /** Adds the endpoint, changes its conditions, or takes it out. */
  async set(address: string, conditions: Conditions | undefined): Promise<void> {
    if (conditions === undefined) this.endpoints.delete(address)
    else this.endpoints.set(address, conditions)
    await this.store()
  }

  async store(): Promise<void> {
    const endpoints = [...this.endpoints].map(([address, conditions]) => ({ addresses: [address], conditions }))
    const object = { ...this.#object, endpoints }
    const answer = this.#stored
      ? await this.#cluster.ask('PATCH', `${this.#path}/${this.#name}`, { endpoints }, 'application/merge-patch+json')
      : await this.#cluster.ask('POST', this.#path, object)
    if (answer.status > 299) throw new Error(`EndpointSlice ${this.#name}: ${answer.message}`)
    this.#stored = true
  }

  async remove(): Promise<void> {
    await this.#cluster.ask('DELETE', `${this.#path}/${this.#name}`)
    this.#stored = false
  }
}
