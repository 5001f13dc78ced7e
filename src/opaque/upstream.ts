/** The far end of bytes: a connection that is being made, stands, or is gone, and who is told which. */
import { connect, type Socket } from 'node:net'
import type { Clock, Timed, Timer } from '../core/clock.ts'
import type { OpaqueEnd } from '../core/opaque.ts'
import { Reading } from '../net/shared-read.ts'

/** Where the bytes go, and the times that hold for them. */
export interface Target {
  readonly host: string
  readonly port: number
  /** ms for the connection to come about. */
  readonly connectTimeout: number
  /** ms without a byte in either direction. */
  readonly idleTimeout: number
}

export interface UpstreamWatcher {
  connected(): void
  /** It has said all it will say. */
  ended(): void
  /** Both directions are over; `finished` where that was in good order. */
  gone(end: OpaqueEnd): void
}

/** ms after which the kernel asks a silent peer whether it is still there. */
export const KEEP_ALIVE = 60_000

const NO_SUCH_HOST = new Set(['ENOTFOUND', 'EAI_AGAIN'])

export class Upstream implements Timed {
  readonly target: Target
  readonly socket: Socket
  /** Its reader is to be set: what comes before there is one is lost. */
  readonly reading: Reading
  /** Whoever has it in hand at the time. */
  watcher: UpstreamWatcher | undefined
  connected: boolean
  /** Its FIN has come. */
  hasEnded: boolean
  /** How it ended; undefined: it has not. */
  end: OpaqueEnd | undefined
  /** On the clock, ms: when it was connected, before that when it was begun. */
  since: number
  readonly #clock: Clock
  readonly #timer: Timer

  constructor(target: Target, clock: Clock) {
    const { host, port, connectTimeout } = target
    this.target = target
    this.reading = new Reading()
    this.watcher = undefined
    this.connected = false
    this.hasEnded = false
    this.end = undefined
    this.since = clock.now()
    this.#clock = clock
    this.#timer = clock.schedule(connectTimeout, this)
    const socket = connect({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE,
      allowHalfOpen: true,
      onread: this.reading.onread,
    })
    this.socket = socket
    let failure: NodeJS.ErrnoException | undefined
    socket.on('connect', () => this.#onConnect())
    socket.on('end', () => {
      this.hasEnded = true
      this.watcher?.ended()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      failure = error
    })
    socket.on('close', () => this.#gone(failure === undefined ? 'finished' : this.#why(failure)))
  }

  /** `host:port`, IPv6 in brackets. */
  get address(): string {
    const { host, port } = this.target
    return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  }

  /** It is there, or may yet come about. */
  get isWell(): boolean {
    return this.end === undefined && !this.hasEnded
  }

  #onConnect(): void {
    if (this.end !== undefined) return
    this.connected = true
    this.since = this.#clock.now()
    this.#clock.cancel(this.#timer)
    this.watcher?.connected()
  }

  #why({ code = '' }: NodeJS.ErrnoException): OpaqueEnd {
    if (this.connected) return 'upstream_reset'
    return NO_SUCH_HOST.has(code) ? 'dns_failure' : 'connect_failure'
  }

  expired(): void {
    this.socket.destroy()
    this.#gone('connect_timeout')
  }

  #gone(end: OpaqueEnd): void {
    if (this.end !== undefined) return
    this.end = end
    this.#clock.cancel(this.#timer)
    this.watcher?.gone(end)
  }

  /** Nobody needs it; nobody is told. */
  discard(): void {
    this.watcher = undefined
    this.#clock.cancel(this.#timer)
    this.socket.destroy()
  }
}
