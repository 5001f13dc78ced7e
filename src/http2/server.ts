/** HTTP/2 towards clients (RFC 9113). */
import type { Socket } from 'node:net'
import { ProxyError } from '../core/errors.ts'
import type { Room } from '../core/room.ts'
import type { Violation } from '../http/violation.ts'
import { type IncomingConnection, LINGER_TIME, type ServerOwner } from '../http/server-side.ts'
import { MIN_PROGRESS, tooSlow } from '../http/upload.ts'
import { isEncrypted } from '../net/encrypted.ts'
import { DrainTimer } from './drain-timer.ts'
import { leftBehind } from './flood-garbage.ts'
import {
  ENABLE_CONNECT_PROTOCOL,
  MAX_CONCURRENT_STREAMS,
  NO_ERROR,
  PREFACE,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  STREAM_CLOSED,
} from './frames.ts'
import { LateResets } from './late-resets.ts'
import { LostStreams } from './lost-streams.ts'
import { RequestFields } from './request-fields.ts'
import { IGNORED } from './response-fields.ts'
import { ServerStream } from './server-stream.ts'
import { commonSettings, Session } from './session.ts'
import type { Stream } from './stream.ts'
import { CLOSE_WAIT } from './vigil.ts'
import { CLIENT_ROOM, WindowRoom } from './window-room.ts'

/** Streams that one client may have open on one connection. */
const MAX_STREAMS = 1024
/**
 * The same of a client from where a flood came a moment ago: the least that RFC 9113 §5.1.2 recommends. A flood costs by its streams: a
 * thousand of them that begin anew with each connection are five megabytes of garbage, and each setting is theirs a thousand times.
 */
const FEW_STREAMS = 100
/**
 * Bytes of the heads of all requests that one connection may have open, and of their trailers. A head is kept until its answer is there, and
 * one that refers to HPACK's table, or is put together of crumbs of a cookie, takes a thousand times what came (CVE-2026-49975).
 */
const MOST_HEAD_BYTES = 8 * 1024 * 1024
/** The same of trailers of answers that wait behind bodies. */
const MOST_TRAILER_BYTES = 8 * 1024 * 1024
/** ms that a stream lives before its reset counts as an ordinary cancel. */
const YOUNG = 500

export class Http2ServerConnection extends Session implements IncomingConnection {
  readonly owner: ServerOwner
  readonly peerAddress: string
  readonly peerPort: number
  readonly secure: boolean
  /** Open at once. */
  readonly #maxStreams: number
  readonly #head: RequestFields
  /** Bytes of the preface that came. */
  #prefaced: number
  readonly trailerRoom: Room
  /** Of all open requests. */
  #headBytes: number
  /** The last GOAWAY was sent: streams above this id are not worked on. */
  #finalStream: number
  #drain: DrainTimer | undefined
  /** Made when the first answer comes before the end of its request. */
  #lateResets: LateResets | undefined
  /** Streams that are to be told that the connection is lost. */
  #lost: LostStreams | undefined
  /** Streams that are over, those at the time of the PING of a drain, and those of which the client has read all: its answer says so. */
  #over: number
  #asked: number
  #read: number
  /** All is said and answered; the client may still read. */
  #parting: boolean
  /** The socket is closed. */
  #gone: boolean

