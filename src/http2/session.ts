/**
 * A connection in HTTP/2, towards a client or an upstream (RFC 9113): its streams and its end. What comes is read by read-turns.ts
 * and frame-receiver.ts; windows, patience and time have files of their own. Each of these states what it asks of a connection:
 * connection.ts for the frames, stream-owner.ts for the streams, `Watched` and `TurnTaker` beside vigil and turns.
 */
import type { Socket } from 'node:net'
import type { Clock } from '../core/clock.ts'
import type { HeadLimits } from '../http/server-side.ts'
import type { Violation } from '../http/violation.ts'
import { Outbox, type OutboxOwner } from '../net/outbox.ts'
import type { Reader } from '../net/shared-read.ts'
import { enter, leave } from '../net/turn.ts'
import type { Connection } from './connection.ts'
import { DRAINING } from './control-frames.ts'
import { FrameReceiver } from './frame-receiver.ts'
import { FrameWriter } from './frame-writer.ts'
import {
  COMPRESSION_ERROR,
  DEFAULT_TABLE,
  DEFAULT_WINDOW,
  ENHANCE_YOUR_CALM,
  INITIAL_WINDOW_SIZE,
  MAX_HEADER_LIST_SIZE,
  MAX_STREAM_ID,
  NO_ERROR,
  PROTOCOL_ERROR,
  STREAM_CLOSED,
} from './frames.ts'
import { Decoder, type FieldSink } from './hpack/decoder.ts'
import { Patience } from './patience.ts'
import { PeerSettings } from './peer-settings.ts'
import { ReadTurns, type TurnTaker } from './read-turns.ts'
import { CONNECTION_WINDOW, FIRST_WINDOW, ReceiveWindow } from './receive-window.ts'
import { RecentResets } from './recent-resets.ts'
import { TrailerFields } from './response-fields.ts'
import type { Stream } from './stream.ts'
import type { OpenStream } from './stream-owner.ts'
import { StreamTable } from './stream-table.ts'
import { CLOSE_WAIT, Vigil, type Watched } from './vigil.ts'
import { violationOf } from './violation-of.ts'
import { WaitingStreams } from './waiting-streams.ts'
import type { WindowRoom } from './window-room.ts'

export abstract class Session implements Connection, Watched, TurnTaker, OutboxOwner, Reader {
  readonly socket: Socket
  readonly outbox: Outbox
  readonly out: FrameWriter
  readonly clock: Clock
  readonly limits: HeadLimits
  /** Open streams: those that a frame may still come or go for. */
  readonly streams: StreamTable
  readonly waiting: WaitingStreams
  /** What the peer may send, all streams together. */
  readonly window: ReceiveWindow
  /** What we may send, all streams together. */
  sendWindow: number
  readonly peer: PeerSettings
  readonly patience: Patience
  readonly frames: FrameReceiver
  readonly turns: ReadTurns
  readonly vigil: Vigil
  /** The socket takes nothing at the moment. */
  full: boolean
  /** The highest stream of the peer's that we began to work on. */
  lastPeerStream: number
  /** Nothing is read any more. */
  closed: boolean
  /** How often something came. */
  reads: number
  readonly #decoder: Decoder
  readonly #trailers: TrailerFields
  readonly #resets: RecentResets

