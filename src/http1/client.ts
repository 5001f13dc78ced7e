/** HTTP/1.1 towards upstreams: one connection, one exchange at a time. How it begins and ends is in client-socket.ts. */
import type { Socket } from 'node:net'
import { ProxyError } from '../core/errors.ts'
import { type RequestBody, type RequestHead, ResponseHead, type ResponseHandler } from '../core/exchange.ts'
import { get, nameIs } from '../core/headers.ts'
import { isBodiless } from '../http/answer-rules.ts'
import { believed, type ClientSideOwner, MAX_INFORMATIONAL } from '../http/client-side.ts'
import { acceptOf } from '../http/websocket.ts'
import { own } from '../net/shared-read.ts'
import { BodyReader, BROKEN, END, PIECE } from './body.ts'
import { ClientExchange } from './client-exchange.ts'
import { ClientSocket } from './client-socket.ts'
import { BODY, CLOSED, HEAD, IDLE, TUNNEL } from './client-state.ts'
import { Head, UNTIL_CLOSE } from './head.ts'
import { HeadScan, INCOMPLETE, TOO_LARGE } from './head-scan.ts'

/** The pool, as its connections see it. */
export interface ClientOwner extends ClientSideOwner {
  /** The socket is connected. */
  connected(connection: ClientConnection): void
  /** An exchange is over and the connection can take another. */
  released(connection: ClientConnection): void
  /** Its tunnel is over: what was written still goes out. */
  parting(socket: Socket): void
  /** It is gone, whether it served somebody or not. */
  closed(connection: ClientConnection): void
}

export class ClientConnection extends ClientSocket {
  /** ms on the pool's clock: from when on it takes no further request, and until when it may wait for its next one. */
  readonly retireAt: number
  idleUntil: number
  /** `Keep-Alive: timeout=` of the last answer in s; -1 when it said nothing. */
  keepAliveTimeout: number
  readonly #owner: ClientOwner
  readonly #scan: HeadScan
  readonly #head: Head
  readonly #reader: BodyReader
  #informational: number

  /** `connected`: nothing has to be waited for. */
  constructor(socket: Socket, owner: ClientOwner, retireAt: number, connected = false) {
    super(socket, owner, connected)
    this.retireAt = retireAt
    this.idleUntil = 0
    this.keepAliveTimeout = -1
    this.#owner = owner
    this.#scan = new HeadScan(owner.limits.maxHeaderBytes)
    this.#head = new Head()
    this.#reader = new BodyReader(owner.limits)
    this.#informational = 0
  }

  /** Sends one request; only while idle, or once while connecting. `host` is the Host the upstream gets. */
  send(request: RequestHead, response: ResponseHandler, host: string): RequestBody {
    const exchange = new ClientExchange(this, request, response)
    request.attempt.reused = this.uses > 0
    request.attempt.protocol = 11
    request.exchange.upstreamProtocol = 11
    this.uses++
    this.exchange = exchange
    this.#informational = 0
    this.answering = false
    this.outbox.writes = 0
    this.outbox.refusedAt = 0
    if (this.state === IDLE) this.state = HEAD
    exchange.start(host)
    return exchange
  }

  // ---------------------------------------------------------------- what the socket tells

  protected override connected(): void {
    this.#owner.connected(this)
  }

  protected override gone(): void {
    this.#owner.closed(this)
  }

  protected override onData(chunk: Buffer | undefined): void {
    const state = this.state
    if (state === HEAD || state === BODY) this.#consume(chunk as Buffer)
    else if (state === TUNNEL) (this.exchange as ClientExchange).response.data(own(chunk as Buffer))
    // An answer nobody asked for: whatever it is, it is not the next one's.
    else if (state === IDLE) this.shut()
  }

  protected override onEnd(): void {
    if (this.state === TUNNEL) this.#complete(undefined)
    else if (this.state === BODY && this.#head.bodyLength === UNTIL_CLOSE) {
      this.#head.keepAlive = false
      this.#complete(undefined)
    } else this.shut()
  }

  // ---------------------------------------------------------------- answer side

