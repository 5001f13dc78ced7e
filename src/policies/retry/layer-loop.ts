/**
 * The loop of attempts. One handler serves them one after another: an attempt has always had its terminal, or been
 * aborted and answered, before the next is dispatched. An answer is discarded only then; until then it is kept.
 */
import type { Timed, Timer } from '../../core/clock.ts'
import { isUnsent, ProxyError } from '../../core/errors.ts'
import type { PolicyEvents, RetrySkip } from '../../core/events.ts'
import {
  Attempt,
  type AttemptKind,
  type Dispatch,
  type RequestHead,
  type ResponseHandler,
  type ResponseHead,
} from '../../core/exchange.ts'
import { withPreviousAttempts } from '../../core/grpc-previous-attempts.ts'
import { PEEK } from '../../core/grpc-status.ts'
import type { Headers } from '../../core/headers.ts'
import { KeptAnswer } from '../../core/kept-answer.ts'
import { pushbackIn } from '../../core/pushback.ts'
import type { ReplayAccount } from '../../core/replay-buffer.ts'
import { isTakenAway, onAnswer, onFailure, seriesAfter, type Standing, wouldRetry } from './decide.ts'
import { onTrailers, peeks, whyTooLate } from './decide-grpc.ts'
import { grant, type Granting } from './grant.ts'
import { type Loop, Outgoing } from '../../core/outgoing.ts'
import { goesElsewhere, isListed } from './probes.ts'

const SUPERSEDED = new ProxyError('superseded', 'proxy', 'no', 'discarded for another attempt')

export interface RetryParts extends Granting {
  readonly events: PolicyEvents
  readonly account: ReplayAccount
  /** Bytes of body kept for another attempt. */
  readonly keep: number
}

/** An attempt is under way, and nothing of an answer has gone up. */
const LIVE = 0
/** The head of a gRPC call's answer is held until it is known what comes behind it. */
const PEEKING = 1
/** The next attempt is awaited. */
const WAITING = 2
/** A head has gone up: no further attempt (G4). */
const COMMITTED = 3
/** The asker has left; the attempt's `fail` is awaited. */
const LEFT = 4
const OVER = 5

export class RetryLoop implements ResponseHandler, Loop, Timed, Standing {
  readonly outgoing: Outgoing
  readonly #parts: RetryParts
  readonly #next: Dispatch
  readonly #request: RequestHead
  readonly #up: ResponseHandler
  #phase: number
  #kept: KeptAnswer | undefined
  /** Why the last attempt ended, where it gave no answer. */
  #error: ProxyError | undefined
  #timer: Timer | undefined
  #discarding: boolean
  /** A 100 went up: the client has been told to send. */
  #continued: boolean
  /** Retries since the backoff series began. */
  #series: number
  retries: number
  transparentUsed: boolean
  /** A probe of outlier failed, and the request was sent elsewhere. */
  #moved: boolean

  constructor(parts: RetryParts, next: Dispatch, request: RequestHead, up: ResponseHandler) {
    this.outgoing = new Outgoing(this, up, request, parts.account, parts.keep)
    this.#parts = parts
    this.#next = next
    this.#request = request
    this.#up = up
    this.#phase = LIVE
    this.#kept = undefined
    this.#error = undefined
    this.#timer = undefined
    this.#discarding = false
    this.#continued = false
    this.#series = 0
    this.retries = 0
    this.transparentUsed = false
    this.#moved = false
  }

  get whole(): boolean {
    return this.outgoing.whole
  }

  get bodyBytes(): number {
    return this.outgoing.bytes
  }

