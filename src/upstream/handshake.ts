/** A TLS connection to an upstream until it may be used: reached, proved to be who it should be, and its protocol agreed on. */
import type { TLSSocket } from 'node:tls'
import type { Timed, Timer } from '../core/clock.ts'
import { ProxyError } from '../core/errors.ts'
import { connectReason } from '../http/connect-reason.ts'
import { tlsFailure } from '../http/tls-failure.ts'
import { enter, leave } from '../net/turn.ts'
import type { UpstreamContext } from './context.ts'
import { WaitingLine } from './waiting-line.ts'

/** ms after which it is given up where nobody waits for it any more, or who waits gave no bound. */
const UNAWAITED = 10_000

const NOT_REACHED = new ProxyError('connect_timeout', 'upstream', 'unsent', 'no connection in the time for it')
const NOT_SECURED = new ProxyError('connect_timeout', 'upstream', 'unsent', 'no TLS handshake in the time for it')

export interface HandshakeOwner {
  /** Nothing was written yet; `socket.alpnProtocol` says what was agreed on. */
  secured(handshake: Handshake, socket: TLSSocket): void
  failed(handshake: Handshake, error: ProxyError): void
}

export class Handshake implements Timed {
  /** Requests that wait for it. */
  readonly line: WaitingLine
  /** What was offered by ALPN. */
  readonly offers: readonly string[]
  readonly #socket: TLSSocket
  readonly #owner: HandshakeOwner
  readonly #context: UpstreamContext
  /** ms from when it was joined last to `#until`. */
  #limit: number
  /** When it is given up even where somebody waits, ms on the clock. */
  #until: number
  #timer: Timer
  #reached: boolean
  #over: boolean
  #error: NodeJS.ErrnoException | undefined
  readonly #onConnect: () => void
  readonly #onSecure: () => void
  readonly #onError: (error: NodeJS.ErrnoException) => void
  readonly #onClose: () => void

  /** `limit`: ms for all of it, as long as somebody waits; `extend` may lengthen it. */
  constructor(
    socket: TLSSocket,
    offers: readonly string[],
    limit: number,
    owner: HandshakeOwner,
    context: UpstreamContext,
  ) {
    this.line = new WaitingLine(context.clock, NOT_REACHED)
    this.offers = offers
    this.#socket = socket
    this.#owner = owner
    this.#context = context
    this.#limit = bounded(limit)
    this.#until = context.clock.now() + this.#limit
    this.#reached = false
    this.#over = false
    this.#error = undefined
    this.#onConnect = () => {
      this.#reached = true
      this.line.late = NOT_SECURED
    }
    this.#onSecure = () => this.#event(this.#secured)
    this.#onError = (error) => {
      this.#error = error
    }
    this.#onClose = () => this.#event(this.#closed)
    socket.on('connect', this.#onConnect)
    socket.on('secureConnect', this.#onSecure)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
    this.#timer = this.#arm()
  }

  /** Somebody joins who would wait for `limit` ms. Each of those who wait leaves when its own time is over. */
  extend(limit: number): void {
    const bound = bounded(limit)
    const until = this.#context.clock.now() + bound
    if (until <= this.#until) return
    this.#limit = bound
    this.#until = until
  }

  #arm(): Timer {
    const { clock } = this.#context
    return clock.schedule(Math.min(this.#until - clock.now(), UNAWAITED), this)
  }

  /** Given up: whoever still waits was told. */
  discard(): void {
    this.#over = true
    this.#context.clock.cancel(this.#timer)
    this.#socket.destroy()
  }

  expired(): void {
    this.#event(this.#timedOut)
  }

  #event(handle: () => void): void {
    enter()
    try {
      handle.call(this)
    } catch (error) {
      this.#context.defect('tls handshake', error)
      this.#socket.destroy()
    } finally {
      leave()
    }
  }

  #secured(): void {
    if (this.#over) return
    this.#over = true
    const socket = this.#socket
    this.#context.clock.cancel(this.#timer)
    socket.removeListener('connect', this.#onConnect)
    socket.removeListener('secureConnect', this.#onSecure)
    socket.removeListener('error', this.#onError)
    socket.removeListener('close', this.#onClose)
    this.#owner.secured(this, socket)
  }

  #closed(): void {
    const error = this.#error
    if (this.#reached) this.#fail(new ProxyError('tls_failure', 'upstream', 'unsent', tlsFailure(error)))
    else {
      const cause = error?.message ?? 'the upstream closed the connection'
      this.#fail(new ProxyError(connectReason(error), 'upstream', 'unsent', cause))
    }
  }

  #timedOut(): void {
    if (this.#context.clock.now() < this.#until && this.line.length > 0) {
      this.#timer = this.#arm()
      return
    }
    const what = this.#reached ? 'no TLS handshake' : 'no connection'
    this.#fail(new ProxyError('connect_timeout', 'upstream', 'unsent', `${what} after ${this.#limit} ms`))
  }

  #fail(error: ProxyError): void {
    if (this.#over) return
    this.discard()
    this.#owner.failed(this, error)
  }
}

function bounded(limit: number): number {
  return limit === Number.POSITIVE_INFINITY ? UNAWAITED : limit
}
