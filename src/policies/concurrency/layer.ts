/** At the door of the application: in, or away at once. */
import type { Clock } from '../../core/clock.ts'
import type { ProxyError, Reason } from '../../core/errors.ts'
import type { Mode, PolicyEvents } from '../../core/events.ts'
import type { Layer, RequestBody, RequestHead, ResponseHandler, ResponseHead } from '../../core/exchange.ts'
import { ForwardingBody, ForwardingHandler, NO_BODY } from '../../core/forwarding.ts'
import { GrpcMessages } from '../../core/grpc-messages.ts'
import { get, type Headers } from '../../core/headers.ts'
import { refuse } from '../../core/refuse.ts'
import { isStream, mayBeStream } from '../../core/streams.ts'
import type { Limiter } from './limiter.ts'

export interface ConcurrencyParts {
  readonly limiter: Limiter
  readonly clock: Clock
  readonly events: PolicyEvents
  readonly mode: Mode
}

/** Ends that say: the application has more than it can do. */
const DROPS: readonly Reason[] = ['request_timeout', 'per_try_timeout']

export function concurrencyLayer({ limiter, clock, events, mode }: ConcurrencyParts): Layer {
  return (next) => (request, response) => {
    const now = clock.now()
    const load = limiter.enter(now)
    if (load === 0) {
      events.decided(request.exchange, 'concurrency', 'concurrency_limit', mode)
      // In shadow mode it goes on without a place, as if it were not there.
      return mode === 'enforce' ? refuse(response, limiter.refusal) : next(request, response)
    }
    const occupant = new Occupant(response, limiter, clock, request, load, now)
    const down = next(request, occupant)
    return request.bodyLength === 0 ? down : new WatchedBody(down, occupant, mayBeStream(request.exchange))
  }
}

/** A request that has a place. */
class Occupant extends ForwardingHandler {
  readonly #limiter: Limiter
  readonly #clock: Clock
  readonly #request: RequestHead
  /** Let in under this limit. */
  readonly #window: number
  readonly #load: number
  /** ms on the clock when the whole request was with the application; -1 while it is not. */
  sentAt: number
  #placed: boolean
  #answered: boolean
  /** Of an answer that only its messages tell from a stream. */
  #messages: GrpcMessages | undefined

  constructor(up: ResponseHandler, limiter: Limiter, clock: Clock, request: RequestHead, load: number, now: number) {
    super(up)
    this.#limiter = limiter
    this.#clock = clock
    this.#request = request
    this.#window = limiter.window
    this.#load = load
    this.sentAt = request.bodyLength === 0 ? now : -1
    this.#placed = true
    this.#answered = false
    this.#messages = undefined
  }

  get now(): number {
    return this.#clock.now()
  }

  override head(head: ResponseHead): void {
    this.#answered = true
    // A stream may last for hours, and when its head comes is not what the application takes for a request.
    if (isStream(this.#request, head)) this.#leave()
    else {
      if (isGood(head) && this.#measured) {
        const now = this.#clock.now()
        this.#limiter.answered(now - this.sentAt, this.#load, now)
      }
      if (mayBeStream(this.#request.exchange)) this.#messages = new GrpcMessages()
    }
    this.up.head(head)
  }

  override data(chunk: Buffer): void {
    const messages = this.#messages
    if (messages !== undefined) {
      messages.add(chunk)
      // All of an answer there is, or a stream, which may say nothing more for hours: a health check that is watched, for instance.
      if (messages.begun > 1 || (messages.begun === 1 && messages.whole)) this.#leave()
    }
    this.up.data(chunk)
  }

  /** Its caller sends more than one message. */
  streams(): void {
    this.#leave()
  }

  override end(trailers?: Headers): void {
    this.#leave()
    this.up.end(trailers)
  }

  override fail(error: ProxyError): void {
    const measured = this.#measured && !this.#answered
    this.#leave()
    if (measured) this.#failed(error.reason)
    this.up.fail(error)
  }

  /** A slow upload is the client's. */
  get #measured(): boolean {
    return this.#placed && this.sentAt >= 0 && this.#window === this.#limiter.window
  }

  #failed(reason: Reason): void {
    const now = this.#clock.now()
    if (DROPS.includes(reason)) this.#limiter.dropped(now)
    else if (reason === 'client_cancelled') this.#limiter.abandoned(now - this.sentAt, this.#load, now)
  }

  #leave(): void {
    this.#messages = undefined
    if (!this.#placed) return
    this.#placed = false
    this.#limiter.leave()
  }
}

/** A failure at once must not look like speed. */
function isGood(head: ResponseHead): boolean {
  if (head.origin !== 'upstream' || head.status >= 500 || head.status === 429) return false
  const status = get(head.headers, 'grpc-status')
  return status === undefined || status === '0'
}

/** Notes when the application had the whole request, and which calls are streams. */
class WatchedBody extends ForwardingBody {
  readonly #occupant: Occupant
  /** Undefined where they say nothing, and once they have said it. */
  #messages: GrpcMessages | undefined

  constructor(down: RequestBody, occupant: Occupant, counted: boolean) {
    super(NO_BODY)
    this.down = down
    this.#occupant = occupant
    this.#messages = counted ? new GrpcMessages() : undefined
  }

  override data(chunk: Buffer): void {
    const messages = this.#messages
    if (messages !== undefined) {
      messages.add(chunk)
      if (messages.begun > 1) {
        this.#messages = undefined
        this.#occupant.streams()
      }
    }
    this.down.data(chunk)
  }

  override end(trailers?: Headers): void {
    this.#occupant.sentAt = this.#occupant.now
    this.down.end(trailers)
  }
}
