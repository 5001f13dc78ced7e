/**
 * Looks at a connection from time to time: whether the peer is still there, ends what it begins and takes what it is sent.
 * One timer for all of it, and none of its own for any stream.
 */
import type { Socket } from 'node:net'
import type { Clock, Timed, Timer } from '../core/clock.ts'
import type { Violation } from '../http/violation.ts'
import type { FrameWriter } from './frame-writer.ts'
import { NO_ERROR } from './frames.ts'

/** ms between two looks at a connection that has streams. */
const LOOK = 5000
/** ms between two looks at one that has none. */
const MAX_WAIT = 60_000
/** ms of silence with open streams before a PING, and for its answer. */
const PING_AFTER = 30_000
const PING_WAIT = 10_000
/**
 * The same where the socket is full: a PING waits behind all that the peer has not read, and who reads slowly into a large window says nothing
 * meanwhile. The kernel tells that it has room only once a third of its buffer is free, which may be a megabyte.
 */
const PING_WAIT_FULL = 30_000
/** ms from one PING to the next towards an upstream: gRPC servers end a connection for the third that comes within five minutes (gRFC A8), and this one may be under way for a while. */
export const PING_UPSTREAM = 330_000
/** ms that a peer has to close after our GOAWAY and FIN, and from one look at that to the next. */
export const CLOSE_WAIT = 1000
/** How often it may have taken nothing in that time of what was written before. */
const CLOSE_STALLS = 10

/** What our keepalive PING says, so that its answer is told apart. */
export const KEEPALIVE = 1

/** The connection that is looked at. */
export interface Watched {
  readonly clock: Clock
  readonly socket: Socket
  readonly out: FrameWriter
  /** Those that are open. */
  readonly streams: { readonly size: number }
  readonly lastPeerStream: number
  readonly closed: boolean
  /** The socket takes nothing at the moment. */
  readonly full: boolean
  /** ms that a frame may take from its first byte to its last. */
  readonly frameLimit: number
  /** ms from one of our PINGs to the next, at least. */
  readonly pingInterval: number
  /** ms a connection may be without a stream; Infinity: somebody else looks after it. */
  readonly idleLimit: number
  /** To be answered with `look`, as an event of its own. */
  timeCame(): void
  /** A look at what should move, while streams are open. */
  look(now: number): void
  tooMuch(how: Violation, cause: string): void
  shut(cause: string): void
  destroy(cause: string): void
}

export class Vigil implements Timed {
  readonly #watched: Watched
  #timer: Timer | undefined
  /** ms that the timer was armed for. */
  #wait: number
  /** Something came since the last look. */
  #heard: boolean
  /** A stream of ours was opened, and nothing came since. It may be over: who is gone answers none of those that are given up in time. */
  #asked: boolean
  #quietSince: number
  /** When our keepalive PING went out; 0: none is out. */
  #pingedAt: number
  #lastPing: number
  /** One PING may go out before `pingInterval` is over. */
  #spare: boolean
  /** When the frame that is not whole began to be waited for; 0: none is. */
  #frameSince: number
  /** Since when there is no stream, ms; only while there is none. */
  idleSince: number
  /** Once it is shut: what was not written yet at the last look, and the looks since it became less. */
  #leftToWrite: number
  #closeStalls: number
  /** ms that the peer still has to close once all is with the kernel. */
  #linger: number

  constructor(watched: Watched) {
    this.#watched = watched
    this.#timer = undefined
    this.#wait = 0
    this.#heard = false
    this.#asked = false
    this.#quietSince = watched.clock.now()
    this.#pingedAt = 0
    this.#lastPing = Number.NEGATIVE_INFINITY
    this.#spare = true
    this.#frameSince = 0
    this.idleSince = this.#quietSince
    this.#leftToWrite = 0
    this.#closeStalls = 0
    this.#linger = 0
  }

  /** A stream of ours was opened. */
  asked(): void {
    this.#asked = true
    this.watch()
  }

