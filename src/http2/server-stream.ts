/** One request of an HTTP/2 client, and the answer on its way back. */
import { ProxyError } from '../core/errors.ts'
import type { Exchange, RequestBody, ResponseHead } from '../core/exchange.ts'
import { NO_BODY } from '../core/forwarding.ts'
import { inTime } from '../core/grpc-timeout.ts'
import { type Headers, without } from '../core/headers.ts'
import { answered } from '../core/young-generation.ts'
import { isBodiless, opensTunnel } from '../http/answer-rules.ts'
import type { IncomingExchange, ServerOwner } from '../http/server-side.ts'
import type { Room } from '../core/room.ts'
import { tooLarge } from '../http/upload.ts'
import { withoutHandshake } from '../http/websocket.ts'
import { CANCEL, CONNECT_ERROR, ENHANCE_YOUR_CALM, INTERNAL_ERROR, NO_ERROR } from './frames.ts'
import type { RequestFields } from './request-fields.ts'
import { callAnswered, turnNow } from '../net/moderation.ts'
import { ownToKeep } from '../net/shared-read.ts'
import { blockRoom } from './frame-writer.ts'
import { Stream } from './stream.ts'
import type { StreamOwner } from './stream-owner.ts'

/** By status, so that no text is made for one. */
const STATUS_TEXT: readonly string[] = Array.from({ length: 1000 }, (_, status) => String(status))

/** `:status` with its value, before the fields. */
const STATUS_ROOM = 24

/** Bytes of a request's body after which it is taken for a large one, of which nobody keeps anything. */
const KEPT = 64 * 1024

/**
 * Bytes that may wait for a client that does not read its socket. DATA waits elsewhere then; this is what no window holds back: heads,
 * interim ones and trailers, of a thousand answers.
 */
const MOST_WAITING = 8 * 1024 * 1024
const UNREAD = 'the client does not read: too much of heads and trailers waits for it'

const OVER = 'the client gave the call up at its deadline'

/** ms: whoever says that it waits for less and resets at once is as any other that resets at once. */
const SHORTEST_WAIT = 50

/** The connection that a request came on. */
export interface ServerStreamOwner extends StreamOwner {
  readonly owner: ServerOwner
  /** `since`: when what is read now came, whole ms. */
  readonly turns: { readonly since: number }
  /** For trailers behind a body that the client does not take. */
  readonly trailerRoom: Room
  /** More is kept of this request until it is answered; false where all requests of the connection come to too much then. */
  keepMore(stream: ServerStream, bytes: number): boolean
  /** Both sides said all that they had to. */
  completed(stream: ServerStream): void
  /** The answer is whole, and its client still sends. */
  answeredEarly(stream: ServerStream): void
}

export class ServerStream extends Stream implements IncomingExchange {
  body: RequestBody
  exchange: Exchange | undefined
  /** Body bytes that came, and how many there were when they last were looked at, and when that was, whole ms. */
  receivedBytes: number
  progress: number
  progressAt: number
  /** When its request was read, whole ms. */
  readonly openedAt: number
  /** The turn of the event loop in which it was. */
  readonly #openedIn: number
  /** What its request counts for among all that are open on the connection. */
  headBytes: number
  readonly #connection: ServerStreamOwner
  readonly #isHead: boolean
  readonly #isConnect: boolean
  readonly #asksTunnel: boolean
  #expects: boolean
  /** Bytes of the body that came into stores of their own. */
  #toKeep: number
  #headSent: boolean
  #noBody: boolean
  /** What follows a request for a tunnel is held until the answer says what it is. */
  #holding: boolean
  #endHeld: boolean
  /** Bytes of trailers that wait behind the body. */
  #waitingTrailers: number
  #pausedAbove: boolean

