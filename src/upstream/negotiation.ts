/** Which version of HTTP an endpoint behind TLS speaks: what its last handshake said (ALPN, RFC 7301). */
import type { TLSSocket } from 'node:tls'
import { ProxyError } from '../core/errors.ts'
import type { RequestHead } from '../core/exchange.ts'
import { H2, HTTP1 } from '../net/lazy-tls.ts'
import type { SecureRoute } from './dialing.ts'
import type { Handshake, HandshakeOwner } from './handshake.ts'
import type { TlsDialer } from './tls-dialer.ts'
import type { Sender } from './upgrades.ts'
import type { WaitingLine } from './waiting-line.ts'

/** In which version of HTTP an upstream is asked; `auto`: as the client came, or over TLS as the upstream chooses. */
export type Protocol = 'auto' | 'http1' | 'http2'

/** A pool, as a new connection sees it. */
export interface Adopter {
  /** Takes the connection and those who waited for it. */
  adopt(socket: TLSSocket, line: WaitingLine): void
}

/** The pools of one endpoint. */
export interface Pools {
  readonly http1: Adopter
  readonly http2: Adopter & Sender
  /** HTTP/2 was spoken, and the endpoint said that it wants HTTP/1.1 (RFC 9113 §7). */
  readonly wantsHttp1: boolean
}

const EITHER = [H2, HTTP1]
const ONLY_HTTP2 = [H2]
const ONLY_HTTP1 = [HTTP1]

export class Negotiation implements SecureRoute {
  /** What the next handshake is expected to say. Before the first it is HTTP/2, for then many may wait for one. */
  expectsHttp2: boolean
  readonly #protocol: Protocol
  readonly #dialer: TlsDialer
  readonly #pools: Pools

  constructor(protocol: Protocol, dialer: TlsDialer, pools: Pools) {
    this.expectsHttp2 = protocol !== 'http1'
    this.#protocol = protocol
    this.#dialer = dialer
    this.#pools = pools
  }

  /** `http2`: the pool for HTTP/2 asks. The other one is asked for upgrades too, which may have to be HTTP/1.1. */
  dial(request: RequestHead, http2: boolean, owner: HandshakeOwner): Handshake {
    const either = this.#protocol === 'auto' && (http2 || this.#mayBeHttp2(request))
    const offers = either ? EITHER : http2 ? ONLY_HTTP2 : ONLY_HTTP1
    return this.#dialer.dial(offers, request.attempt.connectTimeout, owner)
  }

  #mayBeHttp2(request: RequestHead): boolean {
    return request.upgrade === '' && !this.#pools.wantsHttp1
  }

  overHttp2(request: RequestHead): Sender | undefined {
    return this.expectsHttp2 && this.#mayBeHttp2(request) ? this.#pools.http2 : undefined
  }

  /** A server that knows nothing of ALPN speaks HTTP/1.1. */
  arrived(socket: TLSSocket, handshake: Handshake): ProxyError | undefined {
    const { offers, line } = handshake
    const http2 = socket.alpnProtocol === H2
    if (offers === ONLY_HTTP2 && !http2) {
      return new ProxyError('tls_failure', 'upstream', 'unsent', 'the upstream did not choose h2 (ALPN)')
    }
    if (offers === EITHER) this.expectsHttp2 = http2
    if (http2) this.#pools.http2.adopt(socket, line)
    else this.#pools.http1.adopt(socket, line)
    return undefined
  }
}
