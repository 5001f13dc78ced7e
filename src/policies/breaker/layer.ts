/** Around each attempt: refused while open, else watched until its outcome is fixed. */
import type { Clock } from '../../core/clock.ts'
import type { ProxyError } from '../../core/errors.ts'
import type { Layer, RequestHead, ResponseHandler, ResponseHead } from '../../core/exchange.ts'
import { ForwardingHandler } from '../../core/forwarding.ts'
import type { Headers } from '../../core/headers.ts'
import { refuse } from '../../core/refuse.ts'
import { isStream } from '../../core/streams.ts'
import type { Breaker } from './breaker.ts'
import { REFUSED } from './circuit.ts'
import { judgeFailure, judgeHead, type Outcome, type Rules, took } from './decide.ts'
import type { Find } from './find.ts'

export function breakerLayer(find: Find, rules: Rules, clock: Clock): Layer {
  return (next) => (request, response) => {
    const breaker = find.of(request)
    const generation = breaker.admit()
    if (generation === REFUSED) return refuse(response, breaker.refusal())
    return next(request, new Recorder(response, request, breaker, generation, rules, clock))
  }
}

class Recorder extends ForwardingHandler {
  readonly #request: RequestHead
  readonly #breaker: Breaker
  readonly #generation: number
  readonly #rules: Rules
  readonly #clock: Clock
  /** The outcome is fixed and told. */
  #settled: boolean
  /** What a head said that was no failure. */
  #answered: Outcome | undefined

  constructor(
    up: ResponseHandler,
    request: RequestHead,
    breaker: Breaker,
    generation: number,
    rules: Rules,
    clock: Clock,
  ) {
    super(up)
    this.#request = request
    this.#breaker = breaker
    this.#generation = generation
    this.#rules = rules
    this.#clock = clock
    this.#settled = false
    this.#answered = undefined
  }

  /**
   * A failure is fixed here, and so is a stream: a probe's permit is not held for hours, and a thousand tunnels that end
   * with one process are not a thousand failed calls. Anything else may still fail in its body.
   */
  override head(head: ResponseHead): void {
    const now = this.#clock.now()
    const outcome = judgeHead(this.#rules, head, took(this.#request, now))
    if (outcome === 'failed' || outcome === 'failed-slow' || isStream(this.#request, head)) {
      this.#settle(outcome, now)
    } else {
      this.#answered = outcome
      this.#breaker.answered(this.#generation)
    }
    this.up.head(head)
  }

  override end(trailers?: Headers): void {
    if (!this.#settled) this.#settle(this.#answered ?? 'good', this.#clock.now())
    this.up.end(trailers)
  }

  override fail(error: ProxyError): void {
    if (!this.#settled) {
      const now = this.#clock.now()
      this.#settle(judgeFailure(this.#rules, error, this.#request, this.#answered, now), now)
    }
    this.up.fail(error)
  }

  #settle(outcome: Outcome, now: number): void {
    this.#settled = true
    this.#breaker.settle(this.#generation, outcome, this.#answered !== undefined, now)
  }
}
