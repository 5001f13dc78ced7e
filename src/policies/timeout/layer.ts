/**
 * The whole request: enforces `exchange.deadline`, looks for silence, ends streams that lived too long. One timer per
 * exchange, armed anew only when it ran out; all that is set per chunk is a flag.
 */
import type { Clock, Timed, Timer } from '../../core/clock.ts'
import { ProxyError, type Reason } from '../../core/errors.ts'
import type { Layer, RequestHead, ResponseHandler, ResponseHead } from '../../core/exchange.ts'
import { ForwardingBody, ForwardingHandler, NO_BODY } from '../../core/forwarding.ts'
import type { Headers } from '../../core/headers.ts'
import { refuse } from '../../core/refuse.ts'
import { isStream, mayBeStream } from '../../core/streams.ts'
import { blame, firstLook, type Limits, type Look, nextLook, runOut } from './decide.ts'

const TOO_LATE = new ProxyError('request_timeout', 'proxy', 'no', 'the deadline had passed before the request went out')

export function deadlineLayer(limits: Limits, clock: Clock): Layer {
  return (next) => (request, up) => {
    const deadline = request.exchange.deadline
    const left = deadline === Number.POSITIVE_INFINITY ? deadline : deadline - clock.now()
    if (left <= 0) return refuse(up, TOO_LATE)
    const watch = new Watch(up, request, limits, clock, deadline, firstLook(limits, left))
    watch.body.down = next(request, watch)
    return watch.body
  }
}

/** Looks at an exchange now and then, and ends it when a limit has run out. */
export class Watch extends ForwardingHandler implements Timed {
  readonly body: WatchedBody
  protected readonly request: RequestHead
  readonly #limits: Limits
  readonly #clock: Clock
  /** A gRPC call that is not known to be unary. */
  readonly #open: boolean
  #deadline: number
  #answer: ResponseHead | undefined
  /** Of the answer's body something has come. */
  #begun: boolean
  #quietSince: number
  #timer: Timer | undefined
  /** Something moved since the last look. */
  moved: boolean
  sent: boolean
  requestPaused: boolean
  responsePaused: boolean

  /** `deadline` on the clock; `delay`: ms until the first look. */
  constructor(
    up: ResponseHandler,
    request: RequestHead,
    limits: Limits,
    clock: Clock,
    deadline: number,
    delay: number,
  ) {
    super(up)
    this.body = new WatchedBody(this)
    this.request = request
    this.#limits = limits
    this.#clock = clock
    this.#open = mayBeStream(request.exchange)
    this.#deadline = deadline
    this.#answer = undefined
    this.#begun = false
    const timer = clock.schedule(delay, this)
    this.#quietSince = timer.due - delay
    this.#timer = timer
    this.moved = false
    this.sent = request.bodyLength === 0 && !request.isTunnel
    this.requestPaused = false
    this.responsePaused = false
  }

  expired(): void {
    const exchange = this.request.exchange
    const streams = this.#streams()
    if (streams) this.#deadline = this.streamDeadline()
    const long = streams || this.#open
    const now = this.#clock.now()
    if (this.moved) {
      this.moved = false
      this.#quietSince = now
    }
    // Whoever waits before the next attempt, perhaps for as long as the upstream has asked, or for a slot, is not silent.
    this.#quietSince = Math.max(this.#quietSince, Math.min(now, exchange.restsUntil))
    const limits = this.#limits
    const look: Look = {
      now,
      deadline: this.#deadline,
      quietSince: this.#quietSince,
      idle: long ? limits.streamIdle : limits.idle,
      streamEnd: long ? exchange.startedAt + limits.maxStream : Number.POSITIVE_INFINITY,
    }
    const reason = runOut(look)
    if (reason === undefined) {
      const wait = nextLook(look)
      this.#timer = wait === Number.POSITIVE_INFINITY ? undefined : this.#clock.schedule(wait, this)
      return
    }
    this.#timer = undefined
    this.ranOut(reason)
  }

  protected ranOut(reason: Reason): void {
    this.body.down.abort(new ProxyError(reason, blame(reason, this), 'no', 'the timeout policy ran out'))
  }

  /** Of a stream whose head has come. */
  protected streamDeadline(): number {
    return this.request.exchange.grpcDeadline
  }

  protected stop(): void {
    this.#clock.cancel(this.#timer)
  }

  /** `request` reaches no further: a stream's head has come, or the first message of what may be one. */
  #streams(): boolean {
    const answer = this.#answer
    return answer !== undefined && (isStream(this.request, answer) || (this.#open && this.#begun))
  }

  override informational(head: ResponseHead): void {
    this.moved = true
    this.up.informational(head)
  }

  override head(head: ResponseHead): void {
    this.#answer = head
    this.moved = true
    this.up.head(head)
  }

  override data(chunk: Buffer): void {
    this.moved = true
    this.#begun = true
    this.up.data(chunk)
  }

  override end(trailers?: Headers): void {
    this.stop()
    this.up.end(trailers)
  }

  override fail(error: ProxyError): void {
    this.stop()
    this.up.fail(error)
  }

  override pauseRequest(): void {
    this.requestPaused = true
    this.up.pauseRequest()
  }

  override resumeRequest(): void {
    this.requestPaused = false
    this.up.resumeRequest()
  }
}

/** Tells the watch what the client does; also without a body, for it says who does not read. */
class WatchedBody extends ForwardingBody {
  readonly #watch: Watch

  constructor(watch: Watch) {
    super(NO_BODY)
    this.#watch = watch
  }

  override data(chunk: Buffer): void {
    this.#watch.moved = true
    this.down.data(chunk)
  }

  override end(trailers?: Headers): void {
    const watch = this.#watch
    if (!watch.sent) watch.moved = true
    watch.sent = true
    this.down.end(trailers)
  }

  override pauseResponse(): void {
    this.#watch.responsePaused = true
    this.down.pauseResponse()
  }

  override resumeResponse(): void {
    this.#watch.responsePaused = false
    this.#watch.moved = true
    this.down.resumeResponse()
  }
}
