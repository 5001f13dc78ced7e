/** HTTP/2 towards upstreams: one connection, many exchanges at a time (RFC 9113). */
import type { Socket } from 'node:net'
import type { Clock } from '../core/clock.ts'
import { ProxyError } from '../core/errors.ts'
import type { RequestBody, RequestHead, ResponseHandler } from '../core/exchange.ts'
import type { Headers } from '../core/headers.ts'
import { believed, type ClientSideOwner } from '../http/client-side.ts'
import { lossOf } from '../http/lost-request.ts'
import type { Violation } from '../http/violation.ts'
import { lastWords } from '../net/last-words.ts'
import { ClientStream, goawayCause } from './client-stream.ts'
import {
  ENABLE_PUSH,
  HTTP_1_1_REQUIRED,
  MAX_STREAM_ID,
  NO_ERROR,
  PREFACE,
  PROTOCOL_ERROR,
  STREAM_CLOSED,
} from './frames.ts'
import { IGNORED, ResponseFields } from './response-fields.ts'
import { commonSettings, Session } from './session.ts'
import type { OpenStream } from './stream-owner.ts'
import { Strain } from './strain.ts'
import { PING_UPSTREAM } from './vigil.ts'
import { UPSTREAM_ROOM } from './window-room.ts'

/** The pool, as its connections see it. */
export interface Http2ClientOwner extends ClientSideOwner {
  readonly clock: Clock
  /** Streams that are opened before the upstream has said how many it allows. */
  readonly expectedStreams: number
  /** It can take more than before: a stream ended, or the peer allows more of them. */
  freed(connection: Http2ClientConnection): void
  /** It takes no further requests, but finishes those it has. */
  retired(connection: Http2ClientConnection): void
  /** The upstream wants this request, or undefined: any, in HTTP/1.1 (§7). Returns whether it may have it so. */
  http1Required(request: RequestHead | undefined): boolean
  /** Its upstream has had enough of it, or is about to. */
  wornOut(connection: Http2ClientConnection): void
  /** SETTINGS of the upstream came, the first or others. */
  settled(connection: Http2ClientConnection): void
  /** It is gone, whether it served somebody or not. `why`: for a request of which nothing was sent on it. */
  closed(connection: Http2ClientConnection, why: ProxyError): void
  /** The upstream broke the rules of HTTP/2; to be counted. */
  violation(how: Violation): void
}

/** ms in which somebody has to take something of an answer, where others wait behind it. */
const STUCK = 3000

export class Http2ClientConnection extends Session {
  /** The pool's: from when on it takes no further request. */
  retireAt: number
  /** The pool's: ms that it may take to be connected. */
  connectLimit: number
  readonly scheme: 'http' | 'https'
  /** Exchanges it has taken. */
  uses: number
  /** It takes no further requests. */
  retired: boolean
  connecting: boolean
  readonly #owner: Http2ClientOwner
  readonly #fields: ResponseFields
  readonly #strain: Strain
  #nextId: number
  #error: NodeJS.ErrnoException | undefined
  /** Read when the upstream had closed the connection. */
  #lastWords: readonly Buffer[] | undefined
  /** What the pool says of an end that it made itself. */
  #verdict: ProxyError | undefined
  /** Those on it were told that it is lost. */
  #gone: boolean
  /** It ends because it is to be HTTP/1.1, and may be. */
  #http1: boolean

  /** `socket` may still be connecting. */
  constructor(socket: Socket, owner: Http2ClientOwner, scheme: 'http' | 'https') {
    super(socket, owner.clock, owner.limits, UPSTREAM_ROOM)
    this.retireAt = Number.POSITIVE_INFINITY
    this.connectLimit = Number.POSITIVE_INFINITY
    this.scheme = scheme
    this.uses = 0
    this.retired = false
    this.connecting = socket.connecting
    this.#owner = owner
    this.#fields = new ResponseFields(owner.limits)
    this.#strain = new Strain(owner.clock)
    this.#nextId = 1
    this.#error = undefined
    this.#lastWords = undefined
    this.#verdict = undefined
    this.#gone = false
    this.#http1 = false
    socket.on('connect', () => this.event(this.#onConnect, undefined))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#error = error
    })
    this.out.headsAnswer = false
    // What is written while connecting waits in the socket; bodies do not.
    this.full = this.connecting
    this.outbox.bytes(PREFACE)
    this.open(commonSettings(owner.limits).concat(ENABLE_PUSH, 0))
    // An upstream reads them before any request.
    this.settingsConfirmed()
  }

