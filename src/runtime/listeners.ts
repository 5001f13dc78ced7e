/** The listeners of a sidecar: each with its receiver and the connections it holds. */
import type { HostPort } from '../config/model.ts'
import { ServerConnection } from '../http1/server.ts'
import { type Listener, listen } from '../net/listener.ts'
import type { Receiver } from '../server/receiver.ts'

export class TrafficListener {
  readonly address: string
  readonly #listener: Listener
  readonly #connections: Set<ServerConnection>

  private constructor(listener: Listener, connections: Set<ServerConnection>) {
    this.address = listener.address
    this.#listener = listener
    this.#connections = connections
  }

  /** `makeReceiver` is handed what to call when a connection is gone. */
  static async open(
    at: HostPort,
    purpose: string,
    maxConnections: number,
    makeReceiver: (closed: (connection: ServerConnection) => void) => Receiver,
  ): Promise<TrafficListener> {
    const connections = new Set<ServerConnection>()
    const receiver = makeReceiver((connection) => void connections.delete(connection))
    const listener = await listen({
      ...at,
      purpose,
      maxConnections,
      onConnection: (socket, reading) => {
        const connection = new ServerConnection(socket, receiver)
        reading.reader = connection
        connections.add(connection)
      },
    })
    return new TrafficListener(listener, connections)
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
