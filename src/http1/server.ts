/** HTTP/1.1 towards clients: one connection, one exchange at a time, requests behind it wait (RFC 9112 §9). */
import type { Socket } from 'node:net'
import { ProxyError, type Reason } from '../core/errors.ts'
import type { ServerOwner } from '../http/server-side.ts'
import { MIN_PROGRESS, tooLarge, tooSlow } from '../http/upload.ts'
import { breakOff } from '../net/encrypted.ts'
import { own, ownToKeep, type Reader } from '../net/shared-read.ts'
import { enter, leave } from '../net/turn.ts'
import { BodyReader, BROKEN, END, PIECE } from './body.ts'
import { Head, type HeadError } from './head.ts'
import { HeadScan, INCOMPLETE, TOO_LARGE } from './head-scan.ts'
import { ServerExchange, type ServerExchangeOwner } from './server-exchange.ts'
import { ServerSocket } from './server-socket.ts'
import { BODY, BUSY, CLOSED, HEAD, HOLD, LINGER, TUNNEL } from './server-state.ts'
import { writePiece, writeResponse } from './write.ts'

/** Bytes kept that are not their turn yet. Up to here reading goes on: of a socket that is not read no end is seen. */
const MAX_KEPT = 16 * 1024

export class ServerConnection extends ServerSocket implements ServerExchangeOwner, Reader {
  readonly #scan: HeadScan
  readonly #head: Head
  readonly #reader: BodyReader
  /** A head was read on this connection. */
  #served: boolean
  #exchange: ServerExchange | undefined
  /** Read, but not its turn yet. */
  #rest: Buffer | undefined
  #consuming: boolean
  #requestPaused: boolean
  /** Body bytes that had come at `since`. */
  #progress: number

  constructor(socket: Socket, owner: ServerOwner) {
    super(socket, owner)
    this.#scan = new HeadScan(owner.limits.maxHeaderBytes)
    this.#head = new Head(this.secure)
    this.#reader = new BodyReader(owner.limits)
    this.#served = false
    this.#exchange = undefined
    this.#rest = undefined
    this.#consuming = false
    this.#requestPaused = false
    this.#progress = 0
  }

  /** No exchange, and no part of one. */
  get idle(): boolean {
    return this.state === HEAD && !this.#scan.begun
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

  /** The root of most events. */
  receive(borrowed: Buffer): void {
    enter()
    try {
      this.#onData(borrowed)
    } catch (error) {
      this.failed(error)
    } finally {
      leave()
    }
  }

  #onData(chunk: Buffer): void {
    if (this.state <= BODY) this.#consume(chunk)
    else if (this.state === TUNNEL) this.#tunnelled(chunk)
    else if (this.state <= HOLD) this.#keep(chunk)
  }

  protected override onEnd(): void {
    switch (this.state) {
      case TUNNEL:
        this.#exchange?.body.end()
        return
      case HEAD:
        if (this.#scan.begun) this.destroy()
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
    this.#rest = undefined
    const exchange = this.#exchange
    if (exchange === undefined) return
    this.#exchange = undefined
    exchange.body.abort(new ProxyError('client_cancelled', 'downstream', 'no', 'the client closed the connection'))
  }

  // ---------------------------------------------------------------- request side

  #consume(chunk: Buffer): void {
    let buffer = chunk
    let at = 0
    this.#consuming = true
    while (at < buffer.length) {
      if (this.state === HEAD) {
        const begun = this.#scan.begun
        const end = this.#scan.scan(buffer, at)
        if (end < 0) {
          this.#headNotFound(end, begun)
          break
        }
        buffer = this.#scan.buffer
        at = end
        const text = buffer.toString('latin1', this.#scan.start, end)
        this.#scan.release()
        this.#begin(text)
      } else if (this.state === BODY) at = this.#body(buffer, at)
      else {
        if (this.state === TUNNEL) this.#tunnelled(at === 0 ? buffer : buffer.subarray(at))
        else if (this.state <= HOLD) this.#keep(at === 0 ? buffer : buffer.subarray(at))
        break
      }
    }
    this.#consuming = false
    if (this.state === BODY) this.arm(this.owner.limits.headTimeout)
  }

  /** `begun`: a part of it had come before, and its time runs from there. */
  #headNotFound(verdict: number, begun: boolean): void {
    if (verdict === INCOMPLETE) {
      if (!begun) this.since = this.owner.clock.now()
      this.arm(this.owner.limits.headTimeout)
    } else if (verdict === TOO_LARGE)
      this.#refuse('header_too_large', `more than ${this.owner.limits.maxHeaderBytes} bytes`)
    else this.#refuse('protocol_error_downstream', 'a line that does not end with CRLF, or bytes that are no HTTP')
  }

  #begin(text: string): void {
    const head = this.#head
    const error: HeadError = head.parseRequest(text, this.owner.limits)
    if (error !== '') {
      if (head.noProtocol && !this.#served) this.#hangUp(head.problem)
      else this.#refuse(error === 'too_large' ? 'header_too_large' : 'protocol_error_downstream', head.problem)
      return
    }
    this.#served = true
    const exchange = new ServerExchange(this, head)
    const tunnel = exchange.asksTunnel
    const length = head.bodyLength
    this.#exchange = exchange
    this.state = tunnel ? HOLD : length === 0 ? BUSY : BODY
    if (length !== 0) {
      this.#reader.begin(length)
      this.#watchBody()
    }
    exchange.body = this.owner.accept(head, this, exchange)
    head.release()
    if (length > this.owner.limits.maxRequestBytes) exchange.body.abort(tooLarge(this.owner.limits))
    else if (length === 0 && !tunnel) exchange.body.end()
  }

  /** One buffer's part of a body; returns where the next message begins. */
  #body(buffer: Buffer, from: number): number {
    const reader = this.#reader
    let at = from
    while (this.state === BODY) {
      const exchange = this.#exchange as ServerExchange
      const step = reader.step(buffer, at)
      at = reader.at
      if (step === PIECE) {
        exchange.count(at - reader.from)
        if (exchange.received > this.owner.limits.maxRequestBytes) exchange.body.abort(tooLarge(this.owner.limits))
        else exchange.body.data(ownToKeep(buffer, reader.from, at))
      } else if (step === END) {
        this.state = BUSY
        exchange.body.end(reader.trailers)
      } else if (step === BROKEN) {
        exchange.body.abort(new ProxyError('protocol_error_downstream', 'downstream', 'no', reader.problem))
        // Where the next message would begin is not known any more.
        return buffer.length
      } else return buffer.length
    }
    return at
  }

