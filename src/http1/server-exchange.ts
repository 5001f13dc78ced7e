/** One answer on its way to an HTTP/1 client. */
import type { ProxyError } from '../core/errors.ts'
import type { Exchange, RequestBody, ResponseHead } from '../core/exchange.ts'
import { NO_BODY } from '../core/forwarding.ts'
import { answered } from '../core/young-generation.ts'
import { has, type Headers } from '../core/headers.ts'
import { isBodiless, opensTunnel } from '../http/answer-rules.ts'
import type { IncomingExchange } from '../http/server-side.ts'
import type { Head } from './head.ts'
import type { Outbox } from '../net/outbox.ts'
import { writeChunk, writeLastChunk, writePiece, writeResponse } from './write.ts'

/** How the body is framed towards this client. */
const NONE = 0
const LENGTH = 1
const CHUNKS = 2
const CLOSE = 3
const OPAQUE = 4

/** The connection that a request came on. */
export interface ServerExchangeOwner {
  readonly outbox: Outbox
  readonly draining: boolean
  /** The request came whole. */
  readonly requestWhole: boolean
  pauseRequest(): void
  resumeRequest(): void
  /** The client was told to go on: only now its body has to move. */
  continued(): void
  /** The answer was a 101 or a 2xx to CONNECT: from now on bytes. */
  startTunnel(exchange: ServerExchange): void
  /** The tunnel was refused: the request has no body, and what follows is the next request. */
  tunnelRefused(exchange: ServerExchange): void
  /** The answer is whole. `keepAlive`: both sides want to go on. */
  finished(keepAlive: boolean): void
  /** The answer broke after its head: the client must not take it for whole. */
  broken(untilClose: boolean): void
  destroy(): void
}

export class ServerExchange implements IncomingExchange {
  body: RequestBody
  exchange: Exchange | undefined
  /** Body bytes that came. */
  received: number
  /** Body bytes the head announced; -1: chunked. */
  readonly declared: number
  readonly asksTunnel: boolean
  readonly #connection: ServerExchangeOwner
  readonly #isHead: boolean
  readonly #isConnect: boolean
  readonly #version: number
  readonly #expects: boolean
  #keepAlive: boolean
  #continued: boolean
  #framing: number
  #headSent: boolean

  constructor(connection: ServerExchangeOwner, head: Head) {
    this.body = NO_BODY
    this.exchange = undefined
    this.received = 0
    this.declared = head.bodyLength
    this.#isConnect = head.method === 'CONNECT'
    this.asksTunnel = head.upgrade !== '' || this.#isConnect
    this.#connection = connection
    this.#isHead = head.method === 'HEAD'
    this.#version = head.version
    this.#expects = head.expectContinue
    this.#keepAlive = head.keepAlive
    this.#continued = false
    this.#framing = NONE
    this.#headSent = false
  }

  /** The client may wait for a 100 before it sends its body. */
  get awaitsContinue(): boolean {
    return this.#expects && !this.#continued
  }

  informational(head: ResponseHead): void {
    // RFC 9110 §15.2: never to an HTTP/1.0 client.
    if (this.#version === 10) return
    if (head.status === 100) {
      this.#continued = true
      this.#connection.continued()
    }
    writeResponse(this.#connection.outbox, head, '', false)
  }

  head(head: ResponseHead): void {
    const status = head.status
    this.#headSent = true
    if (this.asksTunnel) {
      if (opensTunnel(this.#isConnect, status)) {
        this.#framing = OPAQUE
        writeResponse(this.#connection.outbox, head, status === 101 ? 'Upgrade' : '', false)
        this.#connection.startTunnel(this)
        return
      }
    }
    this.#frame(head)
    let connection = this.#connectionField(head)
    // RFC 9110 §7.8: what names a protocol to switch to is for the next hop, and so has to be named.
    if (status === 426 && has(head.headers, 'upgrade'))
      connection = connection === '' ? 'Upgrade' : `${connection}, Upgrade`
    writeResponse(this.#connection.outbox, head, connection, this.#framing === CHUNKS)
    if (this.asksTunnel) this.#connection.tunnelRefused(this)
  }

  #frame(head: ResponseHead): void {
    const status = head.status
    if (isBodiless(this.#isHead, status)) this.#framing = NONE
    else if (head.bodyLength >= 0) this.#framing = LENGTH
    else if (this.#version === 11) this.#framing = CHUNKS
    else {
      this.#framing = CLOSE
      this.#keepAlive = false
    }
  }

  /** RFC 9112 §9.6: whoever will close says so, where it is known in time. */
  #connectionField(head: ResponseHead): string {
    const connection = this.#connection
    // Whom an overloaded proxy refuses shall find another one.
    if (connection.draining || (head.reason === 'overload' && head.origin === 'proxy')) this.#keepAlive = false
    if (!connection.requestWhole && !this.asksTunnel) {
      // Our own answer does not wait for the rest of the request, and a client without its 100 may never send it.
      if (head.origin !== 'upstream' || this.awaitsContinue) this.#keepAlive = false
    }
    if (!this.#keepAlive) return 'close'
    return this.#version === 10 ? 'keep-alive' : ''
  }

  data(chunk: Buffer): void {
    const size = chunk.length
    if (this.#framing === NONE || size === 0) return
    const exchange = this.exchange
    if (exchange !== undefined) exchange.responseBytes += size
    const outbox = this.#connection.outbox
    if (this.#framing === CHUNKS) writeChunk(outbox, chunk)
    else writePiece(outbox, chunk)
  }

  /** Body bytes came from the client. */
  count(bytes: number): void {
    this.received += bytes
    if (this.exchange !== undefined) this.exchange.requestBytes = this.received
  }

  end(trailers?: Headers): void {
    if (this.#framing === CHUNKS) writeLastChunk(this.#connection.outbox, trailers)
    answered()
    this.#connection.finished(this.#keepAlive)
  }

  /** An answer, or a tunnel, that the end of the connection ends: a FIN says that it is whole. */
  get untilClose(): boolean {
    return this.#framing === CLOSE || this.#framing === OPAQUE
  }

  fail(_error: ProxyError): void {
    // Before the head this is a client that left: everything else was given an answer above.
    if (this.#headSent) this.#connection.broken(this.untilClose)
    else this.#connection.destroy()
  }

  pauseRequest(): void {
    this.#connection.pauseRequest()
  }

  resumeRequest(): void {
    this.#connection.resumeRequest()
  }
}
