/**
 * The request on its way down: what the asker holds while attempts come and go beneath. It keeps what a further attempt
 * would need, keeps our reason to pause the asker and the attempt's apart (G5), and sends all of it again when told.
 */
import type { ProxyError } from './errors.ts'
import type { RequestBody, RequestHead, ResponseHandler } from './exchange.ts'
import { NO_BODY } from './forwarding.ts'
import type { Headers } from './headers.ts'
import { type ReplayAccount, ReplayBuffer } from './replay-buffer.ts'

/**
 * What comes of a body before its pause holds, bytes: one read of 64 KiB, and the 16 KiB that HTTP/1.1 reads in any case. Whoever may send
 * again keeps as much: where nothing of it was consumed, as when no connection could be made, the request must be as good as new.
 */
export const UNTIL_PAUSED = 80 * 1024

/** Who decides about attempts. */
export interface Loop {
  aborted(reason: ProxyError): void
  /** While an attempt was awaited more came than may be kept. */
  overflowed(): void
}

export class Outgoing implements RequestBody {
  /** The attempt beneath, `NO_BODY` where there is none. */
  down: RequestBody
  /** The asker's wish; repeated to every attempt. */
  responsePaused: boolean
  /** The answer beneath is kept: the asker's wish is not passed on. */
  answerKept: boolean
  /** No attempt is under way: one read is kept, then the asker is paused. */
  waiting: boolean
  readonly #loop: Loop
  readonly #up: ResponseHandler
  readonly #request: RequestHead
  readonly #account: ReplayAccount
  /** bytes */
  readonly #limit: number
  #keeping: boolean
  #replay: ReplayBuffer | undefined
  /** A layer above fills the replay buffer, and may have put more into it than has come here. */
  readonly #shares: boolean
  /** Bytes that came and are kept; the first so many of the replay buffer. */
  #bytes: number
  #lost: boolean
  #ended: boolean
  #trailers: Headers | undefined
  #replaying: boolean
  /** Came from the asker in the middle of a replay, and could not be kept. */
  #late: Buffer[] | undefined
  #holding: boolean
  #pausedBelow: boolean

  constructor(loop: Loop, up: ResponseHandler, request: RequestHead, account: ReplayAccount, limit: number) {
    this.down = NO_BODY
    this.responsePaused = false
    this.answerKept = false
    this.waiting = false
    this.#loop = loop
    this.#up = up
    this.#request = request
    this.#account = account
    this.#limit = limit
    this.#keeping = !request.isTunnel
    const above = request.exchange.replay
    this.#shares = above !== undefined
    this.#replay = above?.share(limit)
    this.#bytes = 0
    this.#lost = false
    this.#ended = false
    this.#trailers = undefined
    this.#replaying = false
    this.#late = undefined
    this.#holding = false
    this.#pausedBelow = false
  }

