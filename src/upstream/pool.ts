/** The connections of one endpoint: last in, first out, capped, and each given up before its peer gives it up. */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Timed, Timer } from '../core/clock.ts'
import type { RequestBody, RequestHead, ResponseHandler } from '../core/exchange.ts'
import { ClientConnection, type ClientOwner } from '../http1/client.ts'
import type { HeadLimits } from '../http/server-side.ts'
import { Reading } from '../net/shared-read.ts'
import { connectTo } from './connect.ts'
import { Connecting } from './connecting.ts'
import type { UpstreamContext } from './context.ts'
import { Dialing, type SecureRoute } from './dialing.ts'
import { retireTime, SWEEP, TAKEN_AWAY } from './giving-up.ts'
import { Parting } from './parting.ts'
import { Waiting, WaitingLine } from './waiting-line.ts'

export interface PoolSettings {
  readonly maxPerEndpoint: number
  /** ms a connection may wait for its next request; an upstream's `Keep-Alive: timeout=` shortens it. */
  readonly idle: number
  /** ms after which a connection takes no further request. */
  readonly maxAge: number
  readonly limits: HeadLimits
  readonly believesPeer: boolean
  /** Streams on one HTTP/2 connection at most; the upstream may allow fewer. */
  readonly http2Streams: number
}

export class Pool implements ClientOwner, Timed {
  readonly limits: HeadLimits
  readonly believesPeer: boolean
  readonly #host: string
  readonly #port: number
  readonly #settings: PoolSettings
  readonly #context: UpstreamContext
  /** The one used last is at the end and taken first: few connections stay warm, the others age out. */
  readonly #idle: ClientConnection[]
  readonly #all: Set<ClientConnection>
  readonly #line: WaitingLine
  /** Where connections are made over TLS. */
  readonly #dialing: Dialing | undefined
  #sweeper: Timer | undefined
  #closed: boolean

  /** `secure`: connections are made over TLS. */
  constructor(host: string, port: number, settings: PoolSettings, context: UpstreamContext, secure?: SecureRoute) {
    this.limits = settings.limits
    this.believesPeer = settings.believesPeer
    this.#host = host
    this.#port = port
    this.#settings = settings
    this.#context = context
    this.#idle = []
    this.#all = new Set()
    this.#line = new WaitingLine(context.clock)
    this.#dialing = secure === undefined ? undefined : new Dialing(secure, false, () => this.#serveNext())
    this.#sweeper = undefined
    this.#closed = false
  }

  get connections(): number {
    return this.#all.size
  }

  get idle(): number {
    return this.#idle.length
  }

  /** Requests in flight or waiting for a connection: what least-request balancing compares. */
  get active(): number {
    return this.#all.size - this.#idle.length + this.#line.length + (this.#dialing?.waiting ?? 0)
  }