  informational(head: ResponseHead): void {
    if (this.#phase !== LIVE) return
    if (head.status === 100) this.#continued = true
    this.#up.informational(head)
  }

  head(head: ResponseHead): void {
    if (this.#phase !== LIVE) return
    const { rules, clock } = this.#parts
    const { exchange, attempt } = this.#request
    if (attempt.elsewhere && this.#moves(exchange.grpc && rules.when.hasHead(head, true))) {
      this.#kept = new KeptAnswer(head)
      this.#move()
      return
    }
    const pause = rules.max === 0 ? -1 : this.#afterAnswer(head)
    if (pause >= 0) {
      this.#kept = new KeptAnswer(head)
      this.#wait(pause)
    } else if (peeks(rules, this.#request, head, this)) {
      this.#phase = PEEKING
      this.#kept = new KeptAnswer(head)
      this.#timer = clock.schedule(PEEK, this)
    } else {
      this.#commit(head)
    }
  }

  data(chunk: Buffer): void {
    if (this.#kept !== undefined) this.#kept.chunks.push(chunk)
    else if (this.#phase === COMMITTED) this.#up.data(chunk)
    if (this.#phase === PEEKING) this.#stopPeeking()
  }

  end(trailers?: Headers): void {
    if (this.#phase === PEEKING) {
      this.#peeked(trailers)
      return
    }
    const kept = this.#kept
    if (kept !== undefined) {
      this.#keepEnd(kept, trailers)
      return
    }
    const late = whyTooLate(this.#parts.rules, this.#request, trailers, this)
    if (late !== '') this.#skip(late)
    this.#endUp(trailers)
  }

  fail(error: ProxyError): void {
    if (this.#discarding) return
    const phase = this.#phase
    if (this.#kept !== undefined && phase !== PEEKING) {
      this.#kept.error = error
      this.outgoing.attemptGone()
    } else if (phase === LIVE) {
      this.#afterFailure(error)
    } else {
      // A head that was held is dropped: the failure says more than a head and a break.
      this.#kept = undefined
      this.#parts.clock.cancel(this.#timer)
      const answered = phase === COMMITTED || phase === PEEKING
      if (answered && wouldRetry(this.#parts.rules, error, this.#request.exchange.grpc)) this.#skip('committed')
      this.#finish(error)
    }
  }

  pauseRequest(): void {
    if (!this.#discarding) this.outgoing.pauseRequest()
  }

  resumeRequest(): void {
    if (!this.#discarding) this.outgoing.resumeRequest()
  }

  expired(): void {
    this.#timer = undefined
    if (this.#phase === PEEKING) this.#stopPeeking()
    else this.#dispatch('retry', false)
  }

  aborted(reason: ProxyError): void {
    const phase = this.#phase
    if (phase === LEFT || phase === OVER) return
    this.#phase = LEFT
    this.#parts.clock.cancel(this.#timer)
    const kept = this.#kept
    this.#kept = undefined
    const live = kept === undefined ? phase !== WAITING : !kept.over
    if (live) this.outgoing.down.abort(reason)
    else this.#finish(reason)
  }

  overflowed(): void {
    this.#parts.clock.cancel(this.#timer)
    this.#skip('body_too_large')
    const kept = this.#kept
    if (kept !== undefined) this.#passOn(kept)
    else this.#finish(this.#error as ProxyError)
  }

  /** As `#grant`. */
  #afterAnswer(head: ResponseHead): number {
    const verdict = onAnswer(this.#parts.rules, this.#request, head, this)
    return verdict === 'pass' ? -1 : this.#grant(verdict, this.#pushback(head.headers))
  }

  #pushback(fields: Headers): number | undefined {
    return pushbackIn(fields, this.#request.exchange.grpc, this.#parts.clock.wallTime())
  }

  #afterFailure(error: ProxyError): void {
    if (isUnsent(error)) this.#request.exchange.unsent++
    if (this.#moves(isListed(this.#parts.rules, error, this.#request.exchange.grpc))) {
      this.#error = error
      this.outgoing.attemptGone()
      this.#move()
      return
    }
    const verdict = onFailure(this.#parts.rules, this.#request, error, this)
    const transparent = verdict === 'transparent'
    const pause = transparent || verdict === 'pass' ? -1 : this.#grant(verdict, undefined)
    if (!transparent && pause < 0) {
      this.#finish(error)
      return
    }
    this.#error = error
    this.outgoing.attemptGone()
    if (transparent) {
      if (!isTakenAway(error)) this.transparentUsed = true
      // Where no connection failed, any will do.
      this.#dispatch('transparent', this.transparentUsed)
    } else {
      this.#wait(pause)
    }
  }

  /** How long to wait before the next attempt, ms; -1 when there shall be none, which is told. Charges the budget. */
  #grant(verdict: RetrySkip | 'retry', pushback: number | undefined): number {
    if (verdict !== 'retry') return this.#skip(verdict)
    const n = this.#series + 1
    const pause = grant(this.#parts, this.#request.exchange.deadline, n, pushback)
    if (typeof pause === 'string') return this.#skip(pause)
    this.#series = seriesAfter(n, pushback)
    this.retries++
    return pause
  }

  /** Whether a failed probe sends the request elsewhere; once, for the first attempt is the only one that probes. */
  #moves(listed: boolean): boolean {
    return !this.#moved && goesElsewhere(this.#request, listed, this.whole)
  }

  #move(): void {
    this.#moved = true
    this.#dispatch('transparent', false)
  }

  #skip(why: RetrySkip): -1 {
    this.#parts.events.retrySkipped(this.#request.exchange, why)
    return -1
  }

  /** The trailers came before any message: they decide. */
  #peeked(trailers: Headers | undefined): void {
    const { rules, clock } = this.#parts
    if (this.#moves(rules.when.hasTrailers(trailers))) {
      clock.cancel(this.#timer)
      this.#keepEnd(this.#kept as KeptAnswer, trailers)
      this.#move()
      return
    }
    const verdict = onTrailers(rules, this.#request, trailers, this)
    const pushback = trailers === undefined ? undefined : this.#pushback(trailers)
    const pause = verdict === 'pass' ? -1 : this.#grant(verdict, pushback)
    const kept = this.#kept as KeptAnswer
    clock.cancel(this.#timer)
    this.#keepEnd(kept, trailers)
    if (pause < 0) this.#passOn(kept)
    else this.#wait(pause)
  }

  /** A message came, or nothing for too long: the held head goes up. */
  #stopPeeking(): void {
    this.#parts.clock.cancel(this.#timer)
    this.#passOn(this.#kept as KeptAnswer)
  }

  #keepEnd(kept: KeptAnswer, trailers: Headers | undefined): void {
    kept.ended = true
    kept.trailers = trailers
    this.outgoing.attemptGone()
  }

  #wait(pause: number): void {
    const kept = this.#kept
    this.#phase = WAITING
    this.outgoing.waiting = true
    this.outgoing.answerKept = kept !== undefined && !kept.over
    if (pause === 0) {
      this.#dispatch('retry', false)
    } else {
      const { clock } = this.#parts
      this.#request.exchange.restsUntil = clock.now() + pause
      this.#timer = clock.schedule(pause, this)
      if (kept !== undefined) this.outgoing.down.pauseResponse()
    }
  }

  /** `fresh`: on a connection that nobody used before. */
  #dispatch(kind: AttemptKind, fresh: boolean): void {
    const kept = this.#kept
    this.#kept = undefined
    const { exchange } = this.#request
    const because = kept === undefined ? (this.#error as ProxyError).reason : kept.outcome(exchange.grpc)
    this.#parts.events.attemptFollows(exchange, kind, because)
    if (kept !== undefined && !kept.over) {
      this.#discarding = true
      this.outgoing.down.abort(SUPERSEDED)
      this.#discarding = false
      this.outgoing.attemptGone()
    }
    this.#phase = LIVE
    const attempt = new Attempt(kind, this.retries >= this.#parts.rules.max, fresh)
    const expects = !this.#continued && this.outgoing.bytes === 0
    const head = this.#request.forAttempt(attempt, expects)
    const counts = this.retries > 0 && exchange.grpc
    const down = this.#next(counts ? withPreviousAttempts(head, this.retries) : head, this)
    this.outgoing.sendAgain(down)
  }

  #commit(head: ResponseHead): void {
    this.#phase = COMMITTED
    this.outgoing.letGo()
    this.#up.head(head)
  }

  /** A kept answer goes up after all. What comes meanwhile is kept behind it, so that its order stands. */
  #passOn(kept: KeptAnswer): void {
    this.outgoing.waiting = false
    this.#commit(kept.head)
    for (const chunk of kept.chunks) {
      if (this.#phase !== COMMITTED) return
      this.#up.data(chunk)
    }
    if (this.#phase !== COMMITTED) return
    this.#kept = undefined
    if (kept.ended) this.#endUp(kept.trailers)
    else if (kept.error !== undefined) this.fail(kept.error)
    else this.outgoing.goOn()
  }

  #endUp(trailers: Headers | undefined): void {
    this.#phase = OVER
    this.outgoing.over()
    this.#up.end(trailers)
  }

  #finish(error: ProxyError): void {
    this.#phase = OVER
    this.outgoing.over()
    this.#up.fail(error)
  }
}
