/** The HTTP/2 connections of one endpoint: as few as will do, another where all are full, each given up when old or idle. */
import type { TLSSocket } from 'node:tls'
import type { Clock, Timed, Timer } from '../core/clock.ts'
import type { ProxyError } from '../core/errors.ts'
import type { Attempt, RequestBody, RequestHead, ResponseHandler } from '../core/exchange.ts'
import type { HeadLimits } from '../http/server-side.ts'
import type { Violation } from '../http/violation.ts'
import { Http2ClientConnection, type Http2ClientOwner } from '../http2/client.ts'
import { Reading } from '../net/shared-read.ts'
import { connectTo } from './connect.ts'
import { Connecting, suits } from './connecting.ts'
import { Dialing, type SecureRoute } from './dialing.ts'
import type { UpstreamContext } from './context.ts'
import type { PoolSettings } from './pool.ts'
import { retireTime, SWEEP, TAKEN_AWAY } from './giving-up.ts'
import { type Http2Sender, type Sender, Upgrades } from './upgrades.ts'
import { Waiting, WaitingLine } from './waiting-line.ts'

/** The endpoint, as this pool sees it. */
export interface BothVersions {
  /** For upgrades that the upstream does not take over HTTP/2. */
  readonly http1: Sender
  /** The upstream wants this request, or undefined: any, in HTTP/1.1; returns whether it will be asked so. */
  http1Required(request: RequestHead | undefined): boolean
}

/** Streams on a connection whose upstream has not said yet how many it allows, nor on one before. */
const EXPECTED_STREAMS = 100

export class Http2Pool implements Http2ClientOwner, Http2Sender, Timed {
  readonly limits: HeadLimits
  readonly believesPeer: boolean
  readonly clock: Clock
  expectedStreams: number
  readonly #host: string
  readonly #port: number
  readonly #settings: PoolSettings
  readonly #context: UpstreamContext
  /** Those that take requests; the first with room is taken, so that the others become idle and go. */
  readonly #open: Http2ClientConnection[]
  /** Those, and the retired ones that finish what they have. */
  readonly #all: Set<Http2ClientConnection>
  readonly #line: WaitingLine
  readonly #upgrades: Upgrades
  readonly #versions: BothVersions
  /** Where connections are made over TLS. */
  readonly #dialing: Dialing | undefined
  #sweeper: Timer | undefined
  /** Nobody new comes, but what an exchange that is under way may still send again. */
  #closed: boolean

  /** `secure`: connections are made over TLS. */
  constructor(
    host: string,
    port: number,
    settings: PoolSettings,
    context: UpstreamContext,
    versions: BothVersions,
    secure?: SecureRoute,
  ) {
    this.limits = settings.limits
    this.believesPeer = settings.believesPeer
    this.clock = context.clock
    this.expectedStreams = EXPECTED_STREAMS
    this.#host = host
    this.#port = port
    this.#settings = settings
    this.#context = context
    this.#open = []
    this.#all = new Set()
    this.#line = new WaitingLine(context.clock)
    this.#upgrades = new Upgrades(context.clock, this, versions.http1)
    this.#versions = versions
    this.#dialing = secure === undefined ? undefined : new Dialing(secure, true, () => this.#serveNext())
    this.#sweeper = undefined
    this.#closed = false
  }

  get connections(): number {
    return this.#all.size
  }

