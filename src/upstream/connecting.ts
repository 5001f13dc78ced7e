/** A connection that is being made has the connect timeout to succeed. */
import type { Clock, Timed } from '../core/clock.ts'
import { ProxyError } from '../core/errors.ts'
import type { Attempt } from '../core/exchange.ts'
import type { Http2ClientConnection } from '../http2/client.ts'

/** A connection in either version of HTTP. */
interface Connectable {
  readonly connecting: boolean
  readonly socket: { once(event: string, listener: () => void): unknown }
  end(reason: ProxyError): void
}

export class Connecting implements Timed {
  readonly #connection: Connectable
  readonly #limit: number

  /** `limit` in ms. */
  constructor(connection: Connectable, limit: number, clock: Clock) {
    this.#connection = connection
    this.#limit = limit
    const timer = clock.schedule(limit, this)
    connection.socket.once('connect', () => clock.cancel(timer))
    connection.socket.once('close', () => clock.cancel(timer))
  }

  expired(): void {
    if (!this.#connection.connecting) return
    const cause = `no connection after ${this.#limit} ms`
    this.#connection.end(new ProxyError('connect_timeout', 'upstream', 'unsent', cause))
  }
}

/**
 * Whether an attempt goes on this connection if there may be another. A fresh one wants one that nobody was answered on. One that is being made will
 * do, so that a GOAWAY to many makes one for all; but who is on that fails when it does, and so it is for those who wait as long.
 */
export function suits(connection: Http2ClientConnection, attempt: Attempt): boolean {
  if (connection.connecting) return connection.connectLimit === attempt.connectTimeout
  return !(attempt.fresh && connection.peer.settled) && !connection.clogged
}
