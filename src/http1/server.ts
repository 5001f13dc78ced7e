/** HTTP/1.1 towards clients: what becomes of their answers and their connection; the requests are in server-requests.ts. */
import type { Socket } from 'node:net'
import { ProxyError } from '../core/errors.ts'
import type { ServerOwner } from '../http/server-side.ts'
import { MIN_PROGRESS, tooSlow } from '../http/upload.ts'
import { breakOff } from '../net/encrypted.ts'
import type { Head } from './head.ts'
import { ServerExchange, type ServerExchangeOwner } from './server-exchange.ts'
import { MAX_KEPT, ServerRequests } from './server-requests.ts'
import { BODY, BUSY, CLOSED, HEAD, HOLD, LINGER, TUNNEL } from './server-state.ts'

export class ServerConnection extends ServerRequests implements ServerExchangeOwner {
  #requestPaused: boolean
  /** Body bytes that had come at `since`. */
  #progress: number

  constructor(socket: Socket, owner: ServerOwner) {
    super(socket, owner)
    this.#requestPaused = false
    this.#progress = 0
  }

  /** No exchange, and no part of one. */
  get idle(): boolean {
    return this.state === HEAD && !this.headBegun
  }

  get requestWhole(): boolean {
    return this.state !== BODY && this.state !== HOLD
  }

  get draining(): boolean {
    return this.owner.draining
  }

  override get announces(): boolean {
    return false
  }

  /** Somebody waits for something: an exchange, or bytes of an answer that are not out yet. */
  override get busy(): boolean {
    return (!this.idle && this.state !== CLOSED) || this.socket.writableLength > 0
  }

  /** Closes at once when nothing is in flight; else the answer in flight says `Connection: close`. */
  override drain(): void {
    if (this.idle) this.halfClose()
  }

  // ---------------------------------------------------------------- socket events

  protected override onEnd(): void {
    switch (this.state) {
      case TUNNEL:
        this.exchange?.body.end()
        return
      case HEAD:
        if (this.headBegun) this.destroy()
        else this.halfClose()
        return
      case LINGER:
      case CLOSED:
        // It has nothing more to say, and may still be reading.
        if (this.socket.writableFinished) this.destroy()
        return
      default:
        // A client that half-closes is a client that leaves: what it would still read cannot be told from silence.
        this.destroy()
    }
  }

  /** The connection is gone: whoever works for it is told. */
  protected override left(): void {
    this.state = CLOSED
    this.rest = undefined
    const exchange = this.exchange
    if (exchange === undefined) return
    this.exchange = undefined
    exchange.body.abort(new ProxyError('client_cancelled', 'downstream', 'no', 'the client closed the connection'))
  }

  // ---------------------------------------------------------------- response side, called by ServerExchange

  protected override exchangeFor(head: Head): ServerExchange {
    return new ServerExchange(this, head)
  }

  /** Of a request that is whole nothing more comes, and a client that leaves would not be seen. */
  pauseRequest(): void {
    this.#requestPaused = true
    if (this.state !== BUSY && !this.#isSmall) this.socket.pause()
  }

  /** Its end, as the last chunk, often comes by itself: read on until it is there, or until the body is a large one. */
  get #isSmall(): boolean {
    return this.state === BODY && (this.exchange as ServerExchange).received < MAX_KEPT
  }

  protected override bodyGoesOn(): void {
    if (this.#requestPaused && !this.#isSmall) this.socket.pause()
  }

  protected override requestEnded(): void {
    if (this.state === BUSY && this.#requestPaused && this.mayKeep) this.socket.resume()
  }

  resumeRequest(): void {
    this.#requestPaused = false
    this.watchBody()
    if (this.mayKeep) this.socket.resume()
  }

  continued(): void {
    this.watchBody()
  }

  startTunnel(exchange: ServerExchange): void {
    this.state = TUNNEL
    const rest = this.rest
    this.rest = undefined
    this.#resume()
    if (rest !== undefined) {
      exchange.count(rest.length)
      exchange.body.data(rest)
    }
  }

  tunnelRefused(exchange: ServerExchange): void {
    this.state = BUSY
    exchange.body.end()
  }

  finished(keepAlive: boolean): void {
    const tunnel = this.state === TUNNEL
    const whole = this.requestWhole
    this.exchange = undefined
    this.#requestPaused = false
    // Also behind a tunnel: what the client still says must not cost it what is on its way to it.
    if (tunnel || !whole || !keepAlive) this.last()
    else this.#next()
  }

  override destroy(): void {
    if (this.exchange?.untilClose === true || this.#lastIsLeft) breakOff(this.socket)
    super.destroy()
  }

  /** Of the last answer, which is whole, its client has not taken all: how it was framed is forgotten. */
  get #lastIsLeft(): boolean {
    return this.state >= LINGER && !this.socket.writableFinished
  }

  broken(untilClose: boolean): void {
    this.exchange = undefined
    this.cutOff(untilClose)
  }

  #next(): void {
    this.since = this.owner.clock.now()
    // A client that does not read its answers gets no further ones: its next request waits for `drained`.
    this.state = this.outbox.blocked ? BUSY : HEAD
    if (this.state === BUSY) return
    const rest = this.rest
    if (rest === undefined) {
      this.#resume()
      return
    }
    this.rest = undefined
    this.#resume()
    // In the middle of a buffer the loop that reads it goes on by itself.
    if (!this.consuming) this.consume(rest)
    else this.rest = rest
  }

  #resume(): void {
    if (this.socket.isPaused() && !this.#requestPaused) this.socket.resume()
  }

  override blocked(): void {
    if (this.exchange !== undefined) this.exchange.body.pauseResponse()
    else if (this.state === HEAD) this.state = BUSY
  }

  override drained(): void {
    if (this.exchange !== undefined) this.exchange.body.resumeResponse()
    else if (this.state === BUSY) this.#next()
  }

  /** What a client that has left said before it did is nothing to anybody. */
  override refused(): void {}

  // ---------------------------------------------------------------- time

  protected override overdue(waited: number): void {
    const { limits } = this.owner
    if (this.state === HEAD) this.#headTimer(waited)
    else if (this.state === BODY) this.#bodyTimer(waited)
    else if (this.exchange === undefined && waited >= limits.idleTimeout) breakOff(this.socket)
    else this.arm(limits.idleTimeout)
  }

  #headTimer(waited: number): void {
    const { limits } = this.owner
    const limit = this.headBegun ? limits.headTimeout : limits.idleTimeout
    if (waited < limit) this.arm(limit - waited)
    else if (this.headBegun) this.refuse('head_timeout', `not whole after ${limits.headTimeout} ms`)
    else this.halfClose()
  }

  protected override watchBody(): void {
    if (this.state !== BODY) return
    this.since = this.owner.clock.now()
    this.#progress = this.exchange?.received ?? 0
  }

  /** Chunked bodies may be live streams, which the idle timeout watches; a known length is an upload that has to move. */
  #bodyTimer(waited: number): void {
    const exchange = this.exchange
    if (exchange === undefined) return
    const limit = this.owner.limits.headTimeout
    if (waited < limit) {
      this.arm(limit - waited)
      return
    }
    const waits = this.#requestPaused || exchange.awaitsContinue || exchange.declared < 0
    if (waits || exchange.received - this.#progress >= MIN_PROGRESS) {
      this.watchBody()
      this.arm(limit)
      return
    }
    exchange.body.abort(tooSlow(this.owner.limits))
  }
}
