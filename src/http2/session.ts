/** A connection in HTTP/2: frames in, frames out, windows, settings, and what a hostile peer must not do (RFC 9113). */
import type { Socket } from 'node:net'
import type { Clock, Timed, Timer } from '../core/clock.ts'
import type { HeadLimits } from '../http/server-side.ts'
import type { Violation } from '../http/violation.ts'
import { Outbox, type OutboxOwner } from '../net/outbox.ts'
import type { Reader } from '../net/shared-read.ts'
import { enter, leave } from '../net/turn.ts'
import {
  ACK,
  CONTINUATION,
  DEFAULT_TABLE,
  DEFAULT_WINDOW,
  END_STREAM,
  ENHANCE_YOUR_CALM,
  errorName,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  GOAWAY,
  HEADERS,
  INITIAL_WINDOW_SIZE,
  MAX_HEADER_LIST_SIZE,
  MAX_STREAM_ID,
  MAX_WINDOW,
  COMPRESSION_ERROR,
  NO_ERROR,
  PING,
  PRIORITY,
  PROTOCOL_ERROR,
  PUSH_PROMISE,
  readUint31,
  readUint32,
  RST_STREAM,
  SETTINGS,
  STREAM_CLOSED,
  WINDOW_UPDATE,
} from './frames.ts'
import { FrameReader, type FrameSink } from './frame-reader.ts'
import { FrameWriter } from './frame-writer.ts'
import { FloodGuard } from './guard.ts'
import { HeaderBlock } from './header-block.ts'
import { Decoder, type FieldSink } from './hpack/decoder.ts'
import { PeerSettings, SETTING } from './peer-settings.ts'
import { FIRST_WINDOW, type Stream } from './stream.ts'
import { StreamTable } from './stream-table.ts'
import { giveRoom, takeRoom } from './window-room.ts'

/** What a peer may send on all streams together before it is credited; credit comes on receipt. */
const CONNECTION_WINDOW = 512 * 1024
/** The same for one that holds nothing back, while the process has room for it. */
const ROOMY_WINDOW = 4 * 1024 * 1024
/** Bytes that one connection may hold for streams that are paused before credit for all of it stops. */
const MAX_HELD = 1024 * 1024
/** The same when all connections of the process hold more than `PROCESS_HELD`. */
const MAX_HELD_CROWDED = 64 * 1024
const PROCESS_HELD = 64 * 1024 * 1024
/** Streams that we reset and the peer may not know of yet: what still comes for them is dropped. */
const REMEMBERED_RESETS = 2048
/** DATA of fewer bytes gives no tokens. */
const MIN_USEFUL = 32
/** Settings of one frame, and streams whose windows a setting moves, that cost a token. */
const SETTINGS_PER_TOKEN = 8
const STREAMS_PER_TOKEN = 16
/** Bytes of DATA for streams that were reset. */
const STRAY_PER_TOKEN = 16 * 1024
/** ms between two looks at a connection that has streams. */
const LOOK = 5000
/** ms between two looks at one that has none. */
const MAX_WAIT = 60_000
/** ms of silence with open streams before a PING, and for its answer. */
const PING_AFTER = 30_000
const PING_WAIT = 10_000
/** ms that a peer has to close after our GOAWAY and FIN. */
const CLOSE_WAIT = 1000
/** How often it may have taken nothing in that time of what was written before. */
const CLOSE_STALLS = 10

/**
 * Bytes of frames that no window holds back (heads, answers to PING and SETTINGS, resets), unread by the peer, before we
 * read no more of what it says.
 */
const MAX_UNREAD = 256 * 1024

/** ms that one connection may keep the process from all others. */
const TURN = 2

/** What the PINGs of ours say: so that the answer to each is told apart. */
const KEEPALIVE = 1
const DRAINING = 2

let processHeld = 0

