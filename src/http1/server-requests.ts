/** The requests of an HTTP/1.1 client, as its connection brings them: one at a time, what is behind it is kept (RFC 9112 §9). */
import type { Socket } from 'node:net'
import { ProxyError, type Reason } from '../core/errors.ts'
import type { ServerOwner } from '../http/server-side.ts'
import { tooLarge } from '../http/upload.ts'
import { own, ownToKeep, type Reader } from '../net/shared-read.ts'
import { enter, leave } from '../net/turn.ts'
import { BodyReader, BROKEN, END, PIECE } from './body.ts'
import { Head, type HeadError } from './head.ts'
import { HeadScan, INCOMPLETE, TOO_LARGE } from './head-scan.ts'
import type { ServerExchange } from './server-exchange.ts'
import { ServerSocket } from './server-socket.ts'
import { BODY, BUSY, HEAD, HOLD, TUNNEL } from './server-state.ts'
import { writePiece, writeResponse } from './write.ts'

/** Bytes kept that are not their turn yet, or of a body that is to wait. Up to here reading goes on: of a socket that is not read no end is seen. */
export const MAX_KEPT = 16 * 1024

/** What becomes of their answers is for `ServerConnection` to say, which extends this. */
export abstract class ServerRequests extends ServerSocket implements Reader {
  /** The request in work. */
  protected exchange: ServerExchange | undefined
  /** Read, but not its turn yet. */
  protected rest: Buffer | undefined
  /** A buffer is being read: what is left of it is read without being asked. */
  protected consuming: boolean
  readonly #scan: HeadScan
  readonly #head: Head
  readonly #reader: BodyReader
  /** A head was read on this connection. */
  #served: boolean

  constructor(socket: Socket, owner: ServerOwner) {
    super(socket, owner)
    this.exchange = undefined
    this.rest = undefined
    this.consuming = false
    this.#scan = new HeadScan(owner.limits.maxHeaderBytes)
    this.#head = new Head(this.secure)
    this.#reader = new BodyReader(owner.limits)
    this.#served = false
  }

  /** Where the answer to this head goes. */
  protected abstract exchangeFor(head: Head): ServerExchange
  /** From now on the client has `headTimeout` for the next piece of progress of its body. */
  protected abstract watchBody(): void
  /** A part of a body was passed on, and more is to come. */
  protected abstract bodyGoesOn(): void
  /** A body came whole, and was passed on. */
  protected abstract requestEnded(): void

  /** A part of a head came. */
  protected get headBegun(): boolean {
    return this.#scan.begun
  }

  /** What comes may be kept until it is its turn. */
  protected get mayKeep(): boolean {
    return this.rest === undefined || this.rest.length < MAX_KEPT
  }

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
    if (this.state <= BODY) this.consume(chunk)
    else if (this.state === TUNNEL) this.#tunnelled(chunk)
    else if (this.state <= HOLD) this.#keep(chunk)
  }

  protected consume(chunk: Buffer): void {
    let buffer = chunk
    let at = 0
    this.consuming = true
    while (at < buffer.length) {
      if (this.state === HEAD) {
        const begun = this.headBegun
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
    this.consuming = false
    if (this.state !== BODY) return
    this.bodyGoesOn()
    this.arm(this.owner.limits.headTimeout)
  }

  /** `begun`: a part of it had come before, and its time runs from there. */
  #headNotFound(verdict: number, begun: boolean): void {
    if (verdict === INCOMPLETE) {
      if (!begun) this.since = this.owner.clock.now()
      this.arm(this.owner.limits.headTimeout)
    } else if (verdict === TOO_LARGE)
      this.refuse('header_too_large', `more than ${this.owner.limits.maxHeaderBytes} bytes`)
    else this.refuse('protocol_error_downstream', 'a line that does not end with CRLF, or bytes that are no HTTP')
  }

  #begin(text: string): void {
    const head = this.#head
    const error: HeadError = head.parseRequest(text, this.owner.limits)
    if (error !== '') {
      if (head.noProtocol && !this.#served) this.#hangUp(head.problem)
      else this.refuse(error === 'too_large' ? 'header_too_large' : 'protocol_error_downstream', head.problem)
      return
    }
    this.#served = true
    const exchange = this.exchangeFor(head)
    const tunnel = exchange.asksTunnel
    const length = head.bodyLength
    this.exchange = exchange
    this.state = tunnel ? HOLD : length === 0 ? BUSY : BODY
    if (length !== 0) {
      this.#reader.begin(length)
      this.watchBody()
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
      const exchange = this.exchange as ServerExchange
      const step = reader.step(buffer, at)
      at = reader.at
      if (step === PIECE) {
        exchange.count(at - reader.from)
        if (exchange.received > this.owner.limits.maxRequestBytes) exchange.body.abort(tooLarge(this.owner.limits))
        else exchange.body.data(ownToKeep(buffer, reader.from, at))
      } else if (step === END) {
        this.state = BUSY
        const { trailers } = reader
        reader.release()
        exchange.body.end(trailers)
        this.requestEnded()
      } else if (step === BROKEN) {
        exchange.body.abort(new ProxyError('protocol_error_downstream', 'downstream', 'no', reader.problem))
        // Where the next message would begin is not known any more.
        return buffer.length
      } else return buffer.length
    }
    return at
  }

  #tunnelled(chunk: Buffer): void {
    const exchange = this.exchange
    if (exchange === undefined) return
    exchange.count(chunk.length)
    exchange.body.data(own(chunk))
  }

  /** Not its turn: kept, and above a limit no more is read until it is. */
  #keep(chunk: Buffer): void {
    this.rest = this.rest === undefined ? own(chunk) : Buffer.concat([this.rest, chunk])
    if (!this.mayKeep) this.socket.pause()
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
  protected refuse(reason: Reason, cause: string): void {
    const { head, body } = this.owner.refusal(new ProxyError(reason, 'downstream', 'no', cause))
    this.#scan.reset()
    writeResponse(this.outbox, head, 'close', false)
    writePiece(this.outbox, body)
    this.last()
  }

  /** No further request is read. */
  protected last(): void {
    this.rest = undefined
    this.linger()
  }
}
