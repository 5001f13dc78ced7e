/** The half of a stream that sends: as much as windows and socket take, what waits for them, and the end (RFC 9113 §5.2, §6.9). */
import type { Headers } from '../core/headers.ts'
import { giveBack, ownStore } from '../net/lent-pieces.ts'
import { Backlog } from './backlog.ts'
import { FLOW_CONTROL_ERROR, MAX_WINDOW } from './frames.ts'
import { endFrame } from './frame-writer.ts'
import type { OpenStream, StreamOwner } from './stream-owner.ts'

/**
 * Bytes of frames that go out before more are written. Whether the kernel takes them is known only then, and what waits may be megabytes: all of it
 * in frames would be held twice, and in blocks that are too many to be used again.
 */
const BURST = 256 * 1024

/** The half that receives is in `Stream`, which extends this. */
export abstract class SendingStream implements OpenStream {
  readonly id: number
  readonly session: StreamOwner
  /** Bytes that may still be sent; negative after the peer lowered its initial window (§6.9.2). */
  sendWindow: number
  /** We sent, or will send once what waits is out, END_STREAM. */
  localEnded: boolean
  /** No frame of ours follows, and nothing of the peer's is passed on. */
  closed: boolean
  /** Waits for a window, or for the socket. */
  #queue: Backlog | undefined
  #sourcePaused: boolean
  /** The flags of the frame that was written last, as long as it was not flushed: END_STREAM may still be set there. */
  #lastFrame: Buffer | undefined
  #lastFlags: number
  #lastFlush: number

  constructor(id: number, session: StreamOwner) {
    this.id = id
    this.session = session
    this.sendWindow = session.peer.window
    this.localEnded = false
    this.closed = false
    this.#queue = undefined
    this.#sourcePaused = false
    this.#lastFrame = undefined
    this.#lastFlags = 0
    this.#lastFlush = 0
  }

  abstract close(): void
  abstract onReset(code: number, cause: string, byPeer: boolean): void
  /** Of whoever sends through this stream. */
  protected abstract pauseSource(): void
  protected abstract resumeSource(): void
  /** END_STREAM of ours was written. */
  protected abstract onLocalEnd(): void

  /** Body bytes wait for the peer or the socket. */
  get waiting(): boolean {
    return this.#queue !== undefined
  }

  /** Whoever sends through this stream was asked to wait. */
  get sourcePaused(): boolean {
    return this.#sourcePaused
  }

  /** What would come now could not go out: it is better held where it is counted. */
  protected holdWithoutWindow(): void {
    if (this.sendWindow > 0) {
      if (this.session.sendWindow > 0 && !this.session.full) return
      this.session.waiting.add(this)
    }
    if (this.#sourcePaused) return
    this.#sourcePaused = true
    this.pauseSource()
  }

  send(chunk: Buffer): void {
    if (this.closed || this.localEnded || chunk.length === 0) return
    if (this.#queue !== undefined) this.#queue.push(chunk)
    else {
      const sent = this.#sendSome(chunk, 0)
      if (sent === chunk.length) {
        if (!this.session.full) return
        this.session.waiting.add(this)
      } else {
        this.#queue = new Backlog()
        if (this.sendWindow > 0) this.session.waiting.add(this)
        // For the socket or the connection nobody waits long; who opens no window of the stream may never do so.
        const rest = this.sendWindow > 0 || !this.session.outbox.copies ? chunk : ownStore(chunk, sent)
        this.#queue.push(rest)
        if (rest === chunk) this.#queue.from = sent
      }
    }
    if (this.#sourcePaused) return
    this.#sourcePaused = true
    this.pauseSource()
  }

  /** As much as windows and socket take, from `from` on; returns up to where that was. */
  #sendSome(chunk: Buffer, from: number): number {
    const session = this.session
    const size = chunk.length
    let at = from
    while (at < size && !session.full) {
      if (session.outbox.size >= BURST) {
        session.outbox.flush()
        // The socket takes nothing, and says so with its next `drain`.
        if (session.outbox.size >= BURST) break
        continue
      }
      const room = Math.min(size - at, this.sendWindow, session.sendWindow, session.out.maxFrame)
      if (room <= 0) break
      this.sendWindow -= room
      session.writeData(this, chunk, at, at + room)
      at += room
    }
    if (at === size && session.outbox.copies) giveBack(chunk)
    return at
  }

  /** The last of this direction. */
  sendEnd(trailers: Headers | undefined): void {
    if (this.closed || this.localEnded) return
    this.localEnded = true
    if (this.#queue === undefined) this.#writeEnd(trailers)
    else this.#queue.end(trailers)
  }

  #writeEnd(trailers: Headers | undefined): void {
    const session = this.session
    if (trailers !== undefined && trailers.length > 0) session.out.trailers(this, trailers)
    else if (this.#lastFrame !== undefined && this.#lastFlush === session.outbox.flushes)
      endFrame(this.#lastFrame, this.#lastFlags)
    else session.out.emptyEnd(this.id)
    this.#lastFrame = undefined
    this.onLocalEnd()
  }

  /** Told by the session of each frame that may still become the last one. */
  wrote(frame: Buffer, flags: number, flush: number): void {
    this.#lastFrame = frame
    this.#lastFlags = flags
    this.#lastFlush = flush
  }

  /** The frame that was written last does not become the last one. */
  protected seal(): void {
    this.#lastFrame = undefined
  }

  /** A window opened, or the socket takes more. Returns whether something still waits for the connection, not for this stream's window. */
  flush(): boolean {
    const queue = this.#queue
    if (queue !== undefined) {
      const { pieces } = queue
      while (pieces.length > 0) {
        const first = pieces[0] as Buffer
        queue.from = this.#sendSome(first, queue.from)
        if (queue.from < first.length) return this.sendWindow > 0
        queue.shift()
      }
      this.#queue = undefined
      if (queue.ended) {
        this.#sourcePaused = false
        this.#writeEnd(queue.trailers)
        return false
      }
    }
    if (!this.#sourcePaused) return false
    // The peer may open a window before it reads what fills the socket, and then say no more: the source waits for the socket.
    if (this.session.full) return this.sendWindow > 0
    this.#sourcePaused = false
    this.resumeSource()
    return this.#queue !== undefined && this.sendWindow > 0
  }

  /** The peer reads no more, though what it sends is whole and still on its way through here. */
  protected stopSending(): void {
    this.localEnded = true
    this.dropWaiting()
    if (!this.#sourcePaused) return
    // What still comes goes nowhere, and somebody may have to send it all before he reads.
    this.#sourcePaused = false
    this.resumeSource()
  }

  /** Nothing of ours goes out any more. */
  protected dropWaiting(): void {
    this.#queue = undefined
    this.#lastFrame = undefined
  }

  /** A WINDOW_UPDATE for this stream. */
  credited(increment: number): void {
    if (this.sendWindow + increment > MAX_WINDOW) {
      this.session.resetStream(this, FLOW_CONTROL_ERROR, 'a window of more than 2^31 − 1 bytes')
      return
    }
    this.sendWindow += increment
    if (this.#sourcePaused && this.sendWindow > 0) this.session.waiting.flushOne(this)
  }
}