export abstract class Session implements OutboxOwner, Reader, FrameSink, Timed {
  readonly socket: Socket
  readonly outbox: Outbox
  readonly out: FrameWriter
  readonly clock: Clock
  readonly limits: HeadLimits
  /** Open streams: those that a frame may still come or go for. */
  readonly streams: StreamTable
  /** Connection window towards the peer. */
  sendWindow: number
  readonly peer: PeerSettings
  /** The socket takes nothing at the moment. */
  full: boolean
  /** Bytes held for streams that are paused. */
  held: number
  /** The highest stream of the peer's that we began to work on. */
  lastPeerStream: number
  /** Nothing is read any more. */
  closed: boolean
  /** How often something came. */
  reads: number
  /** Frames that move nothing, and streams that are thrown away. */
  protected readonly guard: FloodGuard
  protected readonly resetGuard: FloodGuard
  readonly #reader: FrameReader
  readonly #decoder: Decoder
  /** Streams with something to send that windows or socket did not take, the longest wait first. */
  readonly #starved: Set<Stream>
  readonly #resets: Set<number>
  /** Nothing is read until the peer has read. */
  #deaf: boolean
  /** Came, and waits for its turn; and since when this turn lasts, ms. */
  #rest: Buffer | undefined
  #turnSince: number
  readonly #nextTurn = () => this.event(this.#goOn, undefined)
  #receiveWindow: number
  /** What the receive window comes to when all is credited. */
  #window: number
  #uncredited: number
  /** WINDOW_UPDATEs that our DATA is worth. */
  #updates: number
  /** DATA for streams that we have reset, since it last took a token. */
  #stray: number
  // The frame that is being looked at, DATA apart.
  #flags: number
  #id: number
  /** Whose DATA is being read. */
  #dataStream: Stream | undefined
  readonly #block: HeaderBlock
  // Time.
  #timer: Timer | undefined
  #heard: boolean
  #quietSince: number
  /** When our keepalive PING went out; 0: none is out. */
  #pingedAt: number
  protected idleSince: number
  /** When the frame that is not whole began to be waited for; 0: none is. */
  #frameSince: number
  /** Once it is shut: what was not written yet at the last look, and the looks since it became less. */
  #leftToWrite: number
  #closeStalls: number

