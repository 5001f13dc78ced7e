/** One request to an HTTP/2 upstream, and its answer. */
import { ProxyError } from '../core/errors.ts'
import { type RequestBody, type RequestHead, ResponseHead, type ResponseHandler } from '../core/exchange.ts'
import type { Headers } from '../core/headers.ts'
import { isBodiless } from '../http/answer-rules.ts'
import { MAX_INFORMATIONAL } from '../http/client-side.ts'
import { websocketAccept, withoutHandshake } from '../http/websocket.ts'
import {
  CANCEL,
  ENHANCE_YOUR_CALM,
  errorName,
  HTTP_1_1_REQUIRED,
  INADEQUATE_SECURITY,
  NO_ERROR,
  REFUSED_STREAM,
} from './frames.ts'
import type { ResponseFields } from './response-fields.ts'
import { blockRoom } from './frame-writer.ts'
import { Stream } from './stream.ts'
import type { StreamOwner } from './stream-owner.ts'

/** The pseudo-header fields and what stands around them, without their values. */
const PSEUDO_ROOM = 96

const UNTAKEN = new ProxyError(
  'client_cancelled',
  'downstream',
  'no',
  'the client does not take its answers: too much of trailers waits behind them',
  0,
  ENHANCE_YOUR_CALM,
)

/** The connection that a request was sent on. */
export interface ClientStreamOwner extends StreamOwner {
  readonly scheme: 'http' | 'https'
  /** How often something came. */
  readonly reads: number
  /** The fields of an answer that may be passed on. */
  believed(fields: ResponseFields): Headers
  /** The upstream wants this in HTTP/1.1; returns whether it may have it so. */
  http1Required(request: RequestHead): boolean
  /** DATA came. */
  served(): void
  /** The upstream has reset a stream, unanswered, with ENHANCE_YOUR_CALM. */
  askedForCalm(): void
  /** Both sides said all that they had to. */
  completed(stream: ClientStream): void
}

export class ClientStream extends Stream implements RequestBody {
  readonly request: RequestHead
  readonly response: ResponseHandler
  readonly #connection: ClientStreamOwner
  /** The connection had served others before. */
  readonly #reused: boolean
  /** Reads of the connection when the request was written. */
  readonly #readsBefore: number
  /** Writes of the connection before the one that its head is in. */
  readonly #writesBefore: number
  /** The terminal was delivered. */
  #over: boolean
  #headPassed: boolean
  #tunnel: boolean
  #informational: number
  /** Bytes of trailers that are held behind the body, in the account of the client's connection. */
  #heldTrailers: number

  constructor(id: number, connection: ClientStreamOwner, request: RequestHead, response: ResponseHandler) {
    super(id, connection)
    this.request = request
    this.response = response
    this.#connection = connection
    this.#reused = request.attempt.reused
    this.#readsBefore = connection.reads
    this.#writesBefore = connection.outbox.writes
    this.#over = false
    this.#headPassed = false
    this.#tunnel = false
    this.#informational = 0
    this.#heldTrailers = 0
  }

  // ---------------------------------------------------------------- the request

  /** `host` becomes the :authority. */
  start(host: string): void {
    const { request } = this
    const { out, scheme } = this.#connection
    const { upgrade, headers, target } = request
    const added = request.attempt.fields
    const size = blockRoom(headers) + blockRoom(added) + host.length + target.length + upgrade.length
    let at = out.beginBlock(size + request.method.length + PSEUDO_ROOM)
    if (request.method === 'CONNECT') {
      at = out.field(':method', 'CONNECT', at)
      at = out.field(':authority', target, at)
    } else {
      at = out.field(':method', upgrade === '' ? request.method : 'CONNECT', at)
      if (upgrade !== '') at = out.field(':protocol', upgrade.toLowerCase(), at)
      at = out.field(':scheme', scheme, at)
      at = out.field(':authority', host, at)
      at = out.field(':path', target, at)
    }
    at = out.fields(upgrade === '' ? headers : withoutHandshake(headers), at)
    if (added.length > 0) at = out.fields(added, at)
    if (request.expectContinue) at = out.field('expect', '100-continue', at)
    out.endBlock(this, at, 0)
    // A body that turns out empty ends with a frame of its own, as it came: grpc-go waits for ever for the first message of
    // a call whose HEADERS end the stream.
    if (request.bodyLength !== 0) this.seal()
  }

