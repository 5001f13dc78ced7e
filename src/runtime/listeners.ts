/** The listeners of a sidecar: each with its receiver and the connections it holds. */
import type { HostPort } from '../config/model.ts'
import type { IncomingConnection } from '../http/server-side.ts'
import { type Listener, listen } from '../net/listener.ts'
import { type ListenerSecurity, TlsAcceptor } from '../net/tls-acceptor.ts'
import { Detection } from '../server/detection.ts'
import { ServerHandshake } from '../server/handshake.ts'
import type { Receiver } from '../server/receiver.ts'

export class TrafficListener {
  readonly address: string
  readonly #listener: Listener
  readonly #connections: Set<IncomingConnection>
  readonly #maxConnections: number

  private constructor(listener: Listener, connections: Set<IncomingConnection>, maxConnections: number) {
    this.address = listener.address
    this.#listener = listener
    this.#connections = connections
    this.#maxConnections = maxConnections
  }

  /** `makeReceiver` is handed what to call when a connection is gone. Without `security` the listener speaks plain text. */
  static async open(
    at: HostPort,
    purpose: string,
    maxConnections: number,
    makeReceiver: (closed: (connection: IncomingConnection) => void) => Receiver,
    security?: ListenerSecurity,
  ): Promise<TrafficListener> {
    const connections = new Set<IncomingConnection>()
    const receiver = makeReceiver((connection) => void connections.delete(connection))
    const acceptor = security === undefined ? undefined : new TlsAcceptor(security)
    const listener = await listen({
      ...at,
      purpose,
      maxConnections,
      encrypted: acceptor !== undefined,
      onConnection: (socket, reading) => {
        const decided = (connection: IncomingConnection) => {
          connections.delete(held)
          connections.add(connection)
          held = connection
        }
        let held: IncomingConnection =
          acceptor === undefined
            ? new Detection(socket, reading, receiver, decided)
            : new ServerHandshake(socket, reading, receiver, acceptor, decided)
        connections.add(held)
      },
    })
    return new TrafficListener(listener, connections, maxConnections)
  }

  /** Of `maxConnections`, 0…1. */
  get fullness(): number {
    return this.#connections.size / this.#maxConnections
  }

  get connections(): number {
    return this.#connections.size
  }

  get dropped(): number {
    return this.#listener.dropped
  }

  /** Something is in flight. */
  get busy(): boolean {
    for (const connection of this.#connections) if (connection.busy) return true
    return false
  }

  /** No new connections; idle ones end, busy ones after their exchange (the receiver says `draining`). */
  drain(): void {
    this.#listener.stop()
    for (const connection of this.#connections) connection.drain()
  }

  destroy(): void {
    this.#listener.stop()
    for (const connection of [...this.#connections]) connection.destroy()
  }
}