  /** How many more streams it takes now. */
  get room(): number {
    // Where others do not take their answers, a new one would wait for them.
    if (this.retired || this.closed || this.window.crowded) return 0
    const allowed = this.peer.settled ? this.peer.maxStreams : this.#owner.expectedStreams
    return allowed - this.streams.size
  }

  get active(): number {
    return this.streams.size
  }

  /** The socket failed: a reset, or no network any more. */
  get broken(): boolean {
    return this.#error !== undefined
  }

  get clogged(): boolean {
    return this.#strain.clogged(this.sendWindow)
  }

  /** Since when it has no stream, ms; only while it has none. */
  get quietSince(): number {
    return this.vigil.idleSince
  }

  /** Sends one request; only while there is room. */
  send(request: RequestHead, response: ResponseHandler, host: string): RequestBody {
    request.attempt.reused = this.uses > 0
    request.attempt.protocol = 20
    request.exchange.upstreamProtocol = 20
    this.uses++
    const id = this.#nextId
    this.#nextId += 2
    const stream = new ClientStream(id, this, request, response)
    this.streams.add(stream)
    stream.start(host)
    this.vigil.asked()
    if (this.#nextId > MAX_STREAM_ID) this.retire()
    return stream
  }

  /** Nobody is to be sent here any more. Ends once nothing is in flight. */
  retire(): void {
    if (this.retired) return
    this.#turnAway()
    if (this.streams.size === 0) this.#quit()
  }

  #turnAway(): void {
    if (this.retired) return
    this.retired = true
    this.#owner.retired(this)
  }

