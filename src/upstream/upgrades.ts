/**
 * Upgrades to an endpoint in HTTP/2. Whether it takes them is in its first SETTINGS (RFC 8441 §3): where these have not come
 * yet, an upgrade waits for them, and where they do not allow it, it goes over HTTP/1.1, which many servers speak beside.
 */
import type { Clock } from '../core/clock.ts'
import { ProxyError } from '../core/errors.ts'
import type { RequestBody, RequestHead, ResponseHandler } from '../core/exchange.ts'
import { ForwardingHandler } from '../core/forwarding.ts'
import { all, IS_TOKEN } from '../http/bytes.ts'
import type { Http2ClientConnection } from '../http2/client.ts'
import { Waiting, WaitingLine } from './waiting-line.ts'

/** A pool, as a request that is handed to it sees it. */
export interface Sender {
  dispatch(request: RequestHead, response: ResponseHandler, host: string): RequestBody
}

/** The pool that upgrades are of. */
export interface Http2Sender extends Sender {
  /** Whether `connection` takes one request more. */
  takes(connection: Http2ClientConnection): boolean
  /** To another connection that takes it, or until one does; none is made for it. */
  queue(request: RequestHead, response: ResponseHandler, host: string): RequestBody
}

/** ms for the SETTINGS of a connection where the request gives no bound, or a longer one. */
const LONGEST = 10_000
/** ms for which an endpoint that took no upgrade is not asked anew by a connection made for that. */
const REMEMBERED = 60_000

const NO_SETTINGS = new ProxyError('connect_timeout', 'upstream', 'unsent', 'connected, and no SETTINGS came in time')

export class Upgrades {
  readonly #clock: Clock
  readonly #http2: Http2Sender
  readonly #http1: Sender
  /** By the connection whose SETTINGS they wait for. */
  readonly #lines: Map<Http2ClientConnection, WaitingLine>
  /** Until when it is taken for one that takes none: where no open connection says so, and whatever they say. ms on the clock. */
  #refusedUntil: number
  #http1Until: number
  /** It has sent SETTINGS before. */
  #speaksHttp2: boolean

  constructor(clock: Clock, http2: Http2Sender, http1: Sender) {
    this.#clock = clock
    this.#http2 = http2
    this.#http1 = http1
    this.#lines = new Map()
    this.#refusedUntil = Number.NEGATIVE_INFINITY
    this.#http1Until = Number.NEGATIVE_INFINITY
    this.#speaksHttp2 = false
  }

  /** Those that wait for SETTINGS. */
  get length(): number {
    let length = 0
    for (const line of this.#lines.values()) length += line.length
    return length
  }

  /** How many wait for the SETTINGS of this connection. */
  waitingFor(connection: Http2ClientConnection): number {
    return this.#lines.size === 0 ? 0 : (this.#lines.get(connection)?.length ?? 0)
  }

  /** Extended CONNECT is to one protocol, where HTTP/1.1 may offer many. `next`: the connection that would be taken, if there is one. */
  mayGo(upgrade: string, next: Http2ClientConnection | undefined): boolean {
    if (!all(upgrade, 0, upgrade.length, IS_TOKEN)) return false
    const now = this.#clock.now()
    if (now < this.#http1Until) return false
    return next?.peer.settled === true ? next.peer.connects : now >= this.#refusedUntil
  }

  /** `connection` has room for it. */
  send(connection: Http2ClientConnection, request: RequestHead, response: ResponseHandler, host: string): RequestBody {
    const { settled, connects } = connection.peer
    if (!settled) return this.#wait(connection, request, response, host)
    if (connects) return connection.send(request, response, host)
    return this.#http1.dispatch(request, new Second(response, NOT_ALLOWED), host)
  }

  #wait(connection: Http2ClientConnection, request: RequestHead, response: ResponseHandler, host: string): RequestBody {
    let line = this.#lines.get(connection)
    if (line === undefined) {
      line = new WaitingLine(this.#clock, NO_SETTINGS)
      this.#lines.set(connection, line)
    }
    const waiting = new Waiting(line, request, response, host)
    line.join(waiting, Number.POSITIVE_INFINITY, Math.min(request.attempt.connectTimeout, LONGEST))
    return waiting.body
  }

  /** It has reset one with HTTP_1_1_REQUIRED (RFC 9113 §7). */
  http1Required(): void {
    this.#http1Until = this.#clock.now() + REMEMBERED
  }

  /** SETTINGS of this connection came. */
  settled(connection: Http2ClientConnection): void {
    const { connects, maxStreams } = connection.peer
    this.#speaksHttp2 = true
    this.#refusedUntil = connects ? Number.NEGATIVE_INFINITY : this.#clock.now() + REMEMBERED
    const line = this.#taken(connection)
    for (let next = line?.next(); next !== undefined; next = line?.next()) {
      const { request, body, host } = next
      if (!connects || this.#http2.takes(connection)) next.go(this.send(connection, request, body.gate, host))
      // One that allows none for now (§6.5.2) would only say so again on the next connection.
      else if (maxStreams === 0) next.go(this.#http2.queue(request, body.gate, host))
      else next.go(this.#http2.dispatch(request, body.gate, host))
    }
  }

  /** It is gone. Who speaks no HTTP/2 says so to the preface, by an answer in HTTP/1.1 or by an end. */
  closed(connection: Http2ClientConnection, why: ProxyError): void {
    const line = this.#taken(connection)
    if (line === undefined) return
    if (connection.connecting || why.reason === 'tls_failure') {
      line.refuseAll(why)
      return
    }
    if (this.#isNoHttp2(connection, why)) this.#refusedUntil = this.#clock.now() + REMEMBERED
    const cause = `over HTTP/2 no SETTINGS came: ${why.cause}`
    for (let next = line.next(); next !== undefined; next = line.next()) {
      next.go(this.#http1.dispatch(next.request, new Second(next.body.gate, cause), next.host))
    }
  }

  /** A reset may be that of a server that restarts, and so may any end be where HTTP/2 was spoken before. */
  #isNoHttp2(connection: Http2ClientConnection, why: ProxyError): boolean {
    return why.reason === 'protocol_error_upstream' || !(connection.broken || this.#speaksHttp2)
  }

  #taken(connection: Http2ClientConnection): WaitingLine | undefined {
    const line = this.#lines.get(connection)
    this.#lines.delete(connection)
    return line
  }

  /** The endpoint is gone. */
  takeAway(error: ProxyError): void {
    for (const line of this.#lines.values()) line.refuseAll(error)
  }
}

const NOT_ALLOWED = 'over HTTP/2 its SETTINGS allow no extended CONNECT (RFC 8441)'

/** An upgrade over HTTP/1.1 because HTTP/2 did not take it: where it fails too, the log says both. */
class Second extends ForwardingHandler {
  readonly #before: string

  constructor(up: ResponseHandler, before: string) {
    super(up)
    this.#before = before
  }

  override fail(error: ProxyError): void {
    const { reason, source, retryable, cause, retryAfter, resetCode, fields } = error
    if (source !== 'upstream') this.up.fail(error)
    else {
      const both = `${cause}; ${this.#before}`
      this.up.fail(new ProxyError(reason, source, retryable, both, retryAfter, resetCode, fields))
    }
  }
}