  get idle(): number {
    let idle = 0
    for (let i = 0; i < this.#open.length; i++) if ((this.#open[i] as Http2ClientConnection).active === 0) idle++
    return idle
  }

  /** Requests in flight or waiting for a stream. */
  get active(): number {
    let active = this.#line.length + this.#upgrades.length + (this.#dialing?.waiting ?? 0)
    for (const connection of this.#all) active += connection.active
    return active
  }

  /** The upstream takes extended CONNECT to this, or may take it (RFC 8441). */
  mayUpgrade(upgrade: string): boolean {
    return this.#upgrades.mayGo(upgrade, this.#withRoom(undefined))
  }

  /** `host` becomes the :authority. */
  dispatch(request: RequestHead, response: ResponseHandler, host: string): RequestBody {
    const connection = this.#withRoom(request.attempt)
    if (connection !== undefined) return this.#send(connection, request, response, host)
    if (this.#dialing !== undefined) {
      const boarded = this.#dialing.join(request, response, host, this.#settings.http2Streams)
      if (boarded !== undefined) return boarded
    }
    if (this.#taken >= this.#settings.maxPerEndpoint) return this.queue(request, response, host)
    return this.#connect(request, response, host)
  }

  queue(request: RequestHead, response: ResponseHandler, host: string): RequestBody {
    const connection = this.#withRoom(undefined)
    return connection === undefined
      ? this.#wait(request, response, host)
      : this.#send(connection, request, response, host)
  }

  #send(connection: Http2ClientConnection, request: RequestHead, response: ResponseHandler, host: string): RequestBody {
    return request.upgrade === ''
      ? connection.send(request, response, host)
      : this.#upgrades.send(connection, request, response, host)
  }

  /** Connections that take requests, and those that handshakes are under way for. */
  get #taken(): number {
    return this.#open.length + (this.#dialing?.size ?? 0)
  }

  /** One that suits `attempt`; undefined: any. */
  #withRoom(attempt: Attempt | undefined): Http2ClientConnection | undefined {
    for (let i = 0; i < this.#open.length; i++) {
      const connection = this.#open[i] as Http2ClientConnection
      if (this.takes(connection) && (attempt === undefined || suits(connection, attempt))) return connection
    }
    return undefined
  }

  /** Upgrades that wait for its SETTINGS will be streams of it. */
  takes(connection: Http2ClientConnection): boolean {
    const waiting = this.#upgrades.waitingFor(connection)
    return connection.room > waiting && connection.active + waiting < this.#settings.http2Streams
  }

