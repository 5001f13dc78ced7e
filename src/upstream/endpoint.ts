/** One address of a service, with its connections. */
import type { EndpointInfo, RequestBody, RequestHead, ResponseHandler } from '../core/exchange.ts'
import { Pool, type PoolSettings, type UpstreamContext } from './pool.ts'
import { openTunnel } from './tunnel.ts'

export class Endpoint implements EndpointInfo {
  readonly address: string
  readonly host: string
  readonly port: number
  /** Share of the traffic, relative to the other endpoints of the service; at least 1. */
  readonly weight: number
  readonly states: Map<string, unknown>
  readonly pool: Pool
  readonly #context: UpstreamContext
  readonly #hostHeader: string

  /** `hostHeader`: `keep`, `endpoint`, or the name to send. */
  constructor(
    host: string,
    port: number,
    weight: number,
    hostHeader: string,
    settings: PoolSettings,
    context: UpstreamContext,
  ) {
    this.address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
    this.host = host
    this.port = port
    this.weight = weight
    this.states = new Map()
    this.pool = new Pool(host, port, settings, context)
    this.#context = context
    this.#hostHeader = hostHeader === 'endpoint' ? this.address : hostHeader === 'keep' ? '' : hostHeader
  }

  dispatch(request: RequestHead, response: ResponseHandler): RequestBody {
    if (request.method === 'CONNECT') return openTunnel(this.host, this.port, request, response, this.#context)
    const kept = request.authority === '' ? this.address : request.authority
    return this.pool.dispatch(request, response, this.#hostHeader === '' ? kept : this.#hostHeader)
  }
}

/** The bottom of every stack: to the endpoint that was picked. */
export function toEndpoint(request: RequestHead, response: ResponseHandler): RequestBody {
  return (request.attempt.endpoint as Endpoint).dispatch(request, response)
}
