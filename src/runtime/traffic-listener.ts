/** A listener with its receiver and the connections it holds. */
import type { HostPort } from '../config/model.ts'
import type { Clock } from '../core/clock.ts'
import type { Socket } from 'node:net'
import type { IncomingConnection } from '../http/server-side.ts'
import type { LoadDoor, ShutDoor } from '../net/door.ts'
import { type Listener, listen } from '../net/listener.ts'
import type { Reading } from '../net/shared-read.ts'
import { type ListenerSecurity, TlsAcceptor } from '../net/tls-acceptor.ts'
import { Detection } from '../server/detection.ts'
import { ServerHandshake } from '../server/handshake.ts'
import type { Receiver } from '../server/receiver.ts'

/** Looks at the queue of a listener that is to close, which holds 1 024: whoever goes on connecting does not keep it open. */
const BACKLOG = 1024

/** ms in which connections that were coming about when the door was shut have come about, from the next zone as well. */
const ARRIVING = 100

/** Takes a connection that was just accepted; undefined: it was refused. `decided` is told who takes its place. */
export type Begin = (
  socket: Socket,
  reading: Reading,
  receiver: Receiver,
  decided: (connection: IncomingConnection) => void,
) => IncomingConnection | undefined

const plain: Begin = (socket, reading, receiver, decided) => new Detection(socket, reading, receiver, decided)

function encrypted(security: ListenerSecurity, clock: Clock): Begin {
  const acceptor = new TlsAcceptor(security, clock)
  return (socket, reading, receiver, decided) => new ServerHandshake(socket, reading, receiver, acceptor, decided)
}

export class TrafficListener {
  readonly address: string
  /** Those that travel in tunnels of its clients. */
  readonly inner: Set<IncomingConnection> = new Set()
  readonly #listener: Listener
  readonly #connections: Set<IncomingConnection>
  readonly #maxConnections: number
  /** Between the call of drain() and its last step. */
  #leaving = false

  private constructor(listener: Listener, connections: Set<IncomingConnection>, maxConnections: number) {
    this.address = listener.address
    this.#listener = listener
    this.#connections = connections
    this.#maxConnections = maxConnections
  }

  /**
   * `makeReceiver` is handed what to call when a connection is gone. Without `security` the listener speaks plain text, and
   * connections begin as `begin` says.
   */
  static async open(
    at: HostPort,
    purpose: string,
    maxConnections: number,
    makeReceiver: (closed: (connection: IncomingConnection) => void) => Receiver,
    security?: ListenerSecurity,
    begin: Begin = plain,
  ): Promise<TrafficListener> {
    const connections = new Set<IncomingConnection>()
    const receiver = makeReceiver((connection) => void connections.delete(connection))
    const first = security === undefined ? begin : encrypted(security, receiver.clock)
    const listener = await listen({
      ...at,
      purpose,
      maxConnections,
      encrypted: security !== undefined,
      onConnection: (socket, reading) => {
        const decided = (connection: IncomingConnection) => {
          if (held !== undefined) connections.delete(held)
          connections.add(connection)
          held = connection
        }
        let held = first(socket, reading, receiver, decided)
        if (held !== undefined) connections.add(held)
      },
    })
    return new TrafficListener(listener, connections, maxConnections)
  }

  /** Of `maxConnections`, 0…1. */
  get fullness(): number {
    return this.#connections.size / this.#maxConnections
  }

  /** The port that was taken. */
  get port(): number {
    return portOf(this.address)
  }

  get connections(): number {
    return this.#connections.size
  }

  get dropped(): number {
    return this.#listener.dropped
  }

  /** Something is in flight, or may be once what has arrived is read. */
  get busy(): boolean {
    if (this.#leaving) return true
    for (const connection of this.#connections) if (connection.busy) return true
    return false
  }

  /** A client that does not know better may just have sent something. */
  get expecting(): boolean {
    for (const connection of this.#connections) if (!connection.announces) return true
    return false
  }

  /**
   * No new connections: `door` is shut, where there is one, and those that stand in the kernel's queue are taken, for closed over
   * them they would be reset. The others stay, and each answer sends one away (the receiver says `draining`), but for those that can be told in words that lose
   * nothing. `left` is called when that is done.
   */
  drain(left: () => void, clock: Clock, door?: LoadDoor): void {
    this.#leaving = true
    if (door === undefined) this.#close(left)
    else void door().then((shut) => this.#shut(shut, clock, left))
  }

  #shut(shut: ShutDoor, clock: Clock, left: () => void): void {
    if (shut(this.#listener.fd)) clock.schedule(ARRIVING, { expired: () => this.#close(left) })
    else this.#close(left)
  }

  #close(left: () => void): void {
    this.#afterBacklog(BACKLOG, this.#listener.accepted, () => {
      this.#listener.stop()
      // Of the connections that were taken last, the requests that came with them.
      afterTurns(2, () => {
        this.#leaving = false
        for (const connection of this.#all()) if (connection.announces) connection.drain()
        left()
      })
    })
  }

  /** After drain(): idle connections end, busy ones after their exchange. */
  dismiss(): void {
    for (const connection of this.#all()) connection.drain()
  }

  #all(): IncomingConnection[] {
    return [...this.#connections, ...this.inner]
  }

  /** A turn of the event loop takes one connection: the queue is empty when none came in two. */
  #afterBacklog(turns: number, before: number, then: () => void): void {
    afterTurns(2, () => {
      const { accepted } = this.#listener
      if (accepted === before || turns <= 0) then()
      else this.#afterBacklog(turns - 1, accepted, then)
    })
  }

  destroy(): void {
    this.#listener.stop()
    for (const connection of [...this.#connections]) connection.destroy()
  }
}

/** Turns of the event loop, in each of which what has arrived is read. */
function afterTurns(turns: number, then: () => void): void {
  setImmediate(() => (turns === 1 ? then() : afterTurns(turns - 1, then)))
}

/** Of `host:port`. */
export function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}
