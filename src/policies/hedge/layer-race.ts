/**
 * Attempts side by side. Until the request is whole there is one, and all of it goes through untouched; from then on there
 * may be several, and the first good answer wins. Until one has won nothing has gone up but interim answers.
 */
import { ProxyError } from '../../core/errors.ts'
import {
  Attempt,
  type Dispatch,
  type RequestHead,
  type ResponseHandler,
  type ResponseHead,
} from '../../core/exchange.ts'
import { withPreviousAttempts } from '../../core/grpc-previous-attempts.ts'
import type { Headers } from '../../core/headers.ts'
import { KeptAnswer } from '../../core/kept-answer.ts'
import { pushbackIn } from '../../core/pushback.ts'
import { judgeError, judgeHead, judgeTrailers, pauseAfter, peeks, type Verdict } from './decide.ts'
import type { HedgeParts } from './layer-parts.ts'
import { FAILED, GONE, OPEN, PEEKING, RacingAttempt, type Referee, WON } from './layer-attempt.ts'
import { RaceBody, type Owner } from './layer-body.ts'
import { Pace, type Sender } from './layer-pace.ts'

const SUPERSEDED = new ProxyError('superseded', 'proxy', 'no', 'another attempt was quicker')

/** One attempt; the request is not whole, or nothing is hedged. */
const ALONE = 0
const RACING = 1
/** A head has gone up: no further attempt (G4). */
const DECIDED = 2
const OVER = 3

export class Race implements Referee, Owner, Sender {
  readonly body: RaceBody
  readonly #parts: HedgeParts
  readonly #next: Dispatch
  readonly #request: RequestHead
  readonly #up: ResponseHandler
  #phase: number
  readonly #pace: Pace
  /** The attempt whose end is passed up if none does better. */
  #best: RacingAttempt | undefined

  constructor(parts: HedgeParts, next: Dispatch, request: RequestHead, up: ResponseHandler) {
    this.body = new RaceBody(this, request, parts.account)
    this.#parts = parts
    this.#next = next
    this.#request = request
    this.#up = up
    this.#phase = ALONE
    this.#pace = new Pace(this, parts, request.exchange)
    this.#best = undefined
  }

