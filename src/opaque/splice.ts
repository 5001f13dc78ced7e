/** A connection of bytes from a client to an upstream: both directions, half-close, resets, connect and idle timeout. */
import { connect, type Socket } from 'node:net'
import type { Clock, Timed, Timer } from '../core/clock.ts'
import type { OpaqueEnd, OpaqueRow, OpaqueWhy } from '../core/opaque.ts'
import { breakOff } from '../net/encrypted.ts'
import { Reading } from '../net/shared-read.ts'
import { Half } from './half.ts'

/** Where the bytes go, and what holds for them. */
export interface Passage {
  readonly host: string
  readonly port: number
  readonly why: OpaqueWhy
  readonly row: OpaqueRow
  /** ms for the connection to the upstream to come about. */
  readonly connectTimeout: number
  /** ms without a byte in either direction. */
  readonly idleTimeout: number
}

export interface SpliceOwner {
  readonly clock: Clock
  closed(splice: Splice): void
}

/** ms after which the kernel asks a silent peer whether it is still there. */
const KEEP_ALIVE = 60_000

const NO_SUCH_HOST = new Set(['ENOTFOUND', 'EAI_AGAIN'])

export class Splice implements Timed {
  readonly peerAddress: string
  readonly peerPort: number
  readonly secure: boolean
  readonly #client: Socket
  readonly #upstream: Socket
  readonly #passage: Passage
  readonly #owner: SpliceOwner
  #connected: boolean
  #over: boolean
  /** On the clock, ms: when the last byte passed. */
  #movedAt: number
  #timer: Timer | undefined

  /** `first`: what was read of the client already, ours. `ended`: the client has said all it will say. */
  constructor(
    client: Socket,
    reading: Reading,
    passage: Passage,
    owner: SpliceOwner,
    first: Buffer | undefined,
    ended: boolean,
  ) {
    const { row, host, port, why, connectTimeout } = passage
    const { clock } = owner
    this.peerAddress = client.remoteAddress ?? ''
    this.peerPort = client.remotePort ?? 0
    this.secure = false
    this.#client = client
    this.#passage = passage
    this.#owner = owner
    this.#connected = false
    this.#over = false
    this.#movedAt = clock.now()
    row.open(why)
    client.setKeepAlive(true, KEEP_ALIVE)
    const answers = new Reading()
    this.#upstream = connect({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE,
      allowHalfOpen: true,
      onread: answers.onread,
    })
    const up = new Half(client, this.#upstream, (bytes) => {
      row.received += bytes
      this.#movedAt = clock.now()
    })
    answers.reader = new Half(this.#upstream, client, (bytes) => {
      row.sent += bytes
      this.#movedAt = clock.now()
    })
    reading.reader = up
    this.#watch()
    this.#timer = clock.schedule(connectTimeout, this)
    if (first !== undefined) up.pass(first)
    if (ended) this.#upstream.end()
  }

  #watch(): void {
    const client = this.#client
    const upstream = this.#upstream
    let clientError = false
    let upstreamError: NodeJS.ErrnoException | undefined
    upstream.on('connect', () => this.#onConnect())
    client.on('error', () => {
      clientError = true
    })
    upstream.on('error', (error: NodeJS.ErrnoException) => {
      upstreamError = error
    })
    client.on('close', () => this.#gone(upstream, clientError ? 'client_reset' : 'finished'))
    upstream.on('close', () => this.#gone(client, upstreamError === undefined ? 'finished' : this.#why(upstreamError)))
  }

  #why(error: NodeJS.ErrnoException): OpaqueEnd {
    if (this.#connected) return 'upstream_reset'
    return NO_SUCH_HOST.has(error.code ?? '') ? 'dns_failure' : 'connect_failure'
  }

  #onConnect(): void {
    if (this.#over) return
    this.#connected = true
    this.#owner.clock.cancel(this.#timer)
    this.#movedAt = this.#owner.clock.now()
    this.#timer = this.#owner.clock.schedule(this.#passage.idleTimeout, this)
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
    if (!this.#client.destroyed) breakOff(this.#client)
    // A socket that is only just connecting has nobody to be reset for.
    if (this.#upstream.connecting) this.#upstream.destroy()
    else if (!this.#upstream.destroyed) breakOff(this.#upstream)
  }

  #finish(end: OpaqueEnd): void {
    if (this.#over) return
    this.#over = true
    this.#owner.clock.cancel(this.#timer)
    this.#passage.row.close(end)
    this.#owner.closed(this)
  }

  expired(): void {
    if (!this.#connected) {
      this.#end('connect_timeout')
      return
    }
    const { clock } = this.#owner
    const left = this.#movedAt + this.#passage.idleTimeout - clock.now()
    if (left > 0) this.#timer = clock.schedule(left, this)
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