  #connect(request: RequestHead, response: ResponseHandler, host: string): RequestBody {
    if (this.#dialing !== undefined) return this.#dialing.start(request, response, host)
    const reading = new Reading()
    const socket = connectTo(this.#host, this.#port, this.#context, false, reading)
    const connection = new Http2ClientConnection(socket, this, 'http')
    reading.reader = connection
    this.#keep(connection)
    const limit = request.attempt.connectTimeout
    connection.connectLimit = limit
    if (limit !== Number.POSITIVE_INFINITY) new Connecting(connection, limit, this.clock)
    return this.#send(connection, request, response, host)
  }

  #keep(connection: Http2ClientConnection): void {
    connection.retireAt = retireTime(this.#context, this.#settings.maxAge)
    this.#all.add(connection)
    this.#open.push(connection)
    if (this.#sweeper === undefined) this.#sweeper = this.clock.schedule(SWEEP, this)
  }

  /** A connection over TLS is there, for those who waited for it; as in the pool of HTTP/1.1 it may be one too many. */
  adopt(socket: TLSSocket, line: WaitingLine): void {
    if (this.#taken >= this.#settings.maxPerEndpoint) {
      socket.destroy()
      this.#serveAll(line)
      return
    }
    const connection = new Http2ClientConnection(socket, this, 'https')
    socket.on('data', (chunk: Buffer) => connection.receive(chunk))
    this.#keep(connection)
    const first = line.next()
    if (first !== undefined) first.go(this.#send(connection, first.request, first.body.gate, first.host))
    this.#serveAll(line)
    this.freed(connection)
  }

  #serveAll(line: WaitingLine): void {
    for (let next = line.next(); next !== undefined; next = line.next()) {
      next.go(this.dispatch(next.request, next.body.gate, next.host))
    }
  }

  /** As for HTTP/1: first in, first out, at most as many as there may be connections, at most for the connect timeout. */
  #wait(request: RequestHead, response: ResponseHandler, host: string): RequestBody {
    const waiting = new Waiting(this.#line, request, response, host)
    this.#line.join(waiting, this.#settings.maxPerEndpoint, request.attempt.connectTimeout)
    return waiting.body
  }

  // ---------------------------------------------------------------- told by connections

  freed(connection: Http2ClientConnection): void {
    while (this.takes(connection)) {
      const next = this.#line.next()
      if (next === undefined) break
      next.go(this.#send(connection, next.request, next.body.gate, next.host))
    }
    if (this.#closed && this.#line.length === 0 && this.#upgrades.waitingFor(connection) === 0) connection.retire()
  }

  /** Others go over another, as far as there may be one more; what is on this one finishes there. */
  wornOut(connection: Http2ClientConnection): void {
    const waited = !connection.peer.settled || this.#upgrades.waitingFor(connection) > 0
    if (!waited && this.#all.size < this.#settings.maxPerEndpoint) connection.retire()
  }

  http1Required(request: RequestHead | undefined): boolean {
    if (request !== undefined && request.upgrade !== '') this.#upgrades.http1Required()
    return this.#versions.http1Required(request)
  }

  /**
   * What it allows its next connections will allow, too: what is refused on this one for being too much would be too much again where it is
   * sent at once, on a new one. Who allows none yet says nothing of the next.
   */
  settled(connection: Http2ClientConnection): void {
    const { maxStreams } = connection.peer
    if (maxStreams > 0) this.expectedStreams = Math.min(maxStreams, EXPECTED_STREAMS)
    this.#upgrades.settled(connection)
  }

  retired(connection: Http2ClientConnection): void {
    const at = this.#open.indexOf(connection)
    if (at >= 0) this.#open.splice(at, 1)
    this.#serveNext()
  }

  closed(connection: Http2ClientConnection, why: ProxyError): void {
    const at = this.#open.indexOf(connection)
    if (at >= 0) this.#open.splice(at, 1)
    this.#upgrades.closed(connection, why)
    if (this.#all.delete(connection)) this.#serveNext()
  }

  violation(how: Violation): void {
    this.#context.violation(how)
  }

  defect(where: string, error: unknown): void {
    this.#context.defect(where, error)
  }

  /** A connection for who waits longest, and for those behind as far as it takes them. */
  #serveNext(): void {
    if (this.#dialing?.expectsHttp2 === false && this.#open.length === 0) {
      this.#overHttp1()
      return
    }
    if (this.#taken >= this.#settings.maxPerEndpoint) return
    const next = this.#line.next()
    if (next === undefined) return
    next.go(this.#connect(next.request, next.body.gate, next.host))
    const made = this.#open.at(-1)
    if (made !== undefined && !made.peer.settled) this.freed(made)
  }

  /** The upstream has turned out to speak HTTP/1.1: whoever waits here counts there. */
  #overHttp1(): void {
    for (let next = this.#line.next(); next !== undefined; next = this.#line.next()) {
      next.go(this.#versions.http1.dispatch(next.request, next.body.gate, next.host))
    }
  }

  // ---------------------------------------------------------------- time and ends

  expired(): void {
    const now = this.clock.now()
    const { idle } = this.#settings
    for (let i = this.#open.length - 1; i >= 0; i--) {
      const connection = this.#open[i] as Http2ClientConnection
      if (this.#upgrades.waitingFor(connection) > 0) continue
      if (now >= connection.retireAt || (connection.active === 0 && now - connection.quietSince >= idle))
        connection.retire()
    }
    this.#sweeper = this.#open.length > 0 ? this.clock.schedule(SWEEP, this) : undefined
  }

  /** Nobody new comes: idle connections end now, busy ones after their last exchange. Who waits in line is still served. */
  close(): void {
    this.#closed = true
    if (this.#line.length > 0) return
    for (const connection of this.#open.slice()) if (this.#upgrades.waitingFor(connection) === 0) connection.retire()
  }

  /** The endpoint is gone. */
  takeAway(): void {
    this.#line.refuseAll(TAKEN_AWAY)
    this.#upgrades.takeAway(TAKEN_AWAY)
    this.#dialing?.takeAway(TAKEN_AWAY)
    // Nothing was sent yet on a connection that is being made.
    for (const connection of this.#open.slice()) if (connection.connecting) connection.end(TAKEN_AWAY)
    this.close()
  }
}