  /**
   * For the outermost layer that may send again, before it dispatches for the first time: those beneath share what is kept
   * here instead of keeping the same bytes once more.
   */
  offer(): void {
    if (!this.#keeping || this.#replay !== undefined || this.#request.bodyLength === 0) return
    this.#replay = new ReplayBuffer(this.#account, this.#limit)
    this.#request.exchange.replay = this.#replay
  }

  /** The asker has said all of it. */
  get ended(): boolean {
    return this.#ended
  }

  /** All that came so far is at hand. */
  get whole(): boolean {
    return !this.#lost
  }

  /** Bytes that came so far; only of a body that is whole. */
  get bytes(): number {
    return this.#bytes
  }

  data(chunk: Buffer): void {
    const kept = this.#keep(chunk)
    if (this.#replaying) {
      if (kept) return
      if (this.#late === undefined) this.#late = []
      this.#late.push(chunk)
      return
    }
    // While waiting, too: a kept answer may yet be passed on, and its upstream may want the request whole.
    this.down.data(chunk)
    if (!this.waiting) return
    if (this.#lost) this.#loop.overflowed()
    else this.#hold()
  }

  end(trailers?: Headers): void {
    this.#ended = true
    this.#trailers = trailers
    if (!this.#replaying) this.down.end(trailers)
  }

  abort(reason: ProxyError): void {
    this.#loop.aborted(reason)
  }

  pauseResponse(): void {
    this.responsePaused = true
    this.down.pauseResponse()
  }

  resumeResponse(): void {
    this.responsePaused = false
    if (!this.answerKept) this.down.resumeResponse()
  }

  pauseRequest(): void {
    const was = this.#holding || this.#pausedBelow
    this.#pausedBelow = true
    if (!was) this.#up.pauseRequest()
  }

  resumeRequest(): void {
    if (!this.#pausedBelow) return
    this.#pausedBelow = false
    if (!this.#holding) this.#up.resumeRequest()
  }

  /** The attempt is gone. Its pause goes with it; if it stood, it becomes ours until the next attempt has caught up. */
  attemptGone(): void {
    this.down = NO_BODY
    this.answerKept = false
    this.#holding ||= this.#pausedBelow
    this.#pausedBelow = false
  }

  /**
   * Sends everything into a new attempt. Calls nest: what the asker says meanwhile goes behind what it has said before,
   * and the attempt may end on the first byte and another take its place.
   */
  sendAgain(down: RequestBody): void {
    this.down = down
    this.waiting = false
    this.#replaying = true
    // Both grow while they are sent.
    if (this.#replay !== undefined) this.#replayInto(down, this.#replay.chunks)
    if (this.#late !== undefined) for (const chunk of this.#late) down.data(chunk)
    this.#late = undefined
    this.#replaying = false
    if (this.down === down && this.#ended) down.end(this.#trailers)
    // Last, for an attempt may answer to that, and an answer lets go of what is replayed.
    if (this.down === down && this.responsePaused) down.pauseResponse()
    if (this.down === down) this.letFlow()
  }

  /**
   * As much as has come here, which is counted in bytes: whoever holds a request between us and the one that keeps it, as a
   * queue does, may have put small chunks together, so that ours are fewer than theirs.
   */
  #replayInto(down: RequestBody, chunks: readonly Buffer[]): void {
    let sent = 0
    let from = 0
    for (let i = 0; sent < this.#bytes; ) {
      const chunk = chunks[i] as Buffer
      const to = Math.min(chunk.length, from + this.#bytes - sent)
      const part = to - from === chunk.length ? chunk : chunk.subarray(from, to)
      sent += to - from
      from = to
      if (from === chunk.length) {
        from = 0
        i++
      }
      down.data(part)
    }
  }

  /** A kept answer goes up after all: both directions flow as the asker and the attempt want it. */
  goOn(): void {
    this.answerKept = false
    const down = this.down
    this.letFlow()
    if (!this.responsePaused) down.resumeResponse()
  }

  /** Lifts our own pause. */
  letFlow(): void {
    if (!this.#holding) return
    this.#holding = false
    if (!this.#pausedBelow) this.#up.resumeRequest()
  }

  /** No further attempt will be made: nothing is kept from here on. */
  letGo(): void {
    this.#keeping = false
    const replay = this.#replay
    if (replay === undefined) return
    this.#replay = undefined
    if (!this.#shares) this.#request.exchange.replay = undefined
    replay.release()
  }

  /** The terminal has come from above or below: a pause dies with it (G2). */
  over(): void {
    this.letGo()
    this.down = NO_BODY
    this.waiting = false
    this.#holding = false
    this.#pausedBelow = false
  }

  #hold(): void {
    if (this.#holding) return
    this.#holding = true
    if (!this.#pausedBelow) this.#up.pauseRequest()
  }

  #keep(chunk: Buffer): boolean {
    if (!this.#keeping) {
      this.#lost = true
      return false
    }
    if (this.#replay === undefined) {
      this.#replay = new ReplayBuffer(this.#account, this.#limit)
      this.#request.exchange.replay = this.#replay
    }
    if (!this.#shares) this.#replay.data(chunk)
    if (this.#replay.whole) {
      this.#bytes += chunk.length
      return true
    }
    this.#lost = true
    this.letGo()
    return false
  }
}