  #quit(): void {
    if (this.closed) return
    this.out.goaway(0, NO_ERROR)
    this.shut('given up')
  }

  /** Ends the connection; exchanges on it fail with `reason`. */
  end(reason: ProxyError): void {
    this.#verdict = reason
    this.destroy(reason.cause)
  }

  #onConnect(): void {
    if (this.closed) return
    this.connecting = false
    this.drained()
    this.vigil.watch()
  }

  /** What filled the socket while it was being connected is on its way only once it says so itself. */
  override drained(): void {
    if (!this.connecting && !this.outbox.blocked) super.drained()
  }

  /** It may have answered first, or said what it has not looked at. Nothing more reaches it, though its end is told only behind this turn. */
  override refused(): void {
    super.refused()
    this.#lastWords ??= lastWords(this.socket)
    this.#turnAway()
  }

  protected override hearLast(): void {
    if (!this.closed) this.hear(this.#lastWords ?? [])
  }

  // ---------------------------------------------------------------- frames

  override isIdle(id: number): boolean {
    return (id & 1) === 0 || id >= this.#nextId
  }

  override headers(id: number, endStream: boolean, block: Buffer, from: number, to: number): void {
    const stream = this.streams.get(id) as ClientStream | undefined
    if (stream === undefined) {
      if (this.isIdle(id)) this.connectionError(PROTOCOL_ERROR, 'HEADERS on an idle stream')
      else if (this.decode(block, from, to, IGNORED) && !this.patience.late())
        this.flooded('HEADERS on a closed stream')
      return
    }
    if (stream.headPassed) {
      this.trailersOf(stream, endStream, block, from, to)
      return
    }
    this.served()
    const fields = this.#fields
    fields.begin()
    if (!this.decode(block, from, to, fields)) return
    fields.finish()
    if (stream.receivedAll) this.resetStream(stream, STREAM_CLOSED, 'HEADERS behind END_STREAM')
    else if (fields.problem !== '') this.malformed(stream, fields.problem)
    else stream.answered(fields, endStream)
    fields.release()
  }

  believed(fields: ResponseFields): Headers {
    return believed(fields.headers, fields.own, this.#owner)
  }

  served(): void {
    this.vigil.served()
  }

  askedForCalm(): void {
    this.#strain.askedForCalm()
    if (this.#strain.wornOut && !this.closed && !this.retired) this.#owner.wornOut(this)
  }

  http1Required(request: RequestHead): boolean {
    return this.#owner.http1Required(request)
  }

  completed(stream: ClientStream): void {
    this.patience.completed()
    this.forget(stream)
  }

  override writeData(stream: OpenStream, chunk: Buffer, from: number, to: number): void {
    super.writeData(stream, chunk, from, to)
    this.#strain.sent(this.sendWindow)
  }

  protected override discardStream(id: number, code: number): void {
    super.discardStream(id, code)
    this.patience.reset()
    this.#strain.reset()
  }

  override forget(stream: OpenStream): void {
    if (stream.closed) return
    super.forget(stream)
    if (this.#strain.wornOut && !this.closed && !this.retired) this.#owner.wornOut(this)
    if (!this.closed && !this.retired) this.#owner.freed(this)
  }

  protected override uncrowded(): void {
    if (this.room > 0) this.#owner.freed(this)
  }

  override settingsChanged(): void {
    this.#owner.settled(this)
    if (this.room > 0) this.#owner.freed(this)
  }

  // ---------------------------------------------------------------- ends

  /** Streams above `lastId` were not looked at: they may go elsewhere, whatever they ask (§6.8). */
  override goneAway(lastId: number, code: number, debug: string): void {
    const cause = goawayCause(code, debug)
    if (code === HTTP_1_1_REQUIRED) this.#http1 = this.#owner.http1Required(undefined)
    // cold: once or twice in a connection's life
    const unprocessed = this.streams.all().filter((stream) => stream.id > lastId) as ClientStream[]
    this.#turnAway()
    for (const stream of unprocessed) {
      if (stream.closed || stream.outlives(-1)) continue
      this.forget(stream)
      if (code === HTTP_1_1_REQUIRED) this.#owner.http1Required(stream.request)
      // Of what it has answered it is not to be believed.
      stream.lost(new ProxyError('upstream_reset', 'upstream', stream.headPassed ? 'no' : 'unsent-reused', cause))
    }
    if (this.streams.size === 0) this.#quit()
  }

  /** Streams are of our making: an upstream that refuses them all is a matter for the breaker. */
  override isThrownAway(): boolean {
    return false
  }

  protected override becameIdle(): void {
    if (this.retired) this.#quit()
  }

  override drainAnswered(): void {}

  protected override violation(how: Violation): void {
    this.#owner.violation(how)
  }

  protected override violated(cause: string): void {
    this.#verdict ??= new ProxyError('protocol_error_upstream', 'upstream', 'unanswered', cause)
  }

  /** Which end it was, and so what may be sent again (policies.md 2.2). */
  protected override lost(cause: string): void {
    if (this.#gone) return
    this.#gone = true
    const streams = this.streams.all() as ClientStream[]
    this.streams.clear()
    this.#owner.closed(this, this.#loss(cause))
    for (let i = 0; i < streams.length; i++) {
      const stream = streams[i] as ClientStream
      if (!stream.outlives(-1)) stream.lost(this.#failure(stream, this.#error?.message ?? cause))
    }
  }

  #failure(stream: ClientStream, cause: string): ProxyError {
    const verdict = this.#verdict
    if (verdict !== undefined) {
      return verdict.source === 'upstream' && verdict.retryable === 'unanswered' && stream.headPassed
        ? new ProxyError(verdict.reason, 'upstream', 'no', verdict.cause)
        : verdict
    }
    const request = {
      connecting: this.connecting,
      unsent: stream.unsent,
      accepted: this.peer.settled,
      // What the upstream may have begun before it said so is repeated only where it may be, but then at once.
      reused: stream.reused || this.#http1,
      answering: stream.answering && !this.#http1,
      headPassed: stream.headPassed,
    }
    return lossOf(request, this.#error, cause)
  }

  /** Of a request that was not sent yet. */
  #loss(cause: string): ProxyError {
    const request = {
      connecting: this.connecting,
      unsent: true,
      accepted: this.peer.settled,
      reused: false,
      answering: false,
      headPassed: false,
    }
    return this.#verdict ?? lossOf(request, this.#error, this.#error?.message ?? cause)
  }

  protected override defect(error: unknown): void {
    this.#owner.defect('http2 client', error)
  }

  // ---------------------------------------------------------------- time

  /** The pool gives idle connections up. */
  override get idleLimit(): number {
    return Number.POSITIVE_INFINITY
  }

  override get pingInterval(): number {
    return PING_UPSTREAM
  }

  override get frameLimit(): number {
    return Number.POSITIVE_INFINITY
  }

  /**
   * Answers that nobody takes hold up those that somebody waits for: once they were stuck for a while, they make room.
   * Where nobody waits, they may take their time.
   */
  override look(now: number): void {
    if (!this.window.crowded || !this.#somebodyWaits()) return
    const streams = this.streams.all() as ClientStream[]
    for (let i = 0; i < streams.length && this.window.crowded; i++) {
      const stream = streams[i] as ClientStream
      if (!stream.isStuck(now, STUCK)) continue
      stream.abort(
        new ProxyError('stream_idle_timeout', 'downstream', 'no', 'nobody takes the answer, and others wait'),
      )
    }
  }

  #somebodyWaits(): boolean {
    for (const stream of this.streams.all()) if (!stream.receivePaused) return true
    return false
  }
}
