/** A connection of bytes from a client to an upstream: both directions, half-close, resets, idle timeout. */
import type { Socket } from 'node:net'
import type { Clock, Timed, Timer } from '../core/clock.ts'
import type { OpaqueConnection, OpaqueEnd, OpaqueRow, OpaqueWhy } from '../core/opaque.ts'
import { breakOff } from '../net/encrypted.ts'
import type { Reading } from '../net/shared-read.ts'
import { Half } from './half.ts'
import { KEEP_ALIVE, type Upstream, type UpstreamWatcher } from './upstream.ts'

export interface SpliceOwner {
  readonly clock: Clock
  closed(splice: Splice): void
}

export interface SpliceParts {
  readonly client: Socket
  /** Of the client. */
  readonly reading: Reading
  /** In whatever state it is; the splice takes it over. */
  readonly upstream: Upstream
  readonly why: OpaqueWhy
  readonly row: OpaqueRow
  readonly owner: SpliceOwner
  /** On the clock, ms: when the client was accepted. */
  readonly acceptedAt: number
  /** Where the client was going, `host:port`, and the name in its ClientHello, or ''. */
  readonly original: string
  readonly serverName: string
  /** Writes it down at its end; undefined: nobody does. */
  readonly log: ((connection: OpaqueConnection) => void) | undefined
  /** What was read of the client already, ours. */
  readonly first: Buffer | undefined
  /** The client has said all it will say. */
  readonly ended: boolean
}

export class Splice implements Timed, UpstreamWatcher {
  readonly peerAddress: string
  readonly peerPort: number
  readonly secure: boolean
  readonly #parts: SpliceParts
  #over: boolean
  /** Bytes from the client, and to it. */
  #received: number
  #sent: number
  /** On the clock, ms: when the last byte passed. */
  #movedAt: number
  #timer: Timer | undefined

  constructor(parts: SpliceParts) {
    const { client, reading, upstream, row, why, owner, first, ended } = parts
    const { clock } = owner
    this.peerAddress = client.remoteAddress ?? ''
    this.peerPort = client.remotePort ?? 0
    this.secure = false
    // What is passed on at once is not to be held as long as the connection lasts.
    this.#parts = first === undefined ? parts : { ...parts, first: undefined }
    this.#over = false
    this.#received = 0
    this.#sent = 0
    this.#movedAt = first === undefined ? upstream.since : clock.now()
    this.#timer = undefined
    row.open(why)
    client.setKeepAlive(true, KEEP_ALIVE)
    const up = new Half(client, upstream.socket, (bytes) => {
      row.received += bytes
      this.#received += bytes
      this.#movedAt = clock.now()
    })
    const down = new Half(upstream.socket, client, (bytes) => {
      row.sent += bytes
      this.#sent += bytes
      this.#movedAt = clock.now()
    })
    reading.reader = up.facing(down)
    upstream.reading.reader = down
    this.#watchClient()
    upstream.watcher = this
    const { end } = upstream
    if (end !== undefined) {
      // Whoever makes a splice has to have it in hand before he is told that it is over.
      queueMicrotask(() => this.gone(end))
      return
    }
    if (upstream.connected) this.#awaitIdle()
    if (first !== undefined) up.pass(first)
    if (ended) upstream.socket.end()
    if (upstream.hasEnded) client.end()
  }

  #watchClient(): void {
    const { client, upstream } = this.#parts
    let hasFailed = false
    client.on('error', () => {
      hasFailed = true
    })
    client.on('close', () => this.#gone(upstream.socket, hasFailed ? 'client_reset' : 'finished'))
  }

  connected(): void {
    if (this.#over) return
    this.#movedAt = this.#parts.upstream.since
    this.#awaitIdle()
  }

  #awaitIdle(): void {
    const { owner, upstream } = this.#parts
    const { clock } = owner
    const left = this.#movedAt + upstream.target.idleTimeout - clock.now()
    this.#timer = clock.schedule(left, this)
  }

  /** Its half has told the client. */
  ended(): void {}

  gone(end: OpaqueEnd): void {
    this.#gone(this.#parts.client, end)
  }

  /** One side is closed. Where that was its regular end the other one has still to get what was written to it. */
  #gone(other: Socket, end: OpaqueEnd): void {
    if (end !== 'finished') this.#end(end)
    else if (other.destroyed) this.#finish('finished')
  }

  /** Nothing was decided here: what one side suffered the other one shall, too, so that nothing looks whole that is not. */
  #end(end: OpaqueEnd): void {
    if (this.#over) return
    this.#finish(end)
    const { client, upstream } = this.#parts
    if (!client.destroyed) breakOff(client)
    // A socket that is only just connecting has nobody to be reset for.
    if (!upstream.connected) upstream.discard()
    else if (!upstream.socket.destroyed) breakOff(upstream.socket)
  }

  #finish(end: OpaqueEnd): void {
    if (this.#over) return
    this.#over = true
    const { owner, row } = this.#parts
    owner.clock.cancel(this.#timer)
    row.close(end)
    this.#parts.log?.(this.#record(end))
    owner.closed(this)
  }

  #record(end: OpaqueEnd): OpaqueConnection {
    const { row, why, original, serverName, upstream, acceptedAt, owner } = this.#parts
    const { direction, destination } = row
    const duration = owner.clock.now() - acceptedAt
    return {
      direction,
      destination,
      why,
      end,
      peerAddress: this.peerAddress.replace(/^::ffff:/, ''),
      peerPort: this.peerPort,
      original,
      upstream: upstream.address,
      serverName,
      received: this.#received,
      sent: this.#sent,
      wallTime: owner.clock.wallTime() - duration,
      duration,
    }
  }

  expired(): void {
    const { owner, upstream } = this.#parts
    if (this.#movedAt + upstream.target.idleTimeout > owner.clock.now()) this.#awaitIdle()
    else this.#end('idle_timeout')
  }

  get announces(): boolean {
    return false
  }

  /** What two ends have to say to each other nobody here can know: it is in flight until it ends. */
  get busy(): boolean {
    return !this.#over
  }

  drain(): void {}

  destroy(): void {
    this.#end('draining')
  }
}