  constructor(socket: Socket, clock: Clock, limits: HeadLimits, room: WindowRoom) {
    this.socket = socket
    this.outbox = new Outbox(socket, this)
    this.out = new FrameWriter(this.outbox)
    this.clock = clock
    this.limits = limits
    this.streams = new StreamTable()
    this.waiting = new WaitingStreams(this)
    this.window = new ReceiveWindow(this.out, room)
    this.sendWindow = DEFAULT_WINDOW
    this.peer = new PeerSettings()
    this.patience = new Patience(clock)
    this.frames = new FrameReceiver(this)
    this.turns = new ReadTurns(this, this.frames.reader)
    this.vigil = new Vigil(this)
    this.full = false
    this.lastPeerStream = 0
    this.closed = false
    this.reads = 0
    this.#decoder = new Decoder(DEFAULT_TABLE)
    this.#trailers = new TrailerFields(limits)
    this.#resets = new RecentResets()
    socket.on('end', () => this.event(this.#onEnd, undefined))
    socket.on('close', () => this.event(this.#onClose, undefined))
    socket.on('drain', () => this.event(this.#onDrain, undefined))
  }

  // ---------------------------------------------------------------- what the two sides are asked

  abstract headers(id: number, endStream: boolean, block: Buffer, from: number, to: number): void
  abstract isIdle(id: number): boolean
  abstract goneAway(lastId: number, code: number, debug: string): void
  abstract settingsChanged(): void
  abstract drainAnswered(): void
  abstract isThrownAway(stream: Stream): boolean
  abstract get frameLimit(): number
  abstract get idleLimit(): number
  abstract get pingInterval(): number
  abstract look(now: number): void
  /** The socket is gone, or given up: everything on it is over. */
  protected abstract lost(cause: string): void
  /** No stream is open any more. */
  protected abstract becameIdle(): void
  /** Less is held for streams that nobody takes from: the peer may send again. */
  protected abstract uncrowded(): void
  /** To be counted. */
  protected abstract violation(how: Violation): void
  /** The connection ends because of what the peer did. */
  protected abstract violated(cause: string): void
  protected abstract defect(error: unknown): void

  /** What the peer said before it closed the connection may be of use to somebody: to be given to `hear`. */
  protected hearLast(): void {}

  /** All that has come is read, for there is no other turn. */
  protected hear(last: readonly Buffer[]): void {
    for (const piece of last) this.#onData(piece)
    this.turns.finish()
  }

  /** Bytes at the beginning of `chunk` that belong to the preface (§3.4). */
  protected prefaced(_chunk: Buffer): number {
    return 0
  }

  // ---------------------------------------------------------------- events

  /** The root of every event (G6). */
  protected event(handle: (argument: Buffer | undefined) => void, argument: Buffer | undefined): void {
    enter()
    try {
      handle.call(this, argument)
    } catch (error) {
      this.defect(error)
      this.destroy('a defect of ours')
    } finally {
      leave()
    }
  }

  /** Returns whether more may be read at once: for one whose window has grown. */
  receive(borrowed: Buffer): boolean {
    this.event(this.#onData, borrowed)
    return this.window.roomy
  }

  #onData(chunk: Buffer | undefined): void {
    this.vigil.heard()
    this.reads++
    if (!this.full) this.out.unread = 0
    const came = chunk as Buffer
    this.turns.came(came, this.prefaced(came))
  }

  /** What was left of a read has its turn. */
  nextTurn(): void {
    this.event(this.#goOn, undefined)
  }

  #goOn(): void {
    this.turns.goOn()
  }

  timeCame(): void {
    this.event(this.#look, undefined)
  }

  #look(): void {
    this.vigil.look()
    // What stopped it may have been held by others, who tell nobody when they let go.
    if (!this.closed) this.window.credit(false)
  }

  #onEnd(): void {
    this.destroy('the peer closed the connection')
  }

  #onClose(): void {
    this.hearLast()
    this.destroy('the connection ended')
  }

  /** The peer has read enough for all that reached the socket to be out; what it has not is at most what waits here. */
  #onDrain(): void {
    this.out.unread = Math.min(this.out.unread, this.outbox.size)
    this.vigil.taken()
    this.outbox.onDrain()
  }

  blocked(): void {
    this.full = true
  }

  drained(): void {
    this.full = false
    this.turns.listen()
    this.waiting.flush()
  }

  /** Its end is told by the socket; until then nothing more goes out. */
  refused(): void {
    this.full = true
  }

  // ---------------------------------------------------------------- receiving

  /** Reads a block; false when it cannot be read and the connection ended. */
  protected decode(block: Buffer, from: number, to: number, sink: FieldSink): boolean {
    const problem = this.#decoder.decode(block, from, to, sink)
    if (problem === '') return true
    this.connectionError(COMPRESSION_ERROR, problem)
    return false
  }

  /** A block behind the head, which is the last of its stream (§8.1). */
  protected trailersOf(stream: Stream, endStream: boolean, block: Buffer, from: number, to: number): void {
    const trailers = this.#trailers
    trailers.begin()
    if (!this.decode(block, from, to, trailers)) return
    if (stream.receivedAll) this.resetStream(stream, STREAM_CLOSED, 'HEADERS behind END_STREAM')
    else if (stream.isTunnel) this.malformed(stream, 'HEADERS in a tunnel')
    else if (!endStream) this.malformed(stream, 'trailers without END_STREAM')
    else if (trailers.problem !== '') this.malformed(stream, trailers.problem)
    else stream.receivedEnd(trailers.headers)
    trailers.release()
  }

  /** The peer knows our settings, and with them how little a stream begins with. */
  settingsConfirmed(): void {
    const less = this.window.confirmed()
    if (less > 0) for (const stream of this.streams.all()) stream.narrow(less)
  }

  /** Bytes that were held for a paused stream are held no more. */
  release(bytes: number): void {
    const { window } = this
    const before = window.crowded
    window.release(bytes)
    if (this.closed) return
    window.credit(true)
    if (before && !window.crowded) this.uncrowded()
  }

  // ---------------------------------------------------------------- sending

  writeData(stream: OpenStream, chunk: Buffer, from: number, to: number): void {
    const size = to - from
    this.sendWindow -= size
    this.patience.sent(size, to === chunk.length)
    this.out.data(stream, chunk, from, to)
  }

  /** Behind a GOAWAY of the last kind there is nothing to reset any more. */
  writeReset(id: number, code: number): void {
    if (!this.closed) this.out.reset(id, code)
  }

  /** §3.4: the first frame; `settings` are pairs of name and value. */
  protected open(settings: readonly number[]): void {
    this.out.settings(settings)
    this.out.windowUpdate(0, CONNECTION_WINDOW - DEFAULT_WINDOW)
  }

  /** The first of two steps (§6.8): no stream is lost that the peer has sent and we have not read. */
  protected announceEnd(): void {
    this.out.goaway(MAX_STREAM_ID, NO_ERROR)
    this.out.ping(DRAINING)
  }

  // ---------------------------------------------------------------- the end of a stream

  /** Over in both directions. */
  forget(stream: OpenStream): void {
    if (stream.closed) return
    stream.close()
    this.waiting.delete(stream)
    this.streams.delete(stream.id)
    if (this.streams.size === 0 && !this.closed) {
      this.vigil.becameIdle()
      this.becameIdle()
    }
  }

  /** §5.4.2. `cause` '' where nobody is to blame. */
  resetStream(stream: OpenStream, code: number, cause: string): void {
    if (stream.closed) return
    this.discardStream(stream.id, code)
    this.forget(stream)
    if (cause === '') return
    this.violation('malformed')
    stream.onReset(code, cause, false)
    // Made-you-reset: streams that we have to reset are streams thrown away, too.
    this.calmResets(cause)
  }

  /** A message that breaks the rules (§8.1.1). */
  malformed(stream: OpenStream, cause: string): void {
    this.resetStream(stream, PROTOCOL_ERROR, cause)
  }

  /** Resets a stream that nobody works on. What still comes for it is dropped. */
  protected discardStream(id: number, code: number): void {
    this.writeReset(id, code)
    this.disregard(id)
  }

  /** What still comes for this stream is dropped. */
  protected disregard(id: number): void {
    this.#resets.add(id)
  }

  /** The peer has ended a stream of which nobody hears any more. */
  endedUnheard(_id: number): void {}

  /** We reset this stream, and the peer may not know. */
  wasReset(id: number): boolean {
    return this.#resets.has(id)
  }

  /** The peer resets a stream that is over: once for each that we reset, that has crossed ours and is nobody's fault (§5.1). */
  crossed(id: number): boolean {
    return this.#resets.delete(id)
  }

  // ---------------------------------------------------------------- the end of the connection

  /** Takes tokens for something that moves nothing; false when the peer is a flood, and the connection ended. */
  calm(cost: number, what: string): boolean {
    if (this.patience.frames(cost)) return true
    this.flooded(what)
    return false
  }

  /** The same for a stream that is thrown away. */
  calmResets(what: string): void {
    if (!this.patience.resets()) this.tooMuch('reset_flood', `a flood of ${what}`)
  }

  flooded(what: string): void {
    this.tooMuch('flood', `a flood of ${what}`)
  }

  /** A peer that breaks no rule and overdoes it (§10.5). */
  tooMuch(how: Violation, cause: string): void {
    this.#broken(ENHANCE_YOUR_CALM, how, cause)
  }

  /** §5.4.1: GOAWAY, and what was written still goes out. */
  connectionError(code: number, cause: string): void {
    this.#broken(code, violationOf(code), cause)
  }

  #broken(code: number, how: Violation, cause: string): void {
    if (this.closed) return
    this.violation(how)
    this.violated(cause)
    this.out.goaway(this.lastPeerStream, code)
    this.shut(cause)
  }

  /** Nothing is read any more; what was written goes out, then the connection ends: by the peer, or after `linger` ms. */
  shut(cause: string, linger = CLOSE_WAIT): void {
    if (this.closed) return
    this.closed = true
    this.waiting.clear()
    this.window.giveBack()
    this.outbox.end()
    this.socket.resume()
    this.vigil.awaitClose(linger)
    this.lost(cause)
  }

  /** Ends everything at once. */
  destroy(cause: string): void {
    this.closed = true
    this.vigil.end()
    this.socket.destroy()
    this.waiting.clear()
    this.window.giveBack()
    this.lost(cause)
  }
}

/** The settings of both sides. */
export function commonSettings(limits: HeadLimits): number[] {
  return [INITIAL_WINDOW_SIZE, FIRST_WINDOW, MAX_HEADER_LIST_SIZE, limits.maxHeaderBytes]
}
