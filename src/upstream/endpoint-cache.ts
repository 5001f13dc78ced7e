/** Endpoints made for whoever is asked for, bounded: the one unused longest goes. */
import type { Endpoint } from './endpoint.ts'

export class EndpointCache {
  /** In the order of their last use. */
  readonly #endpoints: Map<string, Endpoint>
  readonly #most: number

  constructor(most: number) {
    this.#endpoints = new Map()
    this.#most = most
  }

  /** Used now, from here on. */
  get(key: string): Endpoint | undefined {
    const endpoint = this.#endpoints.get(key)
    if (endpoint === undefined) return undefined
    this.#endpoints.delete(key)
    this.#endpoints.set(key, endpoint)
    return endpoint
  }

  add(key: string, endpoint: Endpoint): void {
    if (this.#endpoints.size >= this.#most) this.#dropOldest()
    this.#endpoints.set(key, endpoint)
  }

  all(): Endpoint[] {
    return Array.from(this.#endpoints.values())
  }

  close(): void {
    for (const endpoint of this.#endpoints.values()) endpoint.close()
    this.#endpoints.clear()
  }

  #dropOldest(): void {
    for (const [key, endpoint] of this.#endpoints) {
      this.#endpoints.delete(key)
      endpoint.close()
      return
    }
  }
}
