/** A request that is held on purpose. */
import type { Clock, Timed, Timer } from '../../core/clock.ts'
import { ProxyError } from '../../core/errors.ts'
import type { PolicyEvents } from '../../core/events.ts'
import type { Dispatch, RequestHead, ResponseHandler } from '../../core/exchange.ts'
import { ForwardingHandler } from '../../core/forwarding.ts'
import { HeldBody, type Holder } from '../../core/held-body.ts'
import { Aborted, type FaultAnswer } from './answer.ts'
import { holdFor } from './decide.ts'

const PAST_DEADLINE = new ProxyError('request_timeout', 'proxy', 'no', 'the deadline passed in an injected delay')
const LEFT = new ProxyError('client_cancelled', 'downstream', 'no', 'the caller left while its request was being sent')

export class Delayed implements Holder, Timed {
  readonly held: HeldBody
  readonly #clock: Clock
  readonly #events: PolicyEvents
  readonly #answer: FaultAnswer | undefined
  readonly #next: Dispatch
  readonly #request: RequestHead
  readonly #timer: Timer

  /** `delay` in ms. `answer` undefined: it goes on afterwards. */
  constructor(
    clock: Clock,
    events: PolicyEvents,
    answer: FaultAnswer | undefined,
    delay: number,
    next: Dispatch,
    request: RequestHead,
    response: ResponseHandler,
  ) {
    this.held = new HeldBody(response, this)
    this.#clock = clock
    this.#events = events
    this.#answer = answer
    this.#next = next
    this.#request = request
    this.#timer = clock.schedule(holdFor(delay, clock.now(), request.exchange.deadline), this)
  }

  /** The caller left, or a timeout above us struck. */
  abandoned(): void {
    this.#request.attempt.heldByFault = true
    this.#clock.cancel(this.#timer)
  }

  expired(): void {
    const { held } = this
    const request = this.#request
    if (this.#clock.now() >= request.exchange.deadline) held.refuse(PAST_DEADLINE)
    else if (this.#answer !== undefined) this.#abort(this.#answer)
    else {
      const released = new Released(held.gate)
      const down = this.#next(request, released)
      if (held.held) held.release(down)
      else {
        // The caller left inside `next`, and has been told so already.
        released.orphaned = true
        down.abort(LEFT)
      }
    }
  }

  #abort(answer: FaultAnswer): void {
    this.#events.decided(this.#request.exchange, 'fault', 'abort', 'enforce')
    const aborted = new Aborted(answer, this.#request, this.held.gate)
    this.held.release(aborted)
    aborted.give()
  }
}

class Released extends ForwardingHandler {
  orphaned = false

  override fail(error: ProxyError): void {
    if (!this.orphaned) this.up.fail(error)
  }
}
