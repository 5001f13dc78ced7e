/** An endpoint without sockets: everything above it takes it for a real one. */
import { ProxyError } from '../core/errors.ts'
import type { RequestBody, RequestHead, ResponseHandler } from '../core/exchange.ts'
import { Endpoint, type EndpointSettings } from '../upstream/endpoint.ts'
import type { UpstreamContext } from '../upstream/context.ts'
import { Waiting, WaitingLine } from '../upstream/waiting-line.ts'
import { Call } from './call.ts'
import type { Server } from './server.ts'
import type { Plan } from './workload.ts'

/** `Exchange.upstreamProtocol` of HTTP/1.1. */
const HTTP1 = 11

/** Where an endpoint's behaviour comes from, and who counts what arrives. */
export interface Conduct {
  readonly server: Server
  plan(request: RequestHead, endpoint: string): Plan
  /** The upstream has got the request. */
  reached(request: RequestHead, endpoint: string): void
}

export class SimulatedEndpoint extends Endpoint {
  readonly #conduct: Conduct
  readonly #context: UpstreamContext
  readonly #most: number
  readonly #line: WaitingLine
  readonly #idleTime: number
  /** Connections in use; like a pool of HTTP/1.1, one for each attempt. */
  #inUse: number
  /** Until when each idle connection may be used, the one used last at the end; it is taken first. */
  readonly #idle: number[]

  constructor(
    host: string,
    port: number,
    weight: number,
    settings: EndpointSettings,
    context: UpstreamContext,
    conduct: Conduct,
  ) {
    // Certificates are for sockets.
    super(host, port, weight, { ...settings, tls: undefined }, context)
    this.#conduct = conduct
    this.#context = context
    // Over HTTP/2 a connection carries many streams, and the pool's limit is far away.
    this.#most = settings.protocol === 'http2' ? Number.POSITIVE_INFINITY : settings.maxPerEndpoint
    this.#line = new WaitingLine(context.clock)
    this.#idleTime = settings.idle
    this.#inUse = 0
    this.#idle = []
  }

  override get active(): number {
    return this.#inUse + this.#line.length
  }

  override get connections(): number {
    return this.#inUse
  }

  override dispatch(request: RequestHead, response: ResponseHandler): RequestBody {
    if (this.#inUse < this.#most || request.exchange.grpc) return this.#send(request, response)
    const waiting = new Waiting(this.#line, request, response, '')
    this.#line.join(waiting, this.#most, request.attempt.connectTimeout)
    return waiting.body
  }

  #send(request: RequestHead, response: ResponseHandler): Call {
    this.#inUse++
    request.exchange.upstreamProtocol = HTTP1
    const { attempt } = request
    attempt.reused = !attempt.fresh && (this.#idle.pop() ?? 0) > this.#context.clock.now()
    return new Call(request, response, this)
  }

  /** The request is whole. */
  arrived(call: Call): void {
    const { server, plan, reached } = this.#conduct
    const decided = plan(call.request, this.address)
    const { outcome } = decided
    if (outcome === 'blackhole') {
      const limit = call.request.attempt.connectTimeout
      const error = new ProxyError('connect_timeout', 'upstream', 'unsent', `no connection after ${limit} ms`)
      if (limit !== Number.POSITIVE_INFINITY) this.#context.clock.schedule(limit, { expired: () => call.fail(error) })
    } else if (outcome === 'refuse') server.refuse(call, decided.after)
    else if (server.full) server.refuse(call, 0)
    else {
      reached(call.request, this.address)
      server.serve(call, decided)
    }
  }

  /** The attempt is over, one way or the other. */
  over(call: Call): void {
    this.#inUse--
    if (call.answered) this.#idle.push(this.#context.clock.now() + this.#idleTime)
    const next = this.#line.next()
    if (next !== undefined) next.go(this.#send(next.request, next.body.gate))
  }
}
