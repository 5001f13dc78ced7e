/** The request on its way down to every attempt: kept while another may follow, and sent again to each that does. */
import type { ProxyError } from '../../core/errors.ts'
import type { RequestBody, RequestHead } from '../../core/exchange.ts'
import type { Headers } from '../../core/headers.ts'
import { type ReplayAccount, ReplayBuffer } from '../../core/replay-buffer.ts'
import { FAILED, GONE, type RacingAttempt } from './layer-attempt.ts'

/** Who decides about attempts. */
export interface Owner {
  /** All of the request has come, and it is at hand: others may be sent beside the first. */
  whole(): void
  aborted(reason: ProxyError): void
}

/** Bytes of a body that are kept: as many as a retry keeps unless told otherwise. */
const KEPT = 64 * 1024

export class RaceBody implements RequestBody {
  /** The first, and beside it whatever was sent since. */
  readonly attempts: RacingAttempt[]
  /** The asker's wish; repeated to every attempt. */
  responsePaused: boolean
  readonly #owner: Owner
  readonly #request: RequestHead
  /** A layer above keeps the body, too, and fills it. */
  readonly #shares: boolean
  #replay: ReplayBuffer | undefined
  #trailers: Headers | undefined

  constructor(owner: Owner, request: RequestHead, account: ReplayAccount) {
    const { exchange } = request
    const above = exchange.replay
    this.attempts = []
    this.responsePaused = false
    this.#owner = owner
    this.#request = request
    this.#shares = above !== undefined
    this.#replay = request.bodyLength === 0 ? undefined : (above?.share(KEPT) ?? new ReplayBuffer(account, KEPT))
    this.#trailers = undefined
    // Named before anything is dispatched: the layers beneath share it.
    if (this.#replay !== undefined) exchange.replay = this.#replay
  }

  data(chunk: Buffer): void {
    if (!this.#shares) this.#replay?.data(chunk)
    this.#first.down.data(chunk)
  }

  end(trailers?: Headers): void {
    this.#trailers = trailers
    if (!this.#shares) this.#replay?.end(trailers)
    if (this.#replay === undefined ? this.#request.bodyLength === 0 : this.#replay.whole) this.#owner.whole()
    this.#first.down.end(trailers)
  }

  abort(reason: ProxyError): void {
    this.#owner.aborted(reason)
  }

  /** Those whose answer is kept are paused already. An attempt may end on being told, and another take its place. */
  pauseResponse(): void {
    this.responsePaused = true
    for (const { state, down } of this.attempts) if (state !== GONE) down.pauseResponse()
  }

  resumeResponse(): void {
    this.responsePaused = false
    for (const { state, down } of this.attempts) if (state !== GONE && state !== FAILED) down.resumeResponse()
  }

  /** Sends the whole request to one more. Calls nest: it may win or fail on the first byte. */
  sendTo(attempt: RacingAttempt): void {
    const { down } = attempt
    if (this.#replay !== undefined) for (const chunk of this.#replay.chunks) down.data(chunk)
    down.end(this.#trailers)
    // Last, for an attempt may answer to that, and an answer lets go of what is replayed.
    if (this.responsePaused) down.pauseResponse()
  }

  /** Nobody will be sent the request again. */
  letGo(): void {
    const replay = this.#replay
    if (replay === undefined) return
    this.#replay = undefined
    if (!this.#shares) this.#request.exchange.replay = undefined
    replay.release()
  }

  get #first(): RacingAttempt {
    return this.attempts[0] as RacingAttempt
  }
}