  data(chunk: Buffer): void {
    this.send(chunk)
  }

  end(trailers?: Headers): void {
    this.sendEnd(trailers)
  }

  abort(reason: ProxyError): void {
    if (this.#over) return
    this.#over = true
    this.cancel()
    this.response.fail(reason)
  }

  pauseResponse(): void {
    this.pauseReceiving()
  }

  resumeResponse(): void {
    if (!this.#over) this.resumeReceiving()
  }

  protected override pauseSource(): void {
    if (!this.#over) this.response.pauseRequest()
  }

  protected override resumeSource(): void {
    if (!this.#over) this.response.resumeRequest()
  }

  protected override onLocalEnd(): void {
    if (this.remoteEnded) this.#connection.completed(this)
    // Most answer a request once it is whole: a window given with its head would be held for nothing as long as its body goes out.
    else if (!this.closed && !this.receivedAll) this.expectBody()
  }

  // ---------------------------------------------------------------- the answer

  /** A whole HEADERS block that is no trailers. */
  answered(fields: ResponseFields, endStream: boolean): void {
    const { request } = this
    const { status } = fields
    if (status < 200) {
      if (endStream) this.session.malformed(this, `a ${status} that ends the stream`)
      else if (++this.#informational > MAX_INFORMATIONAL) {
        this.session.malformed(this, `more than ${MAX_INFORMATIONAL} interim answers`)
      } else this.response.informational(this.#head(fields, 0))
      return
    }
    this.#headPassed = true
    if (request.isTunnel && status < 300) {
      this.#tunnelOpened(fields, endStream)
      return
    }
    const none = isBodiless(request.method === 'HEAD', status)
    if (endStream && !none && fields.length > 0) {
      this.session.malformed(this, 'a content-length above 0, and no body')
      return
    }
    if (!endStream && !none) {
      this.remaining = fields.length
      this.expectBody()
    }
    this.response.head(this.#head(fields, none && fields.length < 0 ? 0 : fields.length))
    if (endStream && !this.closed) this.receivedEnd(undefined)
  }

  /** RFC 8441 §5: a 200 where HTTP/1.1 has a 101, with the proof that its client asks for. */
  #tunnelOpened(fields: ResponseFields, endStream: boolean): void {
    const { request } = this
    this.#tunnel = true
    if (request.upgrade === '') this.response.head(this.#head(fields, 0))
    else {
      const headers = withoutHandshake(this.#connection.believed(fields))
      headers.push('Upgrade', request.upgrade)
      const accept = websocketAccept(request.headers)
      if (accept !== '') headers.push('Sec-WebSocket-Accept', accept)
      this.response.head(new ResponseHead(101, '', headers, 0, 'upstream', ''))
    }
    if (endStream && !this.closed) this.receivedEnd(undefined)
  }

  /** Nothing comes before the head (RFC 9113 §8.1). */
  override received(bytes: Buffer, from: number, to: number): void {
    this.#connection.served()
    if (this.#headPassed) super.received(bytes, from, to)
    else this.session.malformed(this, 'DATA before a head')
  }

  override receivedEnd(trailers: Headers | undefined): void {
    if (!this.#headPassed) this.session.malformed(this, 'an end before a head')
    else if (trailers === undefined || !this.holds || this.#mayHold(blockRoom(trailers))) super.receivedEnd(trailers)
    else this.abort(UNTAKEN)
  }

  #mayHold(bytes: number): boolean {
    const room = this.request.exchange.trailerRoom
    if (room === undefined) return true
    if (!room.take(bytes)) return false
    this.#heldTrailers = bytes
    return true
  }

  #letGoOfTrailers(): void {
    if (this.#heldTrailers === 0) return
    this.request.exchange.trailerRoom?.give(this.#heldTrailers)
    this.#heldTrailers = 0
  }

  override close(): void {
    super.close()
    this.#letGoOfTrailers()
  }

  override get isTunnel(): boolean {
    return this.#tunnel
  }

  get headPassed(): boolean {
    return this.#headPassed
  }

  /** Named again here: another attempt of the exchange may have been sent since, in another version. */
  #head(fields: ResponseFields, length: number): ResponseHead {
    this.request.exchange.upstreamProtocol = 20
    return new ResponseHead(fields.status, '', this.#connection.believed(fields), length, 'upstream', '')
  }

  protected override onData(chunk: Buffer): void {
    // An answer to HEAD, a 204 or a 304 has no body: whatever comes is none (RFC 9113 §8.1.1).
    this.response.data(chunk)
  }

  protected override onEnd(trailers: Headers | undefined): void {
    this.#over = true
    this.#letGoOfTrailers()
    if (this.localEnded && !this.waiting) this.#connection.completed(this)
    // Nobody will read the rest of the request (architecture.md, "An answer that ends before its request").
    else this.#connection.resetStream(this, CANCEL, '')
    this.response.end(trailers)
  }

  /**
   * An answer that came whole is one, however slowly it is passed on (RFC 9113 §8.1). So is one that is as long as it said, where the reset says that
   * nothing was wrong: END_STREAM may have waited for a window (receive-window.ts).
   */
  override outlives(code: number): boolean {
    if (this.#over || !(this.receivedAll || (code === NO_ERROR && this.remaining === 0))) return false
    this.stopSending()
    if (!this.#over && !this.receivedAll) this.receivedEnd(undefined)
    return true
  }

  override onReset(code: number, cause: string, byPeer: boolean): void {
    if (this.#over) return
    this.#over = true
    if (byPeer && code === ENHANCE_YOUR_CALM && !this.#headPassed) this.#connection.askedForCalm()
    this.response.fail(this.#failure(code, cause, byPeer))
  }

  /** What may be sent again (policies.md 2.2). */
  #failure(code: number, cause: string, byPeer: boolean): ProxyError {
    if (!byPeer) {
      return new ProxyError('protocol_error_upstream', 'upstream', this.#headPassed ? 'no' : 'unanswered', cause)
    }
    if (code === HTTP_1_1_REQUIRED && !this.#headPassed && this.#connection.http1Required(this.request)) {
      return new ProxyError('upstream_reset', 'upstream', 'unsent-reused', cause)
    }
    // That it was not processed (RFC 9113 §8.7) is not to be believed of what answered before.
    if (code === REFUSED_STREAM && !this.#headPassed) {
      return new ProxyError('upstream_reset', 'upstream', 'unsent-reused', cause)
    }
    // What these say of a connection is about the upstream's with us, not about ours with the client.
    const told = code === HTTP_1_1_REQUIRED || code === INADEQUATE_SECURITY ? -1 : code
    return new ProxyError('upstream_reset', 'upstream', this.#headPassed ? 'no' : 'unanswered', cause, 0, told)
  }

  /** The whole connection is lost. `sent`: something of this request may have reached the upstream. */
  lost(error: ProxyError): void {
    if (this.#over) return
    this.#over = true
    this.close()
    this.response.fail(error)
  }

  /** Nothing of it went out. */
  get unsent(): boolean {
    const { writes, refusedAt } = this.#connection.outbox
    return writes === 0 || (refusedAt > 0 && this.#writesBefore >= refusedAt - 1)
  }

  get reused(): boolean {
    return this.#reused
  }

  /** The upstream has said something since the request was written. */
  get answering(): boolean {
    return this.#connection.reads !== this.#readsBefore
  }
}

/** In words, for the log. */
export function goawayCause(code: number, debug: string): string {
  const said = debug === '' ? '' : `: ${debug}`
  return `the upstream said GOAWAY, ${code === NO_ERROR ? 'without an error' : errorName(code)}${said}`
}
