/** The TLS handshakes that one pool has under way, and the requests that wait for them. */
import type { TLSSocket } from 'node:tls'
import type { ProxyError } from '../core/errors.ts'
import type { RequestBody, RequestHead, ResponseHandler } from '../core/exchange.ts'
import type { Handshake, HandshakeOwner } from './handshake.ts'
import type { Sender } from './upgrades.ts'
import { Waiting, type WaitingLine } from './waiting-line.ts'

/** Where a pool's handshakes come from, and where their sockets go: it may be to the pool of another version. */
export interface SecureRoute {
  /** What the last handshake said, and so the next one is expected to say. */
  readonly expectsHttp2: boolean
  dial(request: RequestHead, http2: boolean, owner: HandshakeOwner): Handshake
  /** Where this request goes that waits for HTTP/1.1, now that the upstream has chosen HTTP/2; undefined: it is still to be HTTP/1.1. */
  overHttp2(request: RequestHead): Sender | undefined
  /** An error: nobody here speaks what was agreed on. */
  arrived(socket: TLSSocket, handshake: Handshake): ProxyError | undefined
}

export class Dialing implements HandshakeOwner {
  readonly #route: SecureRoute
  readonly #http2: boolean
  readonly #vacated: () => void
  readonly #underWay: Set<Handshake>

  /** `vacated`: a place for a connection may have become free. */
  constructor(route: SecureRoute, http2: boolean, vacated: () => void) {
    this.#route = route
    this.#http2 = http2
    this.#vacated = vacated
    this.#underWay = new Set()
  }

  /** As of `SecureRoute`. */
  get expectsHttp2(): boolean {
    return this.#route.expectsHttp2
  }

  /** As of `SecureRoute`. */
  overHttp2(request: RequestHead): Sender | undefined {
    return this.#route.overHttp2(request)
  }

  /** Connections that may come of it. */
  get size(): number {
    return this.#underWay.size
  }

  get waiting(): number {
    let waiting = 0
    for (const handshake of this.#underWay) waiting += handshake.line.length
    return waiting
  }

  /** A handshake of its own for this request; when the request is given up it goes on, for the next one will want it. */
  start(request: RequestHead, response: ResponseHandler, host: string): RequestBody {
    const handshake = this.#route.dial(request, this.#http2, this)
    this.#underWay.add(handshake)
    return board(handshake.line, request, response, host)
  }

  /** A place in one that is under way, where fewer than `most` wait for it already. */
  join(request: RequestHead, response: ResponseHandler, host: string, most: number): RequestBody | undefined {
    for (const handshake of this.#underWay) {
      if (handshake.line.length >= most) continue
      handshake.extend(request.attempt.connectTimeout)
      return board(handshake.line, request, response, host)
    }
    return undefined
  }

  secured(handshake: Handshake, socket: TLSSocket): void {
    this.#underWay.delete(handshake)
    const problem = this.#route.arrived(socket, handshake)
    if (problem !== undefined) {
      socket.destroy()
      handshake.line.refuseAll(problem)
    }
    this.#vacated()
  }

  failed(handshake: Handshake, error: ProxyError): void {
    this.#underWay.delete(handshake)
    handshake.line.refuseAll(error)
    this.#vacated()
  }

  /** The endpoint is gone. */
  takeAway(error: ProxyError): void {
    // cold: once, when an endpoint is taken away
    const all = [...this.#underWay]
    this.#underWay.clear()
    for (const handshake of all) {
      handshake.discard()
      handshake.line.refuseAll(error)
    }
  }
}

/** When the handshake fails, all who wait for it fail. */
function board(line: WaitingLine, request: RequestHead, response: ResponseHandler, host: string): RequestBody {
  const waiting = new Waiting(line, request, response, host)
  line.join(waiting, Number.POSITIVE_INFINITY, request.attempt.connectTimeout)
  return waiting.body
}