  /** Something is waited for. */
  get #waits(): boolean {
    return this.#asked || this.#watched.streams.size > 0
  }

  /** To be called when the connection is whole, and when the peer opens a stream. */
  watch(): void {
    const { clock } = this.#watched
    let wait = this.#waits ? LOOK : Math.min(this.#watched.idleLimit, MAX_WAIT)
    if (this.#frameSince > 0) wait = Math.min(wait, this.#watched.frameLimit)
    if (this.#timer?.active === true) {
      // Armed for no longer, it is due before: nearly every stream ends here, without a look at the clock.
      if (this.#wait <= wait || this.#timer.due <= clock.now() + wait) return
      clock.cancel(this.#timer)
    }
    this.#wait = wait
    this.#timer = clock.schedule(wait, this)
  }

  heard(): void {
    this.#heard = true
    this.#asked = false
  }

  /** HEADERS or DATA came: a gRPC server that has sent some counts PINGs anew. */
  served(): void {
    this.#lastPing = Number.NEGATIVE_INFINITY
    this.#spare = true
  }

  /** The socket took all that had waited for it: the peer reads, and may be on its way to our PING. */
  taken(): void {
    if (this.#pingedAt > 0) this.#pingedAt = this.#watched.clock.now()
  }

  pingAnswered(): void {
    this.#pingedAt = 0
  }

  becameIdle(): void {
    this.idleSince = this.#watched.clock.now()
  }

  /** A frame or a header block began and is not whole: from now on it has `frameLimit`. */
  awaitFrame(): void {
    if (this.#frameSince > 0 || this.#watched.closed) return
    this.#frameSince = this.#watched.clock.now()
    this.watch()
  }

  /** It is whole, or another one began. */
  frameCame(): void {
    this.#frameSince = 0
  }

  /** It is shut: the peer has `linger` ms to close. */
  awaitClose(linger: number): void {
    this.end()
    this.#linger = linger
    this.#wait = CLOSE_WAIT
    this.#timer = this.#watched.clock.schedule(CLOSE_WAIT, this)
  }

  end(): void {
    this.#watched.clock.cancel(this.#timer)
  }

  expired(): void {
    this.#watched.timeCame()
  }

  look(): void {
    const watched = this.#watched
    if (watched.closed) {
      this.#lookAtClose()
      return
    }
    const now = watched.clock.now()
    if (this.#heard) {
      this.#heard = false
      this.#quietSince = now
      this.#pingedAt = 0
    }
    if (this.#frameSince > 0 && now - this.#frameSince >= watched.frameLimit) {
      watched.tooMuch('slow_frame', `a frame that is not whole after ${watched.frameLimit} ms`)
    } else if (this.#waits) {
      if (!this.#alive(now)) return
      watched.look(now)
    } else if (now - this.idleSince >= watched.idleLimit) {
      watched.out.goaway(watched.lastPeerStream, NO_ERROR)
      watched.shut('idle for too long')
    }
    if (!watched.closed) this.watch()
  }

  /** Answers may still be on their way to a slow peer: it is waited for as long as it takes some of them. */
  #lookAtClose(): void {
    const { socket, clock } = this.#watched
    const left = socket.writableLength
    if (left === 0) this.#linger -= CLOSE_WAIT
    if (left === 0 ? this.#linger <= 0 : left === this.#leftToWrite && ++this.#closeStalls >= CLOSE_STALLS) {
      socket.destroy()
      return
    }
    if (left !== this.#leftToWrite) this.#closeStalls = 0
    this.#leftToWrite = left
    this.#timer = clock.schedule(CLOSE_WAIT, this)
  }

  /** Somebody who is silent while we wait is asked whether he is there. */
  #alive(now: number): boolean {
    if (this.#pingedAt > 0) {
      const wait = this.#watched.full ? PING_WAIT_FULL : PING_WAIT
      if (now - this.#pingedAt < wait) return true
      this.#watched.destroy(`no answer to a PING for ${wait} ms`)
      return false
    }
    if (now - this.#quietSince >= PING_AFTER && this.#mayPing(now)) {
      this.#pingedAt = now
      this.#lastPing = now
      this.#watched.out.ping(KEEPALIVE)
    }
    return true
  }

  /** Who has answered a PING may be gone since. Where somebody asks him, that is worth the second one of those that he puts up with. */
  #mayPing(now: number): boolean {
    if (now - this.#lastPing >= this.#watched.pingInterval) return true
    if (!this.#asked || !this.#spare) return false
    this.#spare = false
    return true
  }
}
