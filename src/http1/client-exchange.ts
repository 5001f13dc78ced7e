/** One request on its way to an HTTP/1 upstream. */
import type { ProxyError } from '../core/errors.ts'
import type { RequestBody, RequestHead, ResponseHandler } from '../core/exchange.ts'
import type { Headers } from '../core/headers.ts'
import { missingKey } from '../http/websocket.ts'
import type { Outbox } from '../net/outbox.ts'
import { writeChunk, writeLastChunk, writePiece, writeRequest } from './write.ts'

/** The connection that a request is sent on. */
export interface ClientExchangeOwner {
  readonly outbox: Outbox
  readonly connecting: boolean
  readonly tunnelOpen: boolean
  pauseReading(): void
  resumeReading(): void
  /** Ends the connection; an exchange on it fails with `reason`. */
  end(reason: ProxyError): void
}

export class ClientExchange implements RequestBody {
  readonly request: RequestHead
  readonly response: ResponseHandler
  /** A final head was passed up. */
  headPassed: boolean
  /** Everything the client sent went to the outbox. */
  requestWhole: boolean
  /** The Sec-WebSocket-Key that we made, or ''. */
  readonly key: string
  readonly #connection: ClientExchangeOwner
  #over: boolean
  /** We asked for a pause because there is no connection yet. */
  #waiting: boolean

  constructor(connection: ClientExchangeOwner, request: RequestHead, response: ResponseHandler) {
    this.request = request
    this.response = response
    this.headPassed = false
    this.requestWhole = false
    this.key = request.upgrade === '' ? '' : missingKey(request.upgrade, request.headers)
    this.#connection = connection
    this.#over = false
    this.#waiting = false
  }

  start(host: string): void {
    writeRequest(this.#connection.outbox, this.request, host, this.key)
  }

  connected(): void {
    if (!this.#waiting) return
    this.#waiting = false
    if (!this.#over && !this.#connection.outbox.blocked) this.response.resumeRequest()
  }

  data(chunk: Buffer): void {
    const size = chunk.length
    if (this.#over || size === 0) return
    const connection = this.#connection
    const outbox = connection.outbox
    if (this.request.bodyLength < 0 && !this.request.isTunnel) writeChunk(outbox, chunk)
    else writePiece(outbox, chunk)
    if (connection.connecting && !this.#waiting) {
      this.#waiting = true
      this.response.pauseRequest()
    }
  }

  end(trailers?: Headers): void {
    if (this.#over || this.requestWhole) return
    this.requestWhole = true
    if (this.request.isTunnel) {
      // A tunnel that was refused is an exchange like any other, and its connection goes on.
      if (this.#connection.tunnelOpen) this.#connection.outbox.end()
    } else if (this.request.bodyLength < 0) writeLastChunk(this.#connection.outbox, trailers)
  }

  abort(reason: ProxyError): void {
    if (this.#over) return
    this.#connection.end(reason)
  }

  pauseResponse(): void {
    if (!this.#over) this.#connection.pauseReading()
  }

  resumeResponse(): void {
    if (!this.#over) this.#connection.resumeReading()
  }

  ended(trailers: Headers | undefined): void {
    this.#over = true
    this.response.end(trailers)
  }

  failed(error: ProxyError): void {
    this.#over = true
    this.response.fail(error)
  }
}