  #tunnelled(chunk: Buffer): void {
    const exchange = this.#exchange
    if (exchange === undefined) return
    exchange.count(chunk.length)
    exchange.body.data(own(chunk))
  }

  /** Not its turn: kept, and above a limit no more is read until it is. */
  #keep(chunk: Buffer): void {
    this.#rest = this.#rest === undefined ? own(chunk) : Buffer.concat([this.#rest, chunk])
    if (this.#rest.length >= MAX_KEPT) this.socket.pause()
  }

  /**
   * Whoever begins a connection with three words that name no protocol would not understand an answer either: it may be a
   * broken preface of HTTP/2, where an answer of HTTP/1.1 would be read as a frame (RFC 9113 §3.4).
   */
  #hangUp(cause: string): void {
    this.owner.refusal(new ProxyError('protocol_error_downstream', 'downstream', 'no', cause))
    this.destroy()
  }

  /** A request that never becomes an exchange. */
  #refuse(reason: Reason, cause: string): void {
    const { head, body } = this.owner.refusal(new ProxyError(reason, 'downstream', 'no', cause))
    this.#scan.reset()
    writeResponse(this.outbox, head, 'close', false)
    writePiece(this.outbox, body)
    this.#last()
  }

  // ---------------------------------------------------------------- response side, called by ServerExchange

  pauseRequest(): void {
    this.#requestPaused = true
    this.socket.pause()
  }

  resumeRequest(): void {
    this.#requestPaused = false
    this.#watchBody()
    if (this.#rest === undefined || this.#rest.length < MAX_KEPT) this.socket.resume()
  }

  continued(): void {
    this.#watchBody()
  }

  startTunnel(exchange: ServerExchange): void {
    this.state = TUNNEL
    const rest = this.#rest
    this.#rest = undefined
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
    this.#exchange = undefined
    this.#requestPaused = false
    // Also behind a tunnel: what the client still says must not cost it what is on its way to it.
    if (tunnel || !whole || !keepAlive) this.#last()
    else this.#next()
  }

  broken(untilClose: boolean): void {
    this.#exchange = undefined
    this.cutOff(untilClose)
  }

  #next(): void {
    this.since = this.owner.clock.now()
    // A client that does not read its answers gets no further ones: its next request waits for `drained`.
    this.state = this.outbox.blocked ? BUSY : HEAD
    if (this.state === BUSY) return
    const rest = this.#rest
    if (rest === undefined) {
      this.#resume()
      return
    }
    this.#rest = undefined
    this.#resume()
    // In the middle of a buffer the loop that reads it goes on by itself.
    if (!this.#consuming) this.#consume(rest)
    else this.#rest = rest
  }

  #resume(): void {
    if (this.socket.isPaused() && !this.#requestPaused) this.socket.resume()
  }

  /** No further request is read. */
  #last(): void {
    this.#rest = undefined
    this.linger()
  }

  override blocked(): void {
    if (this.#exchange !== undefined) this.#exchange.body.pauseResponse()
    else if (this.state === HEAD) this.state = BUSY
  }

  override drained(): void {
    if (this.#exchange !== undefined) this.#exchange.body.resumeResponse()
    else if (this.state === BUSY) this.#next()
  }

  // ---------------------------------------------------------------- time

  protected override overdue(waited: number): void {
    const { limits } = this.owner
    if (this.state === HEAD) this.#headTimer(waited)
    else if (this.state === BODY) this.#bodyTimer(waited)
    else if (this.#exchange === undefined && waited >= limits.idleTimeout) breakOff(this.socket)
    else this.arm(limits.idleTimeout)
  }

  #headTimer(waited: number): void {
    const { limits } = this.owner
    const limit = this.#scan.begun ? limits.headTimeout : limits.idleTimeout
    if (waited < limit) this.arm(limit - waited)
    else if (this.#scan.begun) this.#refuse('head_timeout', `not whole after ${limits.headTimeout} ms`)
    else this.destroy()
  }

  /** From now on the client has `headTimeout` for the next piece of progress. */
  #watchBody(): void {
    if (this.state !== BODY) return
    this.since = this.owner.clock.now()
    this.#progress = this.#exchange?.received ?? 0
  }

  /** Chunked bodies may be live streams, which the idle timeout watches; a known length is an upload that has to move. */
  #bodyTimer(waited: number): void {
    const exchange = this.#exchange
    if (exchange === undefined) return
    const limit = this.owner.limits.headTimeout
    if (waited < limit) {
      this.arm(limit - waited)
      return
    }
    const waits = this.#requestPaused || exchange.awaitsContinue || exchange.declared < 0
    if (waits || exchange.received - this.#progress >= MIN_PROGRESS) {
      this.#watchBody()
      this.arm(limit)
      return
    }
    exchange.body.abort(tooSlow(this.owner.limits))
  }
}
