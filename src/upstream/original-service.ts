/** The application where connections are redirected: on whichever address and port the client was going to. */
import { ProxyError } from '../core/errors.ts'
import type { Dispatch } from '../core/exchange.ts'
import type { OriginalDestination } from '../core/original-destination.ts'
import type { Eligible } from '../core/policy.ts'
import { refuse } from '../core/refuse.ts'
import type { Via } from '../core/via.ts'
import type { Balancer } from './balance/balancer.ts'
import { Endpoint, type EndpointSettings } from './endpoint.ts'
import { EndpointCache } from './endpoint-cache.ts'
import type { UpstreamContext } from './context.ts'
import { assign, refusing, type Service } from './service.ts'

/** A pod has few addresses and few ports that anybody listens on; the others cost a failed connection each and are forgotten. */
const MAX_ADDRESSES = 256

export class OriginalService implements Service {
  readonly name: string
  readonly balancer: Balancer
  readonly #cache: EndpointCache
  readonly #settings: EndpointSettings
  readonly #context: UpstreamContext

  constructor(name: string, balancer: Balancer, settings: EndpointSettings, context: UpstreamContext) {
    this.name = name
    this.balancer = balancer
    this.#cache = new EndpointCache(MAX_ADDRESSES)
    this.#settings = settings
    this.#context = context
  }

  get endpoints(): readonly Endpoint[] {
    return this.#cache.all()
  }

  get ready(): readonly Endpoint[] {
    return this.endpoints
  }

  at({ address, host, port }: OriginalDestination): Endpoint {
    const known = this.#cache.get(address)
    if (known !== undefined) return known
    const endpoint = new Endpoint(host, port, 1, this.#settings, this.#context)
    this.#cache.add(address, endpoint)
    return endpoint
  }

  close(): void {
    this.#cache.close()
  }
}

/** The hop that gives an attempt its endpoint, where that is the one the client was going to. */
export function createOriginalPick(
  service: OriginalService,
  tests: readonly Eligible[],
  context: UpstreamContext,
  via: Via,
  next: Dispatch,
): Dispatch {
  return function pickOriginal(request, response) {
    const original = request.exchange.original
    if (original === undefined) {
      return refuse(response, new ProxyError('route_not_found', 'proxy', 'no', 'the connection was not redirected'))
    }
    const endpoint = service.at(original)
    const against = refusing(tests, endpoint, request)
    if (against !== undefined) {
      const refusal = against.refusal(endpoint)
      against.refused?.(request, refusal)
      return refuse(response, refusal)
    }
    assign(request, endpoint, context.clock.now(), via)
    return next(request, response)
  }
}