  /** Connections there are, and those that handshakes are under way for. */
  get #taken(): number {
    return this.#all.size + (this.#dialing?.size ?? 0)
  }

  /** `host` is the Host the upstream gets. */
  dispatch(request: RequestHead, response: ResponseHandler, host: string): RequestBody {
    if (!request.attempt.fresh) {
      const now = this.#context.clock.now()
      for (;;) {
        const connection = this.#idle.pop()
        if (connection === undefined) break
        if (now < connection.idleUntil) return connection.send(request, response, host)
        this.#drop(connection)
      }
    }
    if (this.#taken >= this.#settings.maxPerEndpoint) {
      const stale = this.#idle.shift()
      if (stale === undefined) return this.#wait(request, response, host)
      this.#drop(stale)
    }
    return this.#connect(request, response, host)
  }

  #connect(request: RequestHead, response: ResponseHandler, host: string): RequestBody {
    if (this.#dialing !== undefined) return this.#dialing.start(request, response, host)
    const { clock } = this.#context
    const reading = new Reading()
    const socket = connectTo(this.#host, this.#port, this.#context, true, reading)
    const connection = new ClientConnection(socket, this, retireTime(this.#context, this.#settings.maxAge))
    reading.reader = connection
    this.#all.add(connection)
    const limit = request.attempt.connectTimeout
    if (limit !== Number.POSITIVE_INFINITY) new Connecting(connection, limit, clock)
    return connection.send(request, response, host)
  }

  /** A connection over TLS is there, for those who waited for it; one that counted in the other pool until now may be one too many. */
  adopt(socket: TLSSocket, line: WaitingLine): void {
    if (this.#taken >= this.#settings.maxPerEndpoint) {
      socket.destroy()
      this.#serveAll(line)
      return
    }
    const connection = new ClientConnection(socket, this, retireTime(this.#context, this.#settings.maxAge), true)
    socket.on('data', (chunk: Buffer) => connection.receive(chunk))
    this.#all.add(connection)
    const first = line.next()
    if (first === undefined) this.released(connection)
    else first.go(connection.send(first.request, first.body.gate, first.host))
    this.#serveAll(line)
  }

  #serveAll(line: WaitingLine): void {
    for (let next = line.next(); next !== undefined; next = line.next()) {
      next.go(this.dispatch(next.request, next.body.gate, next.host))
    }
  }

  /** At the cap: first in, first out, at most as many as there may be connections, at most for the connect timeout. */
  #wait(request: RequestHead, response: ResponseHandler, host: string): RequestBody {
    const waiting = new Waiting(this.#line, request, response, host)
    this.#line.join(waiting, this.#settings.maxPerEndpoint, request.attempt.connectTimeout)
    return waiting.body
  }

  #drop(connection: ClientConnection): void {
    this.#all.delete(connection)
    connection.discard()
  }

  // ---------------------------------------------------------------- told by connections

  connected(_connection: ClientConnection): void {}

  released(connection: ClientConnection): void {
    const now = this.#context.clock.now()
    if (this.#closed || now >= connection.retireAt) {
      this.#drop(connection)
      this.#serveNext()
      return
    }
    const next = this.#line.next()
    if (next !== undefined) {
      this.#serve(next, connection)
      return
    }
    const until = now + idleTime(this.#settings.idle, connection.keepAliveTimeout)
    connection.idleUntil = Math.min(until, connection.retireAt)
    this.#idle.push(connection)
    if (this.#sweeper === undefined) this.#sweeper = this.#context.clock.schedule(SWEEP, this)
  }

  /** Who was promised a connection that nobody used before gets one in the place of this one. */
  #serve(next: Waiting, connection: ClientConnection): void {
    const { request, body, host } = next
    if (!request.attempt.fresh) next.go(connection.send(request, body.gate, host))
    else {
      this.#drop(connection)
      next.go(this.#connect(request, body.gate, host))
    }
  }

  parting(socket: Socket): void {
    new Parting(socket, this.#context.clock)
  }

  closed(connection: ClientConnection): void {
    if (!this.#all.delete(connection)) return
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
    this.#serveNext()
  }

  defect(where: string, error: unknown): void {
    this.#context.defect(where, error)
  }

  /** Whoever may be asked for in HTTP/2, which the upstream has turned out to speak, goes there and counts there. */
  #serveNext(): void {
    while (this.#taken < this.#settings.maxPerEndpoint) {
      const next = this.#line.next()
      if (next === undefined) return
      const { request, body, host } = next
      const http2 = this.#dialing?.overHttp2(request)
      next.go(http2 === undefined ? this.#connect(request, body.gate, host) : http2.dispatch(request, body.gate, host))
    }
  }

  /** Looks at idle connections; the oldest are in front. */
  expired(): void {
    const now = this.#context.clock.now()
    const idle = this.#idle
    for (let i = idle.length - 1; i >= 0; i--) {
      const connection = idle[i] as ClientConnection
      if (now < connection.idleUntil) continue
      idle.splice(i, 1)
      this.#drop(connection)
    }
    this.#sweeper = idle.length > 0 ? this.#context.clock.schedule(SWEEP, this) : undefined
  }

  /** Nobody new comes: idle connections end now, busy ones after their exchange. Who waits in line is still served. */
  close(): void {
    this.#closed = true
    this.#context.clock.cancel(this.#sweeper)
    this.#sweeper = undefined
    for (const connection of this.#idle.splice(0)) this.#drop(connection)
  }

  /** The endpoint is gone. */
  takeAway(): void {
    this.close()
    this.#line.refuseAll(TAKEN_AWAY)
    this.#dialing?.takeAway(TAKEN_AWAY)
    // Nothing was sent yet on a connection that is being made.
    for (const connection of Array.from(this.#all)) if (connection.connecting) connection.end(TAKEN_AWAY)
  }
}

/** A second before the upstream would give it up, so that our request and its FIN rarely meet (`policies.md` 2.2). */
function idleTime(idle: number, keepAliveTimeout: number): number {
  if (keepAliveTimeout < 0) return idle
  const theirs = keepAliveTimeout * 1000
  return Math.min(idle, theirs > 2000 ? theirs - 1000 : theirs / 2)
}