  constructor(socket: Socket, owner: ServerOwner) {
    super(socket, owner.clock, owner.limits, CLIENT_ROOM)
    this.owner = owner
    this.peerAddress = socket.remoteAddress ?? ''
    this.peerPort = socket.remotePort ?? 0
    this.secure = isEncrypted(socket)
    this.#maxStreams = owner.offenders.has(this.peerAddress, owner.clock.now()) ? FEW_STREAMS : MAX_STREAMS
    this.#head = new RequestFields(owner.limits)
    this.#prefaced = 0
    this.trailerRoom = new WindowRoom(MOST_TRAILER_BYTES, 0)
    this.#headBytes = 0
    this.#finalStream = Number.POSITIVE_INFINITY
    this.#drain = undefined
    this.#lateResets = undefined
    this.#lost = undefined
    this.#over = 0
    this.#asked = 0
    this.#read = 0
    this.#parting = false
    this.#gone = false
    // `close` follows, where all that matters is done.
    socket.on('error', () => {})
    // Not before: answers may still be on their way to the client, and a drain has to wait for them.
    socket.on('close', () => {
      this.#gone = true
      this.#closedWhenTold()
    })
    const ours = [MAX_CONCURRENT_STREAMS, this.#maxStreams, ENABLE_CONNECT_PROTOCOL, 1]
    this.open(commonSettings(owner.limits).concat(ours))
    this.vigil.watch()
  }

  get announces(): boolean {
    return true
  }

  get busy(): boolean {
    if (this.streams.size > 0 || this.#lost !== undefined || this.#betweenGoaways) return true
    return this.socket.writableLength > 0 || (this.#parting && !this.#gone)
  }

  /** Streams may be on their way that we promised to answer. */
  get #betweenGoaways(): boolean {
    return this.#drain !== undefined && this.#finalStream === Number.POSITIVE_INFINITY && !this.closed
  }

  // ---------------------------------------------------------------- frames

  protected override prefaced(chunk: Buffer): number {
    if (this.#prefaced === PREFACE.length) return 0
    const size = Math.min(PREFACE.length - this.#prefaced, chunk.length)
    if (PREFACE.compare(chunk, 0, size, this.#prefaced, this.#prefaced + size) !== 0) {
      this.connectionError(PROTOCOL_ERROR, 'no preface')
      return chunk.length
    }
    this.#prefaced += size
    return size
  }

  override isIdle(id: number): boolean {
    return (id & 1) === 0 || (id > this.lastPeerStream && id <= this.#finalStream)
  }

  /** What the client says of streams above the last one, before it hears of it, is no error (§6.8). */
  override wasReset(id: number): boolean {
    return id > this.#finalStream || super.wasReset(id)
  }

  override headers(id: number, endStream: boolean, block: Buffer, from: number, to: number): void {
    if ((id & 1) === 0) {
      this.connectionError(PROTOCOL_ERROR, 'HEADERS on an even stream')
      return
    }
    const stream = this.streams.get(id)
    if (stream !== undefined) this.trailersOf(stream, endStream, block, from, to)
    else if (id <= this.lastPeerStream) this.#late(id, block, from, to)
    else if (id > this.#finalStream) this.decode(block, from, to, IGNORED)
    else {
      this.#open(id, endStream, block, from, to)
      this.#head.release()
    }
  }

  /** HEADERS for a stream that is over. */
  #late(id: number, block: Buffer, from: number, to: number): void {
    if (!this.wasReset(id)) this.connectionError(STREAM_CLOSED, 'HEADERS on a closed stream')
    else if (this.decode(block, from, to, IGNORED)) {
      this.endedUnheard(id)
      this.calm(1, 'HEADERS on a closed stream')
    }
  }

  #open(id: number, endStream: boolean, block: Buffer, from: number, to: number): void {
    const head = this.#head
    this.lastPeerStream = id
    head.begin()
    if (!this.decode(block, from, to, head)) return
    if (this.streams.size >= this.#maxStreams || (this.#headBytes + head.size > MOST_HEAD_BYTES && !head.tooLarge)) {
      this.discardStream(id, REFUSED_STREAM)
      this.calmResets('streams')
      return
    }
    head.finish(endStream)
    if (head.problem !== '' && !head.tooLarge) {
      this.owner.refusal(new ProxyError('protocol_error_downstream', 'downstream', 'no', head.problem))
      this.discardStream(id, PROTOCOL_ERROR)
      this.owner.violation('malformed')
      this.calmResets(head.problem)
      return
    }
    const stream = new ServerStream(id, this, head)
    this.streams.add(stream)
    stream.remoteEnded = endStream
    this.vigil.watch()
    if (head.tooLarge) {
      this.#refuse(stream)
      return
    }
    stream.headBytes = head.size
    this.#headBytes += head.size
    const length = head.length
    if (!endStream) stream.awaitBody(length)
    stream.body = this.owner.accept(head, this, stream)
    if (stream.exchange !== undefined) stream.exchange.trailerRoom = this.trailerRoom
    if (length > this.owner.limits.maxRequestBytes) stream.tooLarge()
    else if (endStream) stream.receivedEnd(undefined)
  }

  /** 431: a request that never becomes an exchange. */
  #refuse(stream: ServerStream): void {
    const cause = `more than ${this.limits.maxHeaderBytes} bytes or ${this.limits.maxHeaders} fields`
    const { head, body } = this.owner.refusal(new ProxyError('header_too_large', 'downstream', 'no', cause))
    stream.head(head)
    stream.data(body)
    stream.end()
  }

  keepMore(stream: ServerStream, bytes: number): boolean {
    if (this.#headBytes + bytes > MOST_HEAD_BYTES) return false
    stream.headBytes += bytes
    this.#headBytes += bytes
    return true
  }

  override forget(stream: Stream): void {
    if (!stream.closed) {
      this.#over++
      this.#headBytes -= (stream as ServerStream).headBytes
    }
    super.forget(stream)
  }

  /** Both sides said all that they had to. */
  completed(stream: ServerStream): void {
    this.patience.completed()
    this.forget(stream)
  }

  /** The answer is whole, and its client still sends: what it says is dropped, and later it is told so. */
  answeredEarly(stream: ServerStream): void {
    this.#lateResets ??= new LateResets(this.clock, (id, code) => this.writeReset(id, code))
    this.#lateResets.add(stream.id)
    this.disregard(stream.id)
    this.forget(stream)
  }

  override endedUnheard(id: number): void {
    this.#lateResets?.delete(id)
  }

  override crossed(id: number): boolean {
    this.endedUnheard(id)
    return super.crossed(id)
  }

  // ---------------------------------------------------------------- ends

  /** A client that goes away goes on: what it asked for before is answered. */
  override goneAway(): void {
    if (this.streams.size === 0) this.#part('the client said GOAWAY')
  }

  override tooMuch(how: Violation, cause: string): void {
    this.owner.offenders.add(this.peerAddress, this.clock.now())
    super.tooMuch(how, cause)
  }

  protected override violation(how: Violation): void {
    this.owner.violation(how)
  }

  protected override violated(cause: string): void {
    if (this.streams.size === 0) leftBehind(this.clock.now())
    this.owner.refusal(new ProxyError('protocol_error_downstream', 'downstream', 'no', cause))
  }

  /** Cancelling a call that has run for a while, or to its deadline, is anybody's right, also of a thousand at once. */
  override isThrownAway(stream: Stream): boolean {
    const each = stream as ServerStream
    return this.clock.now() - each.openedAt < YOUNG && !each.hadItsTime
  }

  protected override lost(cause: string): void {
    this.clock.cancel(this.#drain?.timer)
    this.#lateResets?.flush()
    if (this.streams.size === 0) return
    this.#lost = new LostStreams(this.streams, this.clock, cause)
    this.#tellLost()
  }

  #tellLost(): void {
    const lost = this.#lost
    if (lost === undefined) return
    try {
      lost.tell()
    } finally {
      if (lost.told) this.#allTold()
      else setImmediate(() => this.event(this.#tellLost, undefined))
    }
  }

  #allTold(): void {
    this.#lost = undefined
    // Not before: what is alive when a collection begins outlives it.
    leftBehind(this.clock.now())
    this.#closedWhenTold()
  }

  /** A drain waits for those who are not told yet. */
  #closedWhenTold(): void {
    if (this.#gone && this.#lost === undefined) this.owner.closed(this)
  }

  protected override defect(error: unknown): void {
    this.owner.defect('http2 server', error)
  }

  /** Graceful: streams that are on their way to us are still answered (§6.8). */
  drain(): void {
    if (this.closed || this.#drain !== undefined) return
    this.#drain = new DrainTimer(this)
    this.#asked = this.#over
    this.announceEnd()
  }

  override drainAnswered(): void {
    if (this.#drain === undefined) return
    this.#read = this.#asked
    this.lastGoaway()
  }

  /** The second step. */
  lastGoaway(): void {
    if (this.closed || this.#finalStream !== Number.POSITIVE_INFINITY) return
    this.#finalStream = this.lastPeerStream
    this.out.goaway(this.#finalStream, NO_ERROR)
    if (this.streams.size === 0) this.#part('drained')
  }

  protected override becameIdle(): void {
    if (this.#finalStream !== Number.POSITIVE_INFINITY) this.#part('drained')
  }

  /**
   * The last answers are with the kernel, and the client may take a while to read them, in which it gives credit: to a socket that is closed
   * that would be a reset, and what it has not read would be lost.
   */
  #part(cause: string): void {
    this.#lateResets?.flush()
    this.#parting = this.#over > this.#read
    this.shut(cause, this.#parting ? LINGER_TIME : CLOSE_WAIT)
  }

  /** Without a cause of its own it is the proxy that ends: nobody is left to be served in between, and all are told at once. */
  override destroy(cause?: string): void {
    super.destroy(cause ?? 'the proxy ends')
    if (cause !== undefined || this.#lost === undefined) return
    this.#lost.tell(Number.POSITIVE_INFINITY)
    this.#allTold()
  }

  // ---------------------------------------------------------------- time and settings

  override settingsChanged(): void {}

  /** A client that uploads to who does not take it holds up nobody but itself. */
  protected override uncrowded(): void {}

  override get pingInterval(): number {
    return 0
  }

  override get idleLimit(): number {
    return this.owner.limits.idleTimeout
  }

  override get frameLimit(): number {
    return this.owner.limits.headTimeout
  }

  /** A known length is an upload that has to move; other bodies may be live streams, which the idle timeout watches. */
  override look(now: number): void {
    const limit = this.owner.limits.headTimeout
    for (const stream of this.streams.all()) {
      const each = stream as ServerStream
      if (now - each.progressAt < limit) continue
      const moved = each.receivedBytes - each.progress
      each.progressAt = Math.floor(now)
      each.progress = each.receivedBytes
      if (!each.shouldMove || moved >= MIN_PROGRESS) continue
      each.body.abort(tooSlow(this.owner.limits))
    }
  }
}
