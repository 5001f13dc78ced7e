/** The socket of a connection to an HTTP/1.1 upstream: the root of its events, and the ways it ends. */
import type { Socket } from 'node:net'
import type { ProxyError } from '../core/errors.ts'
import type { ClientSideOwner } from '../http/client-side.ts'
import { lossOf } from '../http/lost-request.ts'
import { breakOff } from '../net/encrypted.ts'
import { lastWords } from '../net/last-words.ts'
import { Outbox, type OutboxOwner } from '../net/outbox.ts'
import type { Reader } from '../net/shared-read.ts'
import { enter, leave } from '../net/turn.ts'
import type { ClientExchange, ClientExchangeOwner } from './client-exchange.ts'
import { CLOSED, CONNECTING, HEAD, IDLE, TUNNEL } from './client-state.ts'

/** What goes to the upstream and comes from it is for `ClientConnection` to say, which extends this. */
export abstract class ClientSocket implements ClientExchangeOwner, OutboxOwner, Reader {
  readonly socket: Socket
  readonly outbox: Outbox
  /** Exchanges it has taken. */
  uses: number
  /** One of `client-state.ts`. */
  protected state: number
  protected exchange: ClientExchange | undefined
  /** A byte of the answer came. */
  protected answering: boolean
  protected paused: boolean
  readonly #owner: ClientSideOwner
  #error: NodeJS.ErrnoException | undefined
  /** What the pool says of an end that it made itself. */
  #verdict: ProxyError | undefined
  /** Read when the upstream had closed the connection. */
  #lastWords: readonly Buffer[] | undefined

  /** `connected`: nothing has to be waited for. */
  constructor(socket: Socket, owner: ClientSideOwner, connected: boolean) {
    this.socket = socket
    this.outbox = new Outbox(socket, this)
    this.uses = 0
    this.state = connected ? IDLE : CONNECTING
    this.exchange = undefined
    this.answering = false
    this.paused = false
    this.#owner = owner
    this.#error = undefined
    this.#verdict = undefined
    this.#lastWords = undefined
    socket.on('connect', () => this.#event(this.#onConnect, undefined))
    socket.on('end', () => this.#event(this.onEnd, undefined))
    socket.on('close', () => this.#event(this.#onClose, undefined))
    socket.on('drain', () => this.#event(this.#onDrain, undefined))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#error = error
    })
  }

  protected abstract onData(chunk: Buffer | undefined): void
  /** The upstream says no more. */
  protected abstract onEnd(): void
  /** The pool is told that it is connected. */
  protected abstract connected(): void
  /** The pool is told that it is gone. */
  protected abstract gone(): void

  get connecting(): boolean {
    return this.state === CONNECTING
  }

  get idle(): boolean {
    return this.state === IDLE
  }

  get tunnelOpen(): boolean {
    return this.state === TUNNEL
  }

  // ---------------------------------------------------------------- events

  receive(borrowed: Buffer): void {
    this.#event(this.onData, borrowed)
  }

  #event(handle: (argument: Buffer | undefined) => void, argument: Buffer | undefined): void {
    enter()
    try {
      handle.call(this, argument)
    } catch (error) {
      this.#owner.defect('http1 client', error)
      this.shut()
    } finally {
      leave()
    }
  }

  #onConnect(): void {
    if (this.state !== CONNECTING) return
    this.state = this.exchange === undefined ? IDLE : HEAD
    if (this.paused) this.socket.pause()
    this.connected()
    this.exchange?.connected()
  }

  #onDrain(): void {
    this.outbox.onDrain()
  }

  #onClose(): void {
    for (const piece of this.#lastWords ?? []) this.onData(piece)
    this.shut()
  }

  /** It may have answered first. What stood there before anything of this request went out is no answer to it. */
  refused(): void {
    const answers = this.state >= HEAD && this.state !== CLOSED
    if (answers && this.outbox.refusedAt !== 1) this.#lastWords ??= lastWords(this.socket)
  }

  blocked(): void {
    this.exchange?.response.pauseRequest()
  }

  drained(): void {
    this.exchange?.response.resumeRequest()
  }

  /**
   * A level, kept here while connecting: a socket with `onread` that was resumed and paused before it was connected would
   * read all the same, and its reader cannot say no.
   */
  pauseReading(): void {
    this.paused = true
    if (this.state !== CONNECTING) this.socket.pause()
  }

  resumeReading(): void {
    this.paused = false
    if (this.state !== CONNECTING) this.socket.resume()
  }

  // ---------------------------------------------------------------- its end

  end(reason: ProxyError): void {
    if (this.state === CLOSED) return
    this.#verdict = reason
    this.shut()
  }

  /** Nobody waits for it any more. */
  discard(): void {
    this.exchange = undefined
    this.state = CLOSED
    this.socket.destroy()
  }

  /** The connection is lost, or given up. */
  protected shut(): void {
    if (this.state === CLOSED) return
    const exchange = this.exchange
    const error = exchange === undefined ? undefined : (this.#verdict ?? this.#lost(exchange))
    const tunnel = this.tunnelOpen
    this.state = CLOSED
    this.exchange = undefined
    // What a tunnel carried is not to look whole where it broke off (RFC 8441 §5).
    if (tunnel) breakOff(this.socket)
    else this.socket.destroy()
    // At once: `close` comes a turn of the loop later, and until then the pool would hand this connection out.
    this.gone()
    if (error !== undefined) exchange?.failed(error)
  }

  #lost(exchange: ClientExchange): ProxyError {
    const reused = this.uses > 1
    const request = {
      connecting: this.state === CONNECTING,
      unsent: this.outbox.refusedAt === 1 || this.outbox.writes === 0,
      accepted: reused || this.answering,
      reused,
      answering: this.answering,
      headPassed: exchange.headPassed,
    }
    return lossOf(request, this.#error, this.#error?.message ?? 'the upstream closed the connection')
  }
}