  constructor(id: number, connection: ServerStreamOwner, head: RequestFields) {
    super(id, connection)
    this.body = NO_BODY
    this.exchange = undefined
    this.receivedBytes = 0
    this.progress = 0
    this.openedAt = connection.turns.since
    this.#openedIn = turnNow()
    this.headBytes = 0
    this.progressAt = this.openedAt
    this.#connection = connection
    this.#isHead = head.method === 'HEAD'
    this.#isConnect = head.method === 'CONNECT'
    this.#asksTunnel = head.upgrade !== '' || this.#isConnect
    this.#expects = head.expectContinue
    this.#toKeep = 0
    this.#headSent = false
    this.#noBody = false
    this.#holding = this.#asksTunnel
    this.#endHeld = false
    this.#waitingTrailers = 0
    this.#pausedAbove = false
    if (this.#holding) this.pauseReceiving()
  }

  /** Or is to be one. */
  override get isTunnel(): boolean {
    return this.#asksTunnel
  }

  /** The client said how much it sends, may send it, and nobody asked it to wait. */
  get shouldMove(): boolean {
    return this.remaining > 0 && !this.receivePaused && !this.#expects
  }

  // ---------------------------------------------------------------- the request, towards whoever accepted it

  /** `length` of it, or -1 where that was not said. */
  awaitBody(length: number): void {
    this.remaining = length
    this.expectBody()
  }

  protected override owned(bytes: Buffer, from: number, to: number): Buffer {
    // The first of them are likely to be kept until nobody can have to send them again. Those count that came: what is held was not passed on yet.
    if (this.#toKeep >= KEPT) return super.owned(bytes, from, to)
    this.#toKeep += to - from
    return ownToKeep(bytes, from, to)
  }

  protected override onData(chunk: Buffer): void {
    this.receivedBytes += chunk.length
    if (this.exchange !== undefined) this.exchange.requestBytes = this.receivedBytes
    // What passes in a tunnel is no body.
    if (this.receivedBytes > this.#connection.owner.limits.maxRequestBytes && !this.#asksTunnel) this.tooLarge()
    else this.body.data(chunk)
  }

  /** Trailers are kept as the head is. */
  override receivedEnd(trailers: Headers | undefined): void {
    if (trailers === undefined || this.#connection.keepMore(this, blockRoom(trailers))) super.receivedEnd(trailers)
    else this.#connection.resetStream(this, ENHANCE_YOUR_CALM, 'trailers, with all heads that are open')
  }

  protected override onEnd(trailers: Headers | undefined): void {
    if (this.#holding) this.#endHeld = true
    else this.body.end(trailers)
  }

  tooLarge(): void {
    this.body.abort(tooLarge(this.#connection.owner.limits))
  }

  override onReset(code: number, cause: string, byPeer: boolean): void {
    if (byPeer && code === CANCEL && this.#isOver) {
      this.body.abort(new ProxyError('request_timeout', this.sourcePaused ? 'downstream' : 'upstream', 'no', OVER))
      return
    }
    const reason = byPeer ? 'client_cancelled' : 'protocol_error_downstream'
    this.body.abort(new ProxyError(reason, 'downstream', 'no', cause))
  }

  /**
   * The deadline of a gRPC call, which its client keeps as we do: whoever is first, the call had its time. Of one that is shorter than clocks
   * may differ, at least the half.
   */
  get #isOver(): boolean {
    const { exchange } = this
    if (exchange === undefined) return false
    const { grpcDeadline, startedAt } = exchange
    const now = this.#connection.clock.now()
    return inTime(now, grpcDeadline) && now - startedAt >= grpcDeadline - now
  }

  /** Its client waited for as long as it had said it would. */
  get hadItsTime(): boolean {
    return this.#isOver && this.#connection.clock.now() - this.openedAt >= SHORTEST_WAIT
  }

  protected override pauseSource(): void {
    this.body.pauseResponse()
  }

  protected override resumeSource(): void {
    this.body.resumeResponse()
  }

  // ---------------------------------------------------------------- the answer

  informational(head: ResponseHead): void {
    if (this.closed || this.#headSent) return
    if (head.status === 100) this.#expects = false
    this.progressAt = Math.floor(this.#connection.clock.now())
    this.#writeHead(head.status, head.headers)
  }

  head(head: ResponseHead): void {
    if (this.closed) return
    this.#headSent = true
    const status = head.status
    if (this.#asksTunnel) {
      if (opensTunnel(this.#isConnect, status)) {
        this.#startTunnel(head)
        return
      }
      this.#refuseTunnel(head)
      return
    }
    this.#noBody = isBodiless(this.#isHead, status)
    this.#writeHead(status, status === 426 ? without(head.headers, 'upgrade') : head.headers)
    if (!this.#noBody && !this.closed) this.holdWithoutWindow()
  }

  /** The request has no body, then: what was held for the tunnel stays with us, and goes with the stream. */
  #refuseTunnel(head: ResponseHead): void {
    const { status, headers } = head
    if (status >= 200 && status < 300) {
      // Here that would say that the tunnel is open (RFC 8441 §5), and what HTTP/1.1 means by it cannot be said.
      const cause = `a ${status} where a tunnel was asked for`
      this.body.abort(new ProxyError('protocol_error_upstream', 'upstream', 'no', cause))
      return
    }
    this.#noBody = status === 304
    this.#writeHead(status, status === 426 ? without(headers, 'upgrade') : headers)
    this.body.end()
  }

  /** RFC 8441 §5: a 200 says what a 101 said. */
  #startTunnel(head: ResponseHead): void {
    this.#writeHead(head.status === 101 ? 200 : head.status, withoutHandshake(head.headers))
    this.#holding = false
    if (this.closed) return
    if (!this.#pausedAbove) this.resumeReceiving()
    if (this.#endHeld) this.body.end()
  }

  #writeHead(status: number, headers: Headers): void {
    const { out } = this.#connection
    const room = blockRoom(headers) + STATUS_ROOM
    if (this.#isUnread(room)) {
      this.#giveUp()
      return
    }
    const from = out.beginBlock(room)
    const at = out.field(':status', STATUS_TEXT[status] as string, from)
    out.endBlock(this, out.fields(headers, at), 0)
  }

  /** The client leaves so much unread that `bytes` more are too much. */
  #isUnread(bytes: number): boolean {
    const { full, outbox } = this.#connection
    return full && outbox.waiting + bytes > MOST_WAITING
  }

  #giveUp(): void {
    this.#connection.resetStream(this, ENHANCE_YOUR_CALM, '')
    this.body.abort(new ProxyError('client_cancelled', 'downstream', 'no', UNREAD))
  }

  data(chunk: Buffer): void {
    if (this.#noBody || this.closed) return
    if (this.exchange !== undefined) this.exchange.responseBytes += chunk.length
    this.send(chunk)
  }

  end(trailers?: Headers): void {
    if (trailers !== undefined && !this.closed && !this.#mayEnd(blockRoom(trailers))) {
      this.#giveUp()
      return
    }
    this.sendEnd(trailers)
    // A pause dies with the exchange (G2), and a client that sends all before it reads would wait for ever. Nobody takes it.
    if (!this.closed && !this.receivedAll) this.resumeReceiving()
  }

  /** `bytes` of trailers go out, or wait behind the body. */
  #mayEnd(bytes: number): boolean {
    if (!this.waiting) return !this.#isUnread(bytes)
    if (!this.#connection.trailerRoom.take(bytes)) return false
    this.#waitingTrailers = bytes
    return true
  }

  override close(): void {
    super.close()
    this.#connection.trailerRoom.give(this.#waitingTrailers)
    this.#waitingTrailers = 0
  }

  /** The answer is out. A client that still sends is told that nobody reads it (RFC 9113 §8.1). */
  protected override onLocalEnd(): void {
    answered()
    callAnswered(this.#openedIn)
    if (this.receivedAll) this.#connection.completed(this)
    else this.#connection.answeredEarly(this)
  }

  /** After the head nothing can be said any more but that it broke off. */
  fail(error: ProxyError): void {
    if (this.closed) return
    this.#connection.resetStream(this, this.#codeOf(error), '')
  }

  #codeOf({ resetCode, source }: ProxyError): number {
    // NO_ERROR would say that the answer is whole.
    if (resetCode > NO_ERROR) return resetCode
    if (source === 'downstream') return CANCEL
    // How the TCP connection at the far end broke off is said by a code of its own (RFC 9113 §8.5, RFC 8441 §5).
    if (source === 'upstream' && this.#asksTunnel && !this.#holding) return this.#isConnect ? CONNECT_ERROR : CANCEL
    return INTERNAL_ERROR
  }

  pauseRequest(): void {
    this.#pausedAbove = true
    this.pauseReceiving()
  }

  resumeRequest(): void {
    this.#pausedAbove = false
    this.progressAt = Math.floor(this.#connection.clock.now())
    if (!this.#holding) this.resumeReceiving()
  }
}
