/** One attempt in a race: what it was told, and what of its answer is held. Whatever comes is judged by the race. */
import type { Clock, Timed, Timer } from '../../core/clock.ts'
import type { ProxyError } from '../../core/errors.ts'
import type { RequestBody, ResponseHandler, ResponseHead } from '../../core/exchange.ts'
import { NO_BODY } from '../../core/forwarding.ts'
import { PEEK } from '../../core/grpc-status.ts'
import type { Headers } from '../../core/headers.ts'
import { KeptAnswer } from '../../core/kept-answer.ts'

/** Nothing is known of it yet. */
export const OPEN = 0
/** The head of a gRPC call's answer is held until it is known what comes behind it. */
export const PEEKING = 1
/** It failed; its answer, if it gave one, is kept, for it may be the best there is. */
export const FAILED = 2
/** Its answer goes up. */
export const WON = 3
/** Nobody listens any more. */
export const GONE = 4

/** What a race makes of what its attempts are told. */
export interface Referee {
  informational(attempt: RacingAttempt, head: ResponseHead): void
  head(attempt: RacingAttempt, head: ResponseHead): void
  data(attempt: RacingAttempt, chunk: Buffer): void
  end(attempt: RacingAttempt, trailers: Headers | undefined): void
  fail(attempt: RacingAttempt, error: ProxyError): void
  pauseRequest(attempt: RacingAttempt): void
  resumeRequest(attempt: RacingAttempt): void
  /** What is held has been held long enough. */
  peekedEnough(attempt: RacingAttempt): void
}

export class RacingAttempt implements ResponseHandler, Timed {
  readonly #referee: Referee
  readonly #clock: Clock
  readonly hedge: boolean
  down: RequestBody
  state: number
  /** A held answer. Stays until all of it has gone up: what comes meanwhile goes behind it. */
  kept: KeptAnswer | undefined
  /** Why it ended without an answer. */
  error: ProxyError | undefined
  /** It wants the request paused. */
  pausing: boolean
  /** The version of HTTP that it was answered in. */
  protocol: number
  #peek: Timer | undefined

  constructor(referee: Referee, clock: Clock, hedge: boolean) {
    this.#referee = referee
    this.#clock = clock
    this.hedge = hedge
    this.down = NO_BODY
    this.state = OPEN
    this.kept = undefined
    this.error = undefined
    this.pausing = false
    this.protocol = 0
    this.#peek = undefined
  }

  /** It may still bring the answer. */
  get running(): boolean {
    return this.state === OPEN || this.state === PEEKING
  }

  peek(head: ResponseHead): void {
    this.state = PEEKING
    this.kept = new KeptAnswer(head)
    this.#peek = this.#clock.schedule(PEEK, this)
  }

  /** From here on it is `FAILED`, `WON` or `GONE`. */
  settle(state: number): void {
    this.state = state
    this.#clock.cancel(this.#peek)
    this.#peek = undefined
  }

  expired(): void {
    this.#peek = undefined
    this.#referee.peekedEnough(this)
  }

  informational(head: ResponseHead): void {
    this.#referee.informational(this, head)
  }

  head(head: ResponseHead): void {
    this.#referee.head(this, head)
  }

  data(chunk: Buffer): void {
    this.#referee.data(this, chunk)
  }

  end(trailers?: Headers): void {
    this.#referee.end(this, trailers)
  }

  fail(error: ProxyError): void {
    this.#referee.fail(this, error)
  }

  pauseRequest(): void {
    this.#referee.pauseRequest(this)
  }

  resumeRequest(): void {
    this.#referee.resumeRequest(this)
  }
}