  #consume(chunk: Buffer): void {
    let buffer = chunk
    let at = 0
    this.answering = true
    while (at < buffer.length || (this.state === BODY && this.#reader.finished)) {
      if (this.state === HEAD) {
        const end = this.#scan.scan(buffer, at)
        // A server of another protocol says its line and waits for ours: nothing more would come.
        if (end === INCOMPLETE && this.#scan.mayBegin('HTTP/1.')) return
        if (end < 0) {
          this.#broken(end === TOO_LARGE ? 'a head that is too large' : 'bytes that are no HTTP/1.1 answer')
          return
        }
        buffer = this.#scan.buffer
        at = end
        this.#begin(buffer.toString('latin1', this.#scan.start, end))
      } else if (this.state === BODY) at = this.#body(buffer, at)
      else if (this.state === TUNNEL) {
        ;(this.exchange as ClientExchange).response.data(own(at === 0 ? buffer : buffer.subarray(at)))
        return
      } else {
        // Bytes behind an answer: the next request on this connection would get them.
        if (this.state === IDLE) this.shut()
        return
      }
    }
  }

  #begin(text: string): void {
    const exchange = this.exchange as ClientExchange
    const request = exchange.request
    const head = this.#head
    if (head.parseResponse(text, this.#owner.limits, request.method) !== '') {
      this.#broken(head.problem)
      return
    }
    const status = head.status
    if (status === 101) this.#upgraded(exchange)
    else if (status < 200) {
      if (++this.#informational > MAX_INFORMATIONAL) this.#broken(`more than ${MAX_INFORMATIONAL} interim answers`)
      else exchange.response.informational(this.#responseHead(0))
    } else {
      this.keepAliveTimeout = head.keepAliveTimeout
      const none = isBodiless(request.method === 'HEAD', status)
      this.state = BODY
      this.#reader.begin(none ? 0 : head.bodyLength)
      if (none) head.bodyLength = head.bodyLength === UNTIL_CLOSE ? 0 : head.bodyLength
      exchange.headPassed = true
      if (head.upgrade !== '') head.headers.push('Upgrade', head.upgrade)
      exchange.response.head(this.#responseHead(head.bodyLength < 0 ? -1 : head.bodyLength))
    }
  }

  /** RFC 9110 §7.8: only to what was asked for. */
  #upgraded(exchange: ClientExchange): void {
    const head = this.#head
    if (head.upgrade === '' || !offered(exchange.request.upgrade, head.upgrade)) {
      this.#broken('a 101 to something that was not asked for')
      return
    }
    // A key of our own making: its client is not HTTP/1.1 and cannot check.
    if (exchange.key !== '' && get(head.headers, 'sec-websocket-accept') !== acceptOf(exchange.key)) {
      this.#broken('a 101 without the proof that it means this handshake')
      return
    }
    head.headers.push('Upgrade', head.upgrade)
    this.state = TUNNEL
    exchange.headPassed = true
    exchange.response.head(this.#responseHead(0))
  }

  /** Named again here: another attempt of the exchange may have been sent since, in another version. */
  #responseHead(length: number): ResponseHead {
    const head = this.#head
    ;(this.exchange as ClientExchange).request.exchange.upstreamProtocol = 11
    const headers = believed(head.headers, head.own, this.#owner)
    return new ResponseHead(head.status, head.reasonPhrase, headers, length, 'upstream', '')
  }

  #body(buffer: Buffer, from: number): number {
    const reader = this.#reader
    let at = from
    while (this.state === BODY) {
      const step = reader.step(buffer, at)
      at = reader.at
      if (step === PIECE) (this.exchange as ClientExchange).response.data(own(buffer, reader.from, at))
      else if (step === END) {
        const { trailers } = reader
        reader.release()
        this.#complete(trailers, at < buffer.length)
        return buffer.length
      } else if (step === BROKEN) {
        this.#broken(reader.problem)
        return buffer.length
      } else return buffer.length
    }
    return buffer.length
  }

  /** The answer is whole. `leftover`: bytes came behind it, which nobody asked for. */
  #complete(trailers: readonly string[] | undefined, leftover = false): void {
    const exchange = this.exchange as ClientExchange
    const tunnel = this.state === TUNNEL
    this.exchange = undefined
    // Bytes of a request that the upstream did not take would stand before the next one, which nobody would hold back.
    const whole = exchange.requestWhole && !this.outbox.blocked
    if (!tunnel && !leftover && this.#head.keepAlive && whole) {
      this.state = IDLE
      if (this.paused) this.resumeReading()
      this.#owner.released(this)
    } else {
      this.state = CLOSED
      if (tunnel) {
        this.outbox.finish()
        this.#owner.parting(this.socket)
      } else this.socket.destroy()
      this.#owner.closed(this)
    }
    exchange.ended(trailers)
  }

  #broken(cause: string): void {
    const exchange = this.exchange
    const passed = exchange?.headPassed === true
    this.end(new ProxyError('protocol_error_upstream', 'upstream', passed ? 'no' : 'unanswered', cause))
  }
}

/** `asked` is a list of protocols, `answered` one of them. */
function offered(asked: string, answered: string): boolean {
  if (nameIs(answered, asked.toLowerCase())) return true
  return asked.split(',').some((one) => nameIs(answered, one.trim().toLowerCase()))
}