  constructor(socket: Socket, clock: Clock, limits: HeadLimits) {
    this.socket = socket
    this.outbox = new Outbox(socket, this)
    this.out = new FrameWriter(this.outbox)
    this.clock = clock
    this.limits = limits
    this.streams = new StreamTable()
    this.sendWindow = DEFAULT_WINDOW
    this.peer = new PeerSettings()
    this.full = false
    this.held = 0
    this.lastPeerStream = 0
    this.closed = false
    this.reads = 0
    this.guard = new FloodGuard(clock)
    this.resetGuard = new FloodGuard(clock)
    this.#reader = new FrameReader(this)
    this.#decoder = new Decoder(DEFAULT_TABLE)
    this.#starved = new Set()
    this.#resets = new Set()
    this.#deaf = false
    this.#rest = undefined
    this.#turnSince = 0
    this.#receiveWindow = CONNECTION_WINDOW
    this.#window = CONNECTION_WINDOW
    this.#uncredited = 0
    this.#updates = 0
    this.#stray = 0
    this.#flags = 0
    this.#id = 0
    this.#dataStream = undefined
    this.#block = new HeaderBlock()
    this.#timer = undefined
    this.#heard = false
    this.#quietSince = clock.now()
    this.#pingedAt = 0
    this.idleSince = this.#quietSince
    this.#frameSince = 0
    this.#leftToWrite = 0
    this.#closeStalls = 0
    socket.on('end', () => this.event(this.#onEnd, undefined))
    socket.on('close', () => this.event(this.#onClose, undefined))
    socket.on('drain', () => this.event(this.#onDrain, undefined))
  }

  // ---------------------------------------------------------------- what the two sides are asked

  /** A whole header block for stream `id`; to be read with `decode`, also where nobody wants it. */
  protected abstract headers(id: number, endStream: boolean, block: Buffer, from: number, to: number): void
  /** A frame for a stream that is not open: idle streams end the connection (§5.1). */
  protected abstract isIdle(id: number): boolean
  protected abstract goneAway(lastId: number, code: number, debug: string): void
  protected abstract settingsChanged(): void
  /** The PING that followed our first GOAWAY was answered. */
  protected abstract drainAnswered(): void
  /** The socket is gone, or given up: everything on it is over. */
  protected abstract lost(cause: string): void
  /** No stream is open any more. */
  protected abstract becameIdle(): void
  /** ms that a frame may take from its first byte to its last. */
  protected abstract get frameLimit(): number
  /** ms a connection may be without a stream; Infinity: somebody else looks after it. */
  protected abstract get idleLimit(): number
  /** A look at what should move, while streams are open. */
  protected abstract look(now: number): void
  protected abstract defect(error: unknown): void

  // ---------------------------------------------------------------- events

  receive(borrowed: Buffer): void {
    this.event(this.#onData, borrowed)
  }

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

  #onData(chunk: Buffer | undefined): void {
    this.#heard = true
    this.reads++
    if (!this.full) this.out.unread = 0
    const came = chunk as Buffer
    const from = this.prefaced(came)
    if (this.#rest === undefined) this.#read(came, from, true)
    else this.#rest = Buffer.concat([this.#rest, came])
  }

  /**
   * One read may hold a thousand requests. Others are served in between: what is left after `TURN` waits until they had their
   * turn, and nothing more is read meanwhile.
   */
  #read(chunk: Buffer, from: number, borrowed: boolean): void {
    this.#turnSince = this.clock.now()
    const to = this.#reader.read(chunk, from)
    if (to < chunk.length && !this.closed) {
      const rest = chunk.subarray(to)
      this.#rest = borrowed ? Buffer.from(rest) : rest
      this.socket.pause()
      setImmediate(this.#nextTurn)
      return
    }
    if (this.#inFrame) this.#awaitFrame()
    else this.#frameSince = 0
    if (this.out.unread > MAX_UNREAD && this.full && !this.closed && !this.socket.connecting) {
      this.#deaf = true
      this.socket.pause()
    }
  }

  tookLong(): boolean {
    return this.clock.now() - this.#turnSince > TURN
  }

  #goOn(): void {
    const rest = this.#rest
    this.#rest = undefined
    if (rest === undefined || this.closed) return
    this.#read(rest, 0, false)
    if (this.#rest === undefined && !this.#deaf && !this.closed) this.socket.resume()
  }

  /** Bytes at the beginning of `chunk` that belong to the preface (§3.4). */
  protected prefaced(_chunk: Buffer): number {
    return 0
  }

  /** A frame or a header block began and is not whole: from now on it has `frameLimit`. */
  #awaitFrame(): void {
    if (this.#frameSince > 0 || this.closed) return
    this.#frameSince = this.clock.now()
    this.watch()
  }

  get #inFrame(): boolean {
    return this.#block.continues !== 0 || this.#reader.inFrame
  }

  #onEnd(): void {
    this.destroy('the peer closed the connection')
  }

  #onClose(): void {
    this.destroy('the connection ended')
  }

  #onDrain(): void {
    this.outbox.onDrain()
  }

  /** Ends everything at once. */
  destroy(cause: string): void {
    this.closed = true
    this.clock.cancel(this.#timer)
    this.socket.destroy()
    this.#starved.clear()
    this.#giveWindowBack()
    this.lost(cause)
  }

  // ---------------------------------------------------------------- reading frames

  /** It has a time of its own, from its first byte on, unless it goes on with a header block. */
  frameBegins(): void {
    if (this.#block.continues === 0) this.#frameSince = 0
  }

  frameAdmitted(type: number, flags: number, id: number): boolean {
    if (!this.peer.settled && (type !== SETTINGS || (flags & ACK) !== 0)) {
      // §3.4: the preface of either side ends with SETTINGS.
      this.connectionError(PROTOCOL_ERROR, 'another frame before SETTINGS')
    } else if (this.#block.continues !== 0 && (type !== CONTINUATION || id !== this.#block.continues)) {
      this.connectionError(PROTOCOL_ERROR, 'a header block that is broken off')
    } else return true
    return false
  }

  // ---------------------------------------------------------------- DATA

  dataBegins(id: number, length: number): void {
    this.#dataStream = undefined
    if (id === 0) {
      this.connectionError(PROTOCOL_ERROR, 'DATA on stream 0')
      return
    }
    this.#receiveWindow -= length
    if (this.#receiveWindow < 0) {
      this.connectionError(FLOW_CONTROL_ERROR, 'more DATA than the connection window')
      return
    }
    this.#creditConnection(length)
    const stream = this.streams.get(id)
    if (stream === undefined) this.#strayData(id, length)
    else if (stream.receivedAll) this.resetStream(stream, STREAM_CLOSED, 'DATA behind END_STREAM')
    else if (!stream.take(length)) this.resetStream(stream, FLOW_CONTROL_ERROR, 'more DATA than the stream window')
    else this.#dataStream = stream
  }

  /** Returns false when there were too many frames without a body, and the connection ended. */
  dataKnown(body: number, padding: number, flags: number): boolean {
    const stream = this.#dataStream
    if (body === 0) {
      if ((flags & END_STREAM) === 0 && !this.calm(1, 'empty DATA')) return false
    } else if (body >= MIN_USEFUL && stream !== undefined) this.guard.give(2)
    // Padding is nobody's to take: it is given back at once.
    if (padding > 0) stream?.credit(padding)
    return true
  }

  dataPiece(bytes: Buffer, from: number, to: number): void {
    const stream = this.#dataStream
    if (stream !== undefined && !stream.closed) stream.received(bytes, from, to)
  }

  dataEnds(flags: number): void {
    const stream = this.#dataStream
    this.#dataStream = undefined
    if ((flags & END_STREAM) === 0 || stream === undefined || stream.closed) return
    stream.receivedEnd(undefined)
  }

  /** DATA for a stream that is not open. */
  #strayData(id: number, length: number): void {
    if (this.isIdle(id)) this.connectionError(PROTOCOL_ERROR, 'DATA on an idle stream')
    else if (this.wasReset(id)) {
      // What was on its way, which is a window at most; it does not go on for ever.
      this.#stray += length
      if (this.#stray < STRAY_PER_TOKEN) return
      this.#stray = 0
      this.calm(1, 'DATA on a stream that was reset')
    } else {
      this.writeReset(id, STREAM_CLOSED)
      this.calm(10, 'DATA on a closed stream')
    }
  }

  /** On receipt, so that one slow stream stops nobody, as long as the connection does not hold too much for slow ones. */
  #creditConnection(length: number): void {
    this.#uncredited += length
    if (this.#uncredited < this.#window / 2) return
    if (this.crowded) return
    if (this.held === 0 && !this.closed && this.#window < ROOMY_WINDOW && takeRoom(this.#window)) {
      this.#uncredited += this.#window
      this.#window *= 2
    }
    this.out.windowUpdate(0, this.#uncredited)
    this.#receiveWindow += this.#uncredited
    this.#uncredited = 0
  }

  #giveWindowBack(): void {
    giveRoom(this.#window - CONNECTION_WINDOW)
    this.#window = CONNECTION_WINDOW
  }

  /** Bytes that were held for a paused stream are held no more. */
  release(bytes: number): void {
    const before = this.crowded
    this.held -= bytes
    processHeld -= bytes
    if (this.closed) return
    this.#creditConnection(0)
    if (before && !this.crowded) this.uncrowded()
  }

  /** It holds so much for streams that nobody takes from that the peer may not send on any. */
  get crowded(): boolean {
    return this.held > (processHeld > PROCESS_HELD ? MAX_HELD_CROWDED : MAX_HELD)
  }

  protected abstract uncrowded(): void

  /** Bytes are held for a paused stream. */
  hold(bytes: number): void {
    this.held += bytes
    processHeld += bytes
  }

  // ---------------------------------------------------------------- other frames

  frame(type: number, flags: number, id: number, payload: Buffer, from: number, to: number): void {
    this.#flags = flags
    this.#id = id
    switch (type) {
      case HEADERS:
        this.#onHeaders(payload, from, to)
        return
      case CONTINUATION:
        this.#onContinuation(payload, from, to)
        return
      case WINDOW_UPDATE:
        this.#onWindowUpdate(payload, from, to)
        return
      case RST_STREAM:
        this.#onReset(payload, from, to)
        return
      case SETTINGS:
        this.#onSettings(payload, from, to)
        return
      case PING:
        this.#onPing(payload, from, to)
        return
      case GOAWAY:
        this.#onGoaway(payload, from, to)
        return
      case PRIORITY:
        this.#onPriority(payload, from, to)
        return
      case PUSH_PROMISE:
        this.connectionError(PROTOCOL_ERROR, 'PUSH_PROMISE, which we do not allow')
        return
      default:
        // §5.5: unknown frames are dropped.
        this.calm(1, 'unknown frames')
    }
  }

  #onHeaders(payload: Buffer, from: number, to: number): void {
    const block = this.#block
    const problem = block.begin(this.#id, this.#flags, payload, from, to)
    if (problem !== 0) this.connectionError(problem, block.problem)
    else if (block.whole) this.#wholeBlock()
  }

  #onContinuation(payload: Buffer, from: number, to: number): void {
    const block = this.#block
    if (block.continues === 0) this.connectionError(PROTOCOL_ERROR, 'CONTINUATION of nothing')
    else if (!block.goOn(this.#flags, payload, from, to, this.limits.maxHeaderBytes)) {
      this.tooMuch('header_flood', 'a header block that does not end')
    } else if (block.whole) this.#wholeBlock()
  }

  #wholeBlock(): void {
    const block = this.#block
    const id = this.#id
    const { bytes, dependsOnItself } = block
    block.release()
    this.headers(id, block.endStream, bytes, block.from, block.to)
    if (dependsOnItself) this.#dependsOnItself(id)
  }

  /** Reads a block; false when it cannot be read and the connection ended. */
  protected decode(block: Buffer, from: number, to: number, sink: FieldSink): boolean {
    const problem = this.#decoder.decode(block, from, to, sink)
    if (problem === '') return true
    this.connectionError(COMPRESSION_ERROR, problem)
    return false
  }

  #onPriority(payload: Buffer, from: number, to: number): void {
    const id = this.#id
    if (id === 0) this.connectionError(PROTOCOL_ERROR, 'PRIORITY on stream 0')
    else if (to - from !== 5) this.#frameError(id, FRAME_SIZE_ERROR, 'a PRIORITY that is not five bytes')
    else if (readUint31(payload, from) === id) this.#dependsOnItself(id)
    else this.calm(1, 'PRIORITY')
  }

  /** RFC 7540 §5.3.1; RFC 9113 gave priorities up and does not forbid to go on refusing it. */
  #dependsOnItself(id: number): void {
    this.#frameError(id, PROTOCOL_ERROR, 'a stream that depends on itself')
  }

  #frameError(id: number, code: number, cause: string): void {
    if (this.closed) return
    const stream = this.streams.get(id)
    if (stream !== undefined) this.resetStream(stream, code, cause)
    else if (this.isIdle(id)) this.connectionError(code, `${cause}, on an idle stream`)
    else {
      this.writeReset(id, code)
      this.calm(10, cause)
    }
  }

  #onReset(payload: Buffer, from: number, to: number): void {
    const id = this.#id
    if (to - from !== 4) this.connectionError(FRAME_SIZE_ERROR, 'an RST_STREAM that is not four bytes')
    else if (id === 0) this.connectionError(PROTOCOL_ERROR, 'RST_STREAM on stream 0')
    else {
      const stream = this.streams.get(id)
      if (stream?.outlives()) return
      if (stream !== undefined) {
        const code = readUint32(payload, from)
        this.forget(stream)
        stream.onReset(code, `the peer reset the stream: ${errorName(code)}`, true)
        if (this.isThrownAway(stream)) this.calmResets('RST_STREAM')
      } else if (this.isIdle(id)) this.connectionError(PROTOCOL_ERROR, 'RST_STREAM on an idle stream')
      else this.calm(1, 'RST_STREAM')
    }
  }

  #onSettings(payload: Buffer, from: number, to: number): void {
    if (this.#id !== 0) {
      this.connectionError(PROTOCOL_ERROR, 'SETTINGS on a stream')
      return
    }
    const size = to - from
    if ((this.#flags & ACK) !== 0) {
      if (size > 0) this.connectionError(FRAME_SIZE_ERROR, 'a SETTINGS ACK that says something')
      return
    }
    if (size % SETTING !== 0) {
      this.connectionError(FRAME_SIZE_ERROR, 'SETTINGS of a broken length')
      return
    }
    if (!this.calm(5 + Math.floor(size / (SETTING * SETTINGS_PER_TOKEN)), 'SETTINGS')) return
    const problem = this.peer.read(payload, from, to, this.out)
    if (problem !== 0) {
      this.connectionError(problem, `a setting ${this.peer.refused} that it may not be`)
      return
    }
    if (!this.#initialWindow()) return
    this.peer.settled = true
    this.out.settingsAck()
    this.settingsChanged()
    this.flushStarved()
  }

  /**
   * §6.9.2: the open streams' windows move with it, once a frame, however often the frame says it. Returns false when the
   * connection ended.
   */
  #initialWindow(): boolean {
    const difference = this.peer.nextWindow - this.peer.window
    if (difference === 0) return true
    if (!this.calm(Math.floor(this.streams.size / STREAMS_PER_TOKEN), 'SETTINGS')) return false
    this.peer.window = this.peer.nextWindow
    for (const stream of this.streams.all()) {
      stream.sendWindow += difference
      if (stream.sendWindow > MAX_WINDOW) {
        this.connectionError(FLOW_CONTROL_ERROR, 'an initial window with which a stream has more than 2^31 − 1 bytes')
        return false
      }
      if (difference > 0 && stream.sourcePaused) this.#starved.add(stream)
    }
    return true
  }

  #onPing(payload: Buffer, from: number, to: number): void {
    if (this.#id !== 0) this.connectionError(PROTOCOL_ERROR, 'PING on a stream')
    else if (to - from !== 8) this.connectionError(FRAME_SIZE_ERROR, 'a PING that is not eight bytes')
    else if ((this.#flags & ACK) === 0) {
      if (!this.calm(1, 'PING')) return
      this.out.pingAck(payload, from)
    } else {
      const what = payload[to - 1] as number
      if (what === KEEPALIVE) this.#pingedAt = 0
      else if (what === DRAINING) this.drainAnswered()
    }
  }

  #onGoaway(payload: Buffer, from: number, to: number): void {
    if (this.#id !== 0) this.connectionError(PROTOCOL_ERROR, 'GOAWAY on a stream')
    else if (to - from < 8) this.connectionError(FRAME_SIZE_ERROR, 'a GOAWAY that is too short')
    else {
      const debug = payload.toString('latin1', from + 8, Math.min(to, from + 8 + 200))
      this.goneAway(readUint31(payload, from), readUint32(payload, from + 4), debug)
    }
  }

  #onWindowUpdate(payload: Buffer, from: number, to: number): void {
    const id = this.#id
    if (to - from !== 4) {
      this.connectionError(FRAME_SIZE_ERROR, 'a WINDOW_UPDATE that is not four bytes')
      return
    }
    const increment = readUint31(payload, from)
    if (id === 0) {
      if (increment === 0) this.connectionError(PROTOCOL_ERROR, 'a WINDOW_UPDATE of 0')
      else if (this.sendWindow + increment > MAX_WINDOW) {
        this.connectionError(FLOW_CONTROL_ERROR, 'a connection window of more than 2^31 − 1 bytes')
      } else {
        this.sendWindow += increment
        if (this.#calmUpdate()) this.flushStarved()
      }
      return
    }
    const stream = this.streams.get(id)
    if (stream === undefined) {
      if (this.isIdle(id)) this.connectionError(PROTOCOL_ERROR, 'WINDOW_UPDATE on an idle stream')
      else this.#calmUpdate()
    } else if (increment === 0) this.resetStream(stream, PROTOCOL_ERROR, 'a WINDOW_UPDATE of 0')
    else if (this.#calmUpdate()) stream.credited(increment)
  }

  /** Each DATA frame may be credited on its stream and on the connection, however many of them were on their way. */
  #calmUpdate(): boolean {
    if (this.#updates === 0) return this.calm(1, 'WINDOW_UPDATE')
    this.#updates--
    return true
  }

  /** The peer opened this stream and resets it before it can have been of use to anybody. */
  protected abstract isThrownAway(stream: Stream): boolean

  /** Takes tokens for something that moves nothing; false when the peer is a flood, and the connection ended. */
  protected calm(cost: number, what: string): boolean {
    if (this.guard.take(cost)) return true
    this.tooMuch('flood', `a flood of ${what}`)
    return false
  }

  /** The same for a stream that is thrown away. */
  protected calmResets(what: string): boolean {
    if (this.resetGuard.take(1)) return true
    this.tooMuch('reset_flood', `a flood of ${what}`)
    return false
  }

  // ---------------------------------------------------------------- ends

  /** §5.4.1: GOAWAY, and what was written still goes out. */
  connectionError(code: number, cause: string): void {
    this.#broken(code, violationOf(code), cause)
  }

  /** The same for a peer that breaks no rule and overdoes it (§10.5). */
  protected tooMuch(how: Violation, cause: string): void {
    this.#broken(ENHANCE_YOUR_CALM, how, cause)
  }

  #broken(code: number, how: Violation, cause: string): void {
    if (this.closed) return
    this.violation(how)
    this.violated(cause)
    this.out.goaway(this.lastPeerStream, code)
    this.shut(cause)
  }

  /** To be counted. */
  protected abstract violation(how: Violation): void
  /** The connection ends because of what the peer did. */
  protected abstract violated(cause: string): void

  /** Nothing is read any more; what was written goes out, then the connection ends. */
  protected shut(cause: string): void {
    if (this.closed) return
    this.closed = true
    this.#starved.clear()
    this.#giveWindowBack()
    this.outbox.end()
    this.socket.resume()
    this.clock.cancel(this.#timer)
    this.#timer = this.clock.schedule(CLOSE_WAIT, this)
    this.lost(cause)
  }

  /** §5.4.2. `cause` '' where nobody is to blame. */
  resetStream(stream: Stream, code: number, cause: string): void {
    if (stream.closed) return
    this.discardStream(stream.id, code)
    this.forget(stream)
    if (cause === '') return
    this.violation('malformed')
    stream.onReset(code, cause, false)
    // Made-you-reset: streams that we have to reset are streams thrown away, too.
    this.calmResets(cause)
  }

  /** Resets a stream that nobody works on. What still comes for it is dropped. */
  protected discardStream(id: number, code: number): void {
    this.writeReset(id, code)
    this.#resets.add(id)
    if (this.#resets.size <= REMEMBERED_RESETS) return
    for (const oldest of this.#resets) {
      this.#resets.delete(oldest)
      break
    }
  }

  /** A message that breaks the rules (§8.1.1). */
  malformed(stream: Stream, cause: string): void {
    this.resetStream(stream, PROTOCOL_ERROR, cause)
  }

  /** Every stream is over, and each is told. `code` as if the peer had reset it. */
  protected abandonAll(code: number, cause: string): void {
    // A copy: each stream that is told may begin another elsewhere, and leaves the map.
    const streams = this.streams.all()
    this.streams.clear()
    for (let i = 0; i < streams.length; i++) {
      const stream = streams[i] as Stream
      if (stream.closed) continue
      stream.close()
      stream.onReset(code, cause, true)
    }
  }

  /** We reset this stream, and the peer may not know. */
  protected wasReset(id: number): boolean {
    return this.#resets.has(id)
  }

  /** The stream is over in both directions. */
  forget(stream: Stream): void {
    if (stream.closed) return
    stream.close()
    this.#starved.delete(stream)
    this.streams.delete(stream.id)
    if (this.streams.size === 0 && !this.closed) {
      this.idleSince = this.clock.now()
      this.becameIdle()
    }
  }

  // ---------------------------------------------------------------- sending

  /** Waits for the connection's window or for the socket. */
  awaitDrain(stream: Stream): void {
    this.#starved.add(stream)
  }

  /** A window of this stream opened. */
  flushStream(stream: Stream): void {
    if (stream.flush()) this.#starved.add(stream)
    else this.#starved.delete(stream)
  }

  /** The connection window opened or the socket takes more: each that waits in turn, whoever still waits last again. */
  flushStarved(): void {
    if (this.#starved.size === 0 || this.closed) return
    const waiting = Array.from(this.#starved)
    for (let i = 0; i < waiting.length && !this.full && this.sendWindow > 0; i++) {
      const stream = waiting[i] as Stream
      if (stream.closed) continue
      this.#starved.delete(stream)
      if (stream.flush()) this.#starved.add(stream)
    }
  }

  blocked(): void {
    this.full = true
  }

  drained(): void {
    this.full = false
    if (this.#deaf && !this.closed) {
      this.#deaf = false
      if (this.#rest === undefined) this.socket.resume()
    }
    this.flushStarved()
  }

  writeData(stream: Stream, chunk: Buffer, from: number, to: number): void {
    const size = to - from
    this.sendWindow -= size
    // What is asked for in crumbs is no use to anybody.
    if (size >= MIN_USEFUL || to === chunk.length) {
      this.guard.give(2)
      this.#updates += 2
    }
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

  // ---------------------------------------------------------------- time

  /** To be called when the session is whole, and when a stream is opened. */
  protected watch(): void {
    let wait = this.streams.size > 0 ? LOOK : Math.min(this.idleLimit, MAX_WAIT)
    if (this.#frameSince > 0) wait = Math.min(wait, this.frameLimit)
    if (this.#timer?.active === true) {
      if (this.#timer.due <= this.clock.now() + wait) return
      this.clock.cancel(this.#timer)
    }
    this.#timer = this.clock.schedule(wait, this)
  }

  expired(): void {
    this.event(this.#onTimer, undefined)
  }

  #onTimer(): void {
    if (this.closed) {
      this.#awaitClose()
      return
    }
    const now = this.clock.now()
    if (this.#heard) {
      this.#heard = false
      this.#quietSince = now
      this.#pingedAt = 0
    }
    if (this.#frameSince > 0 && now - this.#frameSince >= this.frameLimit) {
      this.tooMuch('slow_frame', `a frame that is not whole after ${this.frameLimit} ms`)
    } else if (this.streams.size > 0) {
      if (!this.#alive(now)) return
      this.look(now)
    } else if (now - this.idleSince >= this.idleLimit) {
      this.out.goaway(this.lastPeerStream, NO_ERROR)
      this.shut('idle for too long')
    }
    if (!this.closed) this.watch()
  }

  /** Answers may still be on their way to a slow peer: it is waited for as long as it takes some of them. */
  #awaitClose(): void {
    const left = this.socket.writableLength
    if (left === 0 || (left === this.#leftToWrite && ++this.#closeStalls >= CLOSE_STALLS)) {
      this.socket.destroy()
      return
    }
    if (left !== this.#leftToWrite) this.#closeStalls = 0
    this.#leftToWrite = left
    this.#timer = this.clock.schedule(CLOSE_WAIT, this)
  }

  /** Somebody who is silent while we wait is asked whether he is there. */
  #alive(now: number): boolean {
    if (this.#pingedAt > 0) {
      if (now - this.#pingedAt < PING_WAIT) return true
      this.destroy(`no answer to a PING for ${PING_WAIT} ms`)
      return false
    }
    if (now - this.#quietSince >= PING_AFTER) {
      this.#pingedAt = now
      this.out.ping(KEEPALIVE)
    }
    return true
  }
}

function violationOf(code: number): Violation {
  switch (code) {
    case FLOW_CONTROL_ERROR:
      return 'flow_control'
    case STREAM_CLOSED:
      return 'stream_closed'
    case FRAME_SIZE_ERROR:
      return 'frame_size'
    case COMPRESSION_ERROR:
      return 'compression'
    default:
      return 'protocol'
  }
}

/** The settings of both sides. */
export function commonSettings(limits: HeadLimits): number[] {
  return [INITIAL_WINDOW_SIZE, FIRST_WINDOW, MAX_HEADER_LIST_SIZE, limits.maxHeaderBytes]
}
