/**
 * The loop of attempts. One handler serves them one after another: an attempt has always had its terminal, or been
 * aborted and answered, before the next is dispatched. An answer is discarded only then; until then it is kept.
 */
import type { Clock, Timed, Timer } from '../../core/clock.ts'
import { ProxyError } from '../../core/errors.ts'
import type { PolicyEvents, RetrySkip } from '../../core/events.ts'
import {
  Attempt,
  type AttemptKind,
  type Dispatch,
  type Layer,
  type RequestHead,
  type ResponseHandler,
  type ResponseHead,
} from '../../core/exchange.ts'
import { get, type Headers } from '../../core/headers.ts'
import type { Random } from '../../core/random.ts'
import type { ReplayAccount } from '../../core/replay-buffer.ts'
import type { Budget } from './budget.ts'
import { onAnswer, onFailure, pauseOf, type RetryRules, seriesAfter, type Standing, wouldRetry } from './decide.ts'
import { KeptAnswer } from './kept-answer.ts'
import { type Loop, Outgoing } from './layer-outgoing.ts'
import { retryAfter } from './retry-after.ts'

const SUPERSEDED = new ProxyError('superseded', 'proxy', 'no', 'discarded for another attempt')

export interface RetryParts {
  readonly rules: RetryRules
  /** None where `max` is 0. */
  readonly budget: Budget | undefined
  readonly clock: Clock
  readonly random: Random
  readonly events: PolicyEvents
  readonly account: ReplayAccount
  /** Bytes of body kept for another attempt. */
  readonly keep: number
}

export function retryLayer(parts: RetryParts): Layer {
  const budget = parts.budget
  return (next) => (request, up) => {
    if (budget !== undefined) budget.deposit(request.exchange.startedAt)
    const loop = new RetryLoop(parts, next, request, up)
    loop.outgoing.down = next(request, loop)
    return loop.outgoing
  }
}

/** An attempt is under way, and nothing of an answer has gone up. */
const LIVE = 0
/** The next attempt is awaited. */
const WAITING = 1
/** A head has gone up: no further attempt (G4). */
const COMMITTED = 2
/** The asker has left; the attempt's `fail` is awaited. */
const LEFT = 3
const OVER = 4

class RetryLoop implements ResponseHandler, Loop, Timed, Standing {
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
    const rules = this.#parts.rules
    const pause = rules.max === 0 ? -1 : this.#afterAnswer(head)
    if (pause < 0) {
      this.#commit(head)
    } else {
      this.#kept = new KeptAnswer(head)
      this.#wait(pause)
    }
  }

  data(chunk: Buffer): void {
    if (this.#kept !== undefined) this.#kept.chunks.push(chunk)
    else if (this.#phase === COMMITTED) this.#up.data(chunk)
  }

  end(trailers?: Headers): void {
    const kept = this.#kept
    if (kept !== undefined) {
      kept.ended = true
      kept.trailers = trailers
      this.outgoing.attemptGone()
      return
    }
    this.#phase = OVER
    this.outgoing.over()
    this.#up.end(trailers)
  }

  fail(error: ProxyError): void {
    if (this.#discarding) return
    if (this.#kept !== undefined) {
      this.#kept.error = error
      this.outgoing.attemptGone()
      return
    }
    if (this.#phase === LIVE) {
      this.#afterFailure(error)
    } else {
      if (this.#phase === COMMITTED && wouldRetry(this.#parts.rules, error)) this.#skip('committed')
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
    this.#dispatch('retry')
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
    if (verdict === 'pass') return -1
    const asked = get(head.headers, 'retry-after')
    const pushback = asked === undefined ? undefined : retryAfter(asked, this.#parts.clock.wallTime())
    return this.#grant(verdict, pushback)
  }

  #afterFailure(error: ProxyError): void {
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
      this.transparentUsed = true
      this.#dispatch('transparent')
    } else {
      this.#wait(pause)
    }
  }

  /** How long to wait before the next attempt, ms; -1 when there shall be none, which is told. Charges the budget. */
  #grant(verdict: RetrySkip | 'retry', pushback: number | undefined): number {
    if (verdict !== 'retry') return this.#skip(verdict)
    const { rules, budget, clock, random } = this.#parts
    const now = clock.now()
    const n = this.#series + 1
    const moment = { now, deadline: this.#request.exchange.deadline, pushback, n, dice: random.fraction() }
    const pause = pauseOf(rules.backoff, moment)
    if (typeof pause === 'string') return this.#skip(pause)
    if (budget === undefined || !budget.withdraw(now)) return this.#skip('budget')
    this.#series = seriesAfter(n, pushback)
    this.retries++
    return pause
  }

  #skip(why: RetrySkip): -1 {
    this.#parts.events.retrySkipped(this.#request.exchange, why)
    return -1
  }

  #wait(pause: number): void {
    this.#phase = WAITING
    this.outgoing.waiting = true
    this.outgoing.answerKept = this.#kept !== undefined
    if (pause === 0) {
      this.#dispatch('retry')
    } else {
      this.#timer = this.#parts.clock.schedule(pause, this)
      if (this.#kept !== undefined) this.outgoing.down.pauseResponse()
    }
  }

  #dispatch(kind: AttemptKind): void {
    const kept = this.#kept
    this.#kept = undefined
    if (kept !== undefined && !kept.over) {
      this.#discarding = true
      this.outgoing.down.abort(SUPERSEDED)
      this.#discarding = false
      this.outgoing.attemptGone()
    }
    this.#phase = LIVE
    const attempt = new Attempt(kind, this.retries >= this.#parts.rules.max, kind === 'transparent')
    const expects = !this.#continued && this.outgoing.bytes === 0
    const down = this.#next(this.#request.forAttempt(attempt, expects), this)
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
    if (kept.ended) this.end(kept.trailers)
    else if (kept.error !== undefined) this.fail(kept.error)
    else this.outgoing.goOn()
  }

  #finish(error: ProxyError): void {
    this.#phase = OVER
    this.outgoing.over()
    this.#up.fail(error)
  }
}
