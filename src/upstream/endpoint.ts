/** One address of a service, with its connections. */
import type { EndpointInfo, Exchange, RequestBody, RequestHead, ResponseHandler } from '../core/exchange.ts'
import { ProxyError } from '../core/errors.ts'
import { refuse } from '../core/refuse.ts'
import { lacksKey } from '../http/websocket.ts'
import { hashOf } from './balance/hash-of.ts'
import type { PeakEwma } from './balance/peak-ewma.ts'
import { type BothVersions, Http2Pool } from './http2-pool.ts'
import { Negotiation, type Pools, type Protocol } from './negotiation.ts'
import type { UpstreamContext } from './context.ts'
import { Pool, type PoolSettings } from './pool.ts'
import { TlsDialer, type TlsSettings } from './tls-dialer.ts'
import { openTunnel } from './tunnel.ts'

/** How the endpoints of one service are spoken to. */
export interface EndpointSettings extends PoolSettings {
  readonly protocol: Protocol
  /** `keep`, `endpoint`, or the name to send as Host. */
  readonly hostHeader: string
  /** undefined: plain text. */
  readonly tls: TlsSettings | undefined
}

/** `Exchange.protocol` of a client that speaks HTTP/2. */
const HTTP2 = 20
const NO_KEY = new ProxyError(
  'protocol_error_downstream',
  'downstream',
  'no',
  'a WebSocket without one Sec-WebSocket-Key',
)
/** ms for which an endpoint that wants HTTP/1.1 is asked in that. */
const HTTP1_FOR = 600_000

export class Endpoint implements EndpointInfo, Pools, BothVersions {
  readonly address: string
  readonly host: string
  readonly port: number
  /** Share of the traffic, relative to the other endpoints of the service; at least 1. */
  readonly weight: number
  readonly states: Map<string, unknown>
  meter: PeakEwma | undefined
  /** Active health checks say that it is not to be used; theirs to write. */
  unhealthy: boolean
  wellAt: number
  warmingSince: number
  /** Its part in where a key belongs: a hash of its address, the same in every sidecar. */
  readonly seed: number
  readonly #settings: EndpointSettings
  readonly #context: UpstreamContext
  readonly #hostHeader: string
  readonly #negotiation: Negotiation | undefined
  readonly http1: Pool
  /** Made when the first request asks for it. */
  #http2: Http2Pool | undefined
  /** Until when it wants HTTP/1.1, ms on the clock. */
  #http1Until: number
  /** Exchanges that it wants to have again, in HTTP/1.1. */
  readonly #again: WeakSet<Exchange>

  constructor(host: string, port: number, weight: number, settings: EndpointSettings, context: UpstreamContext) {
    const { hostHeader } = settings
    this.address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
    this.host = host
    this.port = port
    this.weight = weight
    this.states = new Map()
    this.meter = undefined
    this.unhealthy = false
    this.wellAt = 0
    this.warmingSince = Number.NEGATIVE_INFINITY
    this.seed = hashOf(this.address)
    this.#settings = settings
    this.#context = context
    this.#hostHeader = hostHeader === 'endpoint' ? this.address : hostHeader === 'keep' ? '' : hostHeader
    this.#negotiation =
      settings.tls === undefined
        ? undefined
        : new Negotiation(settings.protocol, new TlsDialer(host, port, settings.tls, context), this)
    this.http1 = new Pool(host, port, settings, context, this.#negotiation)
    this.#http2 = undefined
    this.#http1Until = Number.NEGATIVE_INFINITY
    this.#again = new WeakSet()
  }

  dispatch(request: RequestHead, response: ResponseHandler): RequestBody {
    if (request.method === 'CONNECT') return openTunnel(this.host, this.port, request, response, this.#context)
    const kept = request.authority === '' ? this.address : request.authority
    const host = this.#hostHeader === '' ? kept : this.#hostHeader
    if (!this.#speaksHttp2(request)) return this.http1.dispatch(request, response, host)
    if (request.upgrade !== '' && request.exchange.protocol < HTTP2 && lacksKey(request.upgrade, request.headers)) {
      return refuse(response, NO_KEY)
    }
    return this.http2.dispatch(request, response, host)
  }

  #speaksHttp2(request: RequestHead): boolean {
    return this.#asksHttp2(request) && (request.upgrade === '' || this.http2.mayUpgrade(request.upgrade))
  }

  #asksHttp2(request: RequestHead): boolean {
    if (this.wantsHttp1 && !request.exchange.grpc) return false
    const negotiation = this.#negotiation
    if (negotiation !== undefined) return negotiation.expectsHttp2
    const { protocol } = this.#settings
    return protocol === 'http2' || (protocol === 'auto' && request.exchange.protocol === HTTP2)
  }

  /**
   * HTTP_1_1_REQUIRED (RFC 9113 §7) may come for one request and means, with most servers, all: they are asked in HTTP/1.1 for a while,
   * where nobody has stated that this endpoint speaks HTTP/2. An upgrade has a way in HTTP/1.1 in any case, and a gRPC call has none.
   */
  http1Required(request: RequestHead | undefined): boolean {
    const upgrade = request !== undefined && request.upgrade !== ''
    if (request?.exchange.grpc === true) return false
    if (!upgrade && this.#settings.protocol !== 'auto') return false
    if (!upgrade) this.#http1Until = this.#context.clock.now() + HTTP1_FOR
    if (request !== undefined) this.#again.add(request.exchange)
    return true
  }

  get wantsHttp1(): boolean {
    return this.#http1Until > 0 && this.#context.clock.now() < this.#http1Until
  }

  wantsAgain(exchange: Exchange): boolean {
    return this.#again.has(exchange)
  }

  get http2(): Http2Pool {
    this.#http2 ??= new Http2Pool(this.host, this.port, this.#settings, this.#context, this, this.#negotiation)
    return this.#http2
  }

  /** Requests in flight or waiting for a connection: what least-request balancing compares. */
  get active(): number {
    return this.http1.active + (this.#http2?.active ?? 0)
  }

  get idle(): number {
    return this.http1.idle + (this.#http2?.idle ?? 0)
  }

  get connections(): number {
    return this.http1.connections + (this.#http2?.connections ?? 0)
  }

  /** Nobody new comes: idle connections end now, busy ones after their exchanges. */
  close(): void {
    this.http1.close()
    this.#http2?.close()
  }

  /** It is gone: who waits for a connection had better go elsewhere. */
  takeAway(): void {
    this.http1.takeAway()
    this.#http2?.takeAway()
  }
}

/** The bottom of every stack: to the endpoint that was picked. */
export function toEndpoint(request: RequestHead, response: ResponseHandler): RequestBody {
  return (request.attempt.endpoint as Endpoint).dispatch(request, response)
}
