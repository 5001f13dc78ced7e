/**
 * Hosts no Service names, where the operator lets them through: each its own endpoint, by the name the client gave, or where
 * the connection was redirected by the address it was going to.
 */
import { ProxyError } from '../core/errors.ts'
import type { Dispatch, RequestHead } from '../core/exchange.ts'
import type { OriginalDestination } from '../core/original-destination.ts'
import { refuse } from '../core/refuse.ts'
import { Endpoint, type EndpointSettings } from './endpoint.ts'
import { EndpointCache } from './endpoint-cache.ts'
import { isOurs, notOurs, type OwnListeners } from './own-listeners.ts'
import type { UpstreamContext } from './context.ts'

/** Names are the client's to choose, so the pools kept for them are bounded. */
const MAX_HOSTS = 256

export class Passthrough {
  readonly #endpoints = new EndpointCache(MAX_HOSTS)
  readonly #settings: EndpointSettings
  readonly #context: UpstreamContext
  /** The same, for hosts that could lead to our own listener. */
  readonly #guarded: UpstreamContext
  readonly #own: OwnListeners

  constructor(settings: EndpointSettings, context: UpstreamContext, own: OwnListeners) {
    this.#settings = settings
    this.#context = context
    // cold: at the start
    this.#guarded = { ...context, lookup: notOurs(own) }
    this.#own = own
  }

  /** In the place of the pick; adds no field of ours, for the host is a stranger. */
  pick(next: Dispatch): Dispatch {
    return (request, response) => {
      const original = request.exchange.original
      if (original !== undefined && request.method === 'CONNECT') {
        // What would come of it is a connection to elsewhere, which was redirected here for nobody to look into.
        return refuse(
          response,
          new ProxyError('route_not_found', 'downstream', 'no', 'CONNECT on a redirected connection'),
        )
      }
      const endpoint = original === undefined ? this.#named(request) : this.#redirected(original)
      if (endpoint instanceof ProxyError) return refuse(response, endpoint)
      request.attempt.endpoint = endpoint
      request.attempt.number = ++request.exchange.attempts
      request.attempt.startedAt = this.#context.clock.now()
      return next(request, response)
    }
  }

  endpoints(): Iterable<Endpoint> {
    return this.#endpoints.all()
  }

  close(): void {
    this.#endpoints.close()
  }

  #named({ authority, scheme }: RequestHead): Endpoint | ProxyError {
    const secure = scheme === 'https'
    const key = secure ? `https://${authority}` : authority
    const known = this.#endpoints.get(key)
    if (known !== undefined) return known
    const { host, port } = split(authority, secure ? 443 : 80)
    if (host === '') return new ProxyError('route_not_found', 'proxy', 'no', 'the request names no host')
    // No Via is left on what is passed through, so going round would have no end.
    if (isOurs(this.#own, host, port)) return new ProxyError('loop_detected', 'downstream', 'no', 'our own listener')
    return this.#make(key, host, port, this.#own.takes(port) ? this.#guarded : this.#context)
  }

  /** Where these were going is looked at when they are accepted. */
  #redirected({ address, host, port }: OriginalDestination): Endpoint {
    return this.#endpoints.get(address) ?? this.#make(address, host, port, this.#context)
  }

  #make(key: string, host: string, port: number, context: UpstreamContext): Endpoint {
    const endpoint = new Endpoint(host, port, 1, this.#settings, context)
    this.#endpoints.add(key, endpoint)
    return endpoint
  }
}

function split(authority: string, defaultPort: number): { host: string; port: number } {
  const bracket = authority.lastIndexOf(']')
  const colon = authority.indexOf(':', bracket + 1)
  const host = colon < 0 ? authority : authority.slice(0, colon)
  const port = colon < 0 || colon === authority.length - 1 ? defaultPort : Number(authority.slice(colon + 1))
  return { host: bracket > 0 ? host.slice(1, -1) : host, port }
}
