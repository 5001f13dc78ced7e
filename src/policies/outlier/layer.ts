/** Around each attempt, below the pick: what the endpoint makes of it. A probe is watched more closely. */
import { answeringFor, type Outcome } from '../../core/attempt-outcome.ts'
import { AttemptRecorder, type RecorderParts } from '../../core/attempt-recorder.ts'
import type { Timed, Timer } from '../../core/clock.ts'
import { ProxyError } from '../../core/errors.ts'
import type { PolicyEvents } from '../../core/events.ts'
import type {
  EndpointInfo,
  Layer,
  RequestBody,
  RequestHead,
  ResponseHandler,
  ResponseHead,
} from '../../core/exchange.ts'
import { NO_BODY } from '../../core/forwarding.ts'
import type { Headers } from '../../core/headers.ts'
import { mayProbe, probeBound } from './decide.ts'
import type { Member } from './member.ts'
import type { Outliers } from './outliers.ts'

const EXPIRED = new ProxyError('per_try_timeout', 'upstream', 'unanswered', 'no answer of an ejected endpoint in time')

export function outlierLayer(outliers: Outliers, parts: RecorderParts, events: PolicyEvents): Layer {
  const { clock } = parts
  return (next) => (request, response) => {
    const { attempt } = request
    const member = outliers.of(attempt.endpoint as EndpointInfo)
    if (member.state === 'ready') {
      return next(request, new Recorder(response, request, parts, outliers, member, member.generation))
    }
    const now = clock.now()
    // In shadow mode requests go on to whom we would have set aside; they say nothing until one may ask.
    if (!member.due(now) || !mayProbe(request)) return next(request, response)
    const generation = member.probe(now)
    if (outliers.mode === 'shadow') {
      return next(request, new Recorder(response, request, parts, outliers, member, generation))
    }
    attempt.probing = true
    events.decided(request.exchange, 'outlier', 'probe', 'enforce')
    const probe = new Probe(response, request, parts, outliers, member, generation)
    const down = next(request, probe)
    probe.begin(down)
    return down
  }
}

class Recorder extends AttemptRecorder {
  readonly #outliers: Outliers
  readonly #member: Member
  readonly #generation: number
  /** A fault made on purpose: an answer of ours, or a timeout while it held the request. */
  #made: boolean

  constructor(
    up: ResponseHandler,
    request: RequestHead,
    parts: RecorderParts,
    outliers: Outliers,
    member: Member,
    generation: number,
  ) {
    super(up, request, parts)
    this.#outliers = outliers
    this.#member = member
    this.#generation = generation
    this.#made = false
  }

  override head(head: ResponseHead): void {
    this.#made = head.origin !== 'upstream'
    super.head(head)
  }

  override fail(error: ProxyError): void {
    if (this.request.attempt.heldByFault) this.#made = true
    super.fail(error)
  }

  protected override answered(): void {
    this.#member.answered(this.#generation)
  }

  protected override settled(outcome: Outcome, _answered: boolean, now: number): void {
    this.#outliers.settle(this.#member, this.#generation, this.#made ? 'neutral' : outcome, this.request.exchange, now)
  }
}

/**
 * Its client shall hear nothing of a failure: retry is told to send the request elsewhere, and half of the time until the
 * deadline is kept for that. A gRPC call of which retry may not repeat one that was perhaps carried out has all of its time:
 * giving it up would help nobody. But whoever was silent for half of it and then until its end has failed.
 */
class Probe extends Recorder implements Timed {
  readonly #parts: RecorderParts
  #down: RequestBody
  /** ms; Infinity without a deadline. */
  #bound: number
  #timer: Timer | undefined
  #silent: boolean

  constructor(
    up: ResponseHandler,
    request: RequestHead,
    parts: RecorderParts,
    outliers: Outliers,
    member: Member,
    generation: number,
  ) {
    super(up, request, parts, outliers, member, generation)
    this.#parts = parts
    this.#down = NO_BODY
    this.#bound = Number.POSITIVE_INFINITY
    this.#timer = undefined
    this.#silent = false
  }

  begin(down: RequestBody): void {
    const { attempt, exchange } = this.request
    if (attempt.mover === undefined || exchange.deadline === Number.POSITIVE_INFINITY) return
    this.#down = down
    this.#bound = probeBound(exchange.deadline - attempt.startedAt)
    this.#timer = this.#parts.clock.schedule(this.#bound, this)
  }

  expired(): void {
    // A client that takes its time to send leaves the endpoint less, and that is not the endpoint's fault.
    const had = Math.max(0, answeringFor(this.request, this.#parts.clock.now()))
    if (had < this.#bound) {
      this.#timer = this.#parts.clock.schedule(this.#bound - had, this)
      return
    }
    this.#timer = undefined
    this.#silent = true
    if (this.request.attempt.mover?.movesOnSilence(this.request) === true) this.#down.abort(EXPIRED)
  }

  override head(head: ResponseHead): void {
    this.#parts.clock.cancel(this.#timer)
    super.head(head)
  }

  override end(trailers?: Headers): void {
    this.#parts.clock.cancel(this.#timer)
    super.end(trailers)
  }

  override fail(error: ProxyError): void {
    this.#parts.clock.cancel(this.#timer)
    super.fail(error)
  }

  protected override settled(outcome: Outcome, answered: boolean, now: number): void {
    const told = this.#silent && outcome === 'neutral' ? 'failed' : outcome
    if (told === 'failed' || told === 'failed-slow') this.request.attempt.elsewhere = true
    super.settled(told, answered, now)
  }
}
