/** A client's connection until its TLS handshake is over, and so until it is known which version of HTTP it speaks. */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Timed, Timer } from '../core/clock.ts'
import { ProxyError } from '../core/errors.ts'
import type { IncomingConnection, ServerOwner } from '../http/server-side.ts'
import { ServerConnection } from '../http1/server.ts'
import { Http2ServerConnection } from '../http2/server.ts'
import { H2, HTTP1 } from '../net/lazy-tls.ts'
import { plainly, type Reading } from '../net/shared-read.ts'
import type { Accepting, TlsAcceptor } from '../net/tls-acceptor.ts'
import { Detection } from './detection.ts'
import { Undecided } from './undecided.ts'

export class ServerHandshake extends Undecided implements Accepting, Timed {
  readonly #reading: Reading
  readonly #owner: ServerOwner
  readonly #decided: (connection: IncomingConnection) => void
  readonly #timer: Timer
  #over: boolean

  /** `decided` is told the connection that takes this one's place. */
  constructor(
    accepted: Socket,
    reading: Reading,
    owner: ServerOwner,
    acceptor: TlsAcceptor,
    decided: (connection: IncomingConnection) => void,
  ) {
    super(accepted, true)
    this.#reading = reading
    this.#owner = owner
    this.#decided = decided
    this.#timer = owner.clock.schedule(owner.limits.headTimeout, this)
    this.#over = false
    accepted.on('close', () => this.#gone())
    // What goes wrong is told by the socket of TLS above it.
    accepted.on('error', () => {})
    acceptor.accept(accepted, this)
  }

  expired(): void {
    this.refused(`the handshake was not whole after ${this.#owner.limits.headTimeout} ms`)
    this.destroy()
  }

  #gone(): void {
    if (this.#over) return
    this.#over = true
    this.#owner.clock.cancel(this.#timer)
    this.#owner.closed(this)
  }

  refused(cause: string): void {
    const who = `${this.peerAddress}:${this.peerPort}`
    this.#owner.refusal(new ProxyError('tls_failure', 'downstream', 'no', `${who}: ${cause}`))
  }

  secured(socket: TLSSocket): void {
    this.#over = true
    this.#owner.clock.cancel(this.#timer)
    const reading = this.#reading
    const owner = this.#owner
    const protocol = socket.alpnProtocol
    // Who says nothing by ALPN may mean either, as in plain text.
    if (protocol !== H2 && protocol !== HTTP1) this.#decided(new Detection(socket, reading, owner, this.#decided))
    else {
      const connection =
        protocol === H2 ? new Http2ServerConnection(socket, owner) : new ServerConnection(socket, owner)
      reading.reader = connection
      this.#decided(connection)
    }
    plainly(socket, reading)
  }
}