  start(): void {
    const first = new RacingAttempt(this, this.#parts.clock, false)
    this.body.attempts.push(first)
    first.down = this.#next(this.#request, first)
  }

  whole(): void {
    if (this.#phase === ALONE && this.#pace.begin()) this.#phase = RACING
  }

  aborted(reason: ProxyError): void {
    if (this.#phase === OVER) return
    this.#over()
    for (const attempt of this.body.attempts) {
      if (attempt.hedge && attempt.running) this.#tell('cancelled')
      else if (attempt.running) this.#pace.gaveUp()
      this.#discard(attempt, reason)
    }
    this.#up.fail(reason)
  }

  due(): void {
    if (this.#phase !== RACING || this.body.attempts.some(isPeeking)) return
    if (this.#pace.grant()) this.#send()
  }

  /** What later attempts say on the way would be said twice. */
  informational(attempt: RacingAttempt, head: ResponseHead): void {
    if (attempt.state === OPEN && !attempt.hedge) this.#up.informational(head)
  }

  head(attempt: RacingAttempt, head: ResponseHead): void {
    if (attempt.state !== OPEN) return
    const { exchange } = this.#request
    const verdict = judgeHead(head, exchange.grpc)
    attempt.protocol = exchange.upstreamProtocol
    if (verdict === 'wins' && !attempt.hedge) this.#pace.sample()
    if (this.#phase !== RACING) this.#decide(attempt, head)
    else if (verdict !== 'wins') {
      attempt.kept = new KeptAnswer(head)
      this.#failed(attempt, verdict, head.headers)
    } else if (peeks(head, exchange.grpc) && this.#mayGetAnother(attempt)) attempt.peek(head)
    else this.#decide(attempt, head)
  }

  data(attempt: RacingAttempt, chunk: Buffer): void {
    if (attempt.state === GONE) return
    if (attempt.kept === undefined) {
      this.#up.data(chunk)
      return
    }
    attempt.kept.chunks.push(chunk)
    if (attempt.state === PEEKING) this.#passOn(attempt)
  }

  end(attempt: RacingAttempt, trailers: Headers | undefined): void {
    const { kept, state } = attempt
    if (state === GONE) return
    if (kept === undefined) {
      this.#over()
      this.#up.end(trailers)
      return
    }
    kept.ended = true
    kept.trailers = trailers
    if (state !== PEEKING) return
    const verdict = judgeTrailers(trailers)
    if (verdict === 'wins') this.#passOn(attempt)
    else this.#failed(attempt, verdict, trailers)
  }

  fail(attempt: RacingAttempt, error: ProxyError): void {
    const { kept, state } = attempt
    if (state === GONE) return
    if (state === OPEN || state === PEEKING) {
      // A head that was held is dropped: the failure says more than a head and a break.
      attempt.kept = undefined
      attempt.error = error
      if (error.reason === 'per_try_timeout' && !attempt.hedge) this.#pace.sample()
      if (this.#phase === RACING) this.#failed(attempt, judgeError(error, this.#request.exchange.grpc), undefined)
      else this.#finish(error)
    } else if (kept === undefined) this.#finish(error)
    else kept.error = error
  }

  /** Only the first can hold the asker up: to the others the whole request is sent at once. */
  pauseRequest(attempt: RacingAttempt): void {
    if (attempt.hedge || attempt.state === GONE) return
    attempt.pausing = true
    this.#up.pauseRequest()
  }

  resumeRequest(attempt: RacingAttempt): void {
    if (attempt.state !== GONE) this.#unpause(attempt)
  }

  peekedEnough(attempt: RacingAttempt): void {
    this.#passOn(attempt)
  }

  /** The next may follow at once, later, or not at all; without any, the failure is the end of it. */
  #failed(attempt: RacingAttempt, verdict: Verdict, fields: Headers | undefined): void {
    attempt.settle(FAILED)
    if (attempt.hedge) this.#tell(attempt.error?.source === 'proxy' ? 'refused' : 'failed')
    const another = this.#pace.after(pauseAfter(verdict, this.#pushback(fields)))
    this.#rank(attempt)
    this.#unpause(attempt)
    if (this.#phase !== RACING) return
    if (another || this.body.attempts.some(isRunning)) {
      if (attempt.kept?.over === false) attempt.down.pauseResponse()
      if (another && this.#phase === RACING) this.#send()
    } else this.#passOn(this.#best as RacingAttempt)
  }

  /** The newest failure is passed up in the end, but for a refusal of our own: it says less than any upstream did. */
  #rank(attempt: RacingAttempt): void {
    const before = this.#best
    const worse = before !== undefined && attempt.error?.source === 'proxy' ? attempt : before
    if (worse !== attempt) this.#best = attempt
    if (worse !== undefined) this.#discard(worse, SUPERSEDED)
  }

  #pushback(fields: Headers | undefined): number | undefined {
    if (fields === undefined) return undefined
    return pushbackIn(fields, this.#request.exchange.grpc, this.#parts.clock.wallTime())
  }

  #send(): void {
    const { attempts } = this.body
    const attempt = new RacingAttempt(this, this.#parts.clock, true)
    const head = this.#request.forAttempt(new Attempt('hedge', false, false), false)
    const request = this.#request.exchange.grpc ? withPreviousAttempts(head, attempts.length) : head
    this.#parts.events.attemptFollows(this.#request.exchange, 'hedge', this.#because())
    attempts.push(attempt)
    this.#pace.sent()
    const down = this.#next(request, attempt)
    attempt.down = down
    // Decided, or left, while it was being dispatched.
    if (attempt.state === GONE) down.abort(SUPERSEDED)
    else this.body.sendTo(attempt)
  }

  /** The failure that calls for another attempt at once, or how long the answer was waited for. */
  #because(): string {
    const { error, kept } = this.#best ?? {}
    if (error !== undefined) return error.reason
    return kept === undefined ? this.#pace.waited : kept.outcome(this.#request.exchange.grpc)
  }

  #mayGetAnother(attempt: RacingAttempt): boolean {
    return this.#pace.left > 0 || this.body.attempts.some((other) => other !== attempt && other.running)
  }

  /** The answer that goes up: the others are cancelled first. */
  #decide(winner: RacingAttempt, head: ResponseHead): void {
    const { attempts } = this.body
    const failed = winner.state === FAILED
    this.#phase = DECIDED
    winner.settle(WON)
    this.#release()
    if (attempts.length > 1) {
      if (winner.hedge && !failed) this.#tell('won')
      this.#request.exchange.upstreamProtocol = winner.protocol
      for (const attempt of attempts) if (attempt !== winner) this.#lose(attempt)
      // Lifting a pause is a call up, and the asker may leave at it.
      if (this.#phase !== DECIDED) return
    }
    this.#up.head(head)
  }

  #lose(attempt: RacingAttempt): void {
    if (attempt.running && attempt.hedge) this.#tell('lost')
    else if (attempt.running) this.#pace.sample()
    this.#unpause(attempt)
    this.#discard(attempt, SUPERSEDED)
  }

  /** What was held goes up. What comes meanwhile is held behind it, so that its order stands. */
  #passOn(attempt: RacingAttempt): void {
    const { kept, error } = attempt
    if (kept === undefined) {
      this.#finish(error as ProxyError)
      return
    }
    this.#decide(attempt, kept.head)
    for (const chunk of kept.chunks) {
      if (this.#phase !== DECIDED) return
      this.#up.data(chunk)
    }
    if (this.#phase !== DECIDED) return
    attempt.kept = undefined
    if (kept.ended) this.end(attempt, kept.trailers)
    else if (kept.error !== undefined) this.fail(attempt, kept.error)
    else if (!this.body.responsePaused) attempt.down.resumeResponse()
  }

  #finish(error: ProxyError): void {
    this.#over()
    this.#up.fail(error)
  }

  #over(): void {
    this.#phase = OVER
    this.#release()
  }

  #release(): void {
    this.#pace.stop()
    this.body.letGo()
  }

  #discard(attempt: RacingAttempt, reason: ProxyError): void {
    attempt.settle(GONE)
    attempt.kept = undefined
    attempt.down.abort(reason)
  }

  /** Whoever swallows an attempt lifts its pause (G5). */
  #unpause(attempt: RacingAttempt): void {
    if (!attempt.pausing) return
    attempt.pausing = false
    this.#up.resumeRequest()
  }

  #tell(decision: string): void {
    this.#parts.events.decided(this.#request.exchange, 'hedge', decision, 'enforce')
  }
}

function isRunning(attempt: RacingAttempt): boolean {
  return attempt.running
}

function isPeeking(attempt: RacingAttempt): boolean {
  return attempt.state === PEEKING
}
