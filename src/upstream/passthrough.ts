/** Hosts no Service names, where the operator lets them through: each its own endpoint, by the name the client gave. */
import { ProxyError } from '../core/errors.ts'
import type { Dispatch } from '../core/exchange.ts'
import { refuse } from '../core/refuse.ts'
import { Endpoint, type EndpointSettings } from './endpoint.ts'
import type { UpstreamContext } from './pool.ts'

/** Names are the client's to choose, so the pools kept for them are bounded; the one unused longest goes. */
const MAX_HOSTS = 256

export class Passthrough {
  /** In the order of their last use. */
  readonly #endpoints = new Map<string, Endpoint>()
  readonly #settings: EndpointSettings
  readonly #context: UpstreamContext

  constructor(settings: EndpointSettings, context: UpstreamContext) {
    this.#settings = settings
    this.#context = context
  }

  /** In the place of the pick; adds no field of ours, for the host is a stranger. */
  pick(next: Dispatch): Dispatch {
    return (request, response) => {
      const endpoint = this.#endpoint(request.authority, request.scheme === 'https' ? 443 : 80)
      if (endpoint === undefined) {
        return refuse(response, new ProxyError('route_not_found', 'proxy', 'no', 'the request names no host'))
      }
      request.attempt.endpoint = endpoint
      request.attempt.number = ++request.exchange.attempts
      request.attempt.startedAt = this.#context.clock.now()
      return next(request, response)
    }
  }

  endpoints(): Iterable<Endpoint> {
    return this.#endpoints.values()
  }

  close(): void {
    for (const endpoint of this.#endpoints.values()) endpoint.close()
    this.#endpoints.clear()
  }

  #endpoint(authority: string, defaultPort: number): Endpoint | undefined {
    let endpoint = this.#endpoints.get(authority)
    if (endpoint === undefined) {
      const { host, port } = split(authority, defaultPort)
      if (host === '') return undefined
      endpoint = new Endpoint(host, port, 1, this.#settings, this.#context)
      if (this.#endpoints.size >= MAX_HOSTS) this.#dropOldest()
    } else this.#endpoints.delete(authority)
    this.#endpoints.set(authority, endpoint)
    return endpoint
  }

  #dropOldest(): void {
    for (const [authority, endpoint] of this.#endpoints) {
      this.#endpoints.delete(authority)
      endpoint.close()
      return
    }
  }
}

function split(authority: string, defaultPort: number): { host: string; port: number } {
  const bracket = authority.lastIndexOf(']')
  const colon = authority.indexOf(':', bracket + 1)
  const host = colon < 0 ? authority : authority.slice(0, colon)
  const port = colon < 0 || colon === authority.length - 1 ? defaultPort : Number(authority.slice(colon + 1))
  return { host: bracket > 0 ? host.slice(1, -1) : host, port }
}
