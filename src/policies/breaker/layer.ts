/** Around each attempt: refused while open, else watched until its outcome is fixed. */
import type { Clock } from '../../core/clock.ts'
import type { ProxyError } from '../../core/errors.ts'
import type { Layer, RequestHead, ResponseHandler, ResponseHead } from '../../core/exchange.ts'
import { ForwardingHandler } from '../../core/forwarding.ts'
import { NO_STATUS, statusOfHead } from '../../core/grpc-status.ts'
import type { Headers } from '../../core/headers.ts'
import { refuse } from '../../core/refuse.ts'
import { isStream } from '../../core/streams.ts'
import type { Breaker } from './breaker.ts'
import { REFUSED } from './circuit.ts'
import { judgeFailure, judgeHead, judgeTrailers, type Outcome, type Rules, took } from './decide.ts'
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
  /** To a gRPC call, and its head said no status: the trailers will. */
  #open: boolean
  /** A gRPC stream, which is judged at what comes first behind its head. */
  #atFirst: boolean

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
    this.#open = false
    this.#atFirst = false
  }

  /**
   * A failure is fixed here, and so is a stream: a probe's permit is not held for hours, and a thousand tunnels that end
   * with one process are not a thousand failed calls. Anything else may still fail in its body. A gRPC stream that fails at
   * once may say so in its trailers only, so it waits for one thing more.
   */
  override head(head: ResponseHead): void {
    const request = this.#request
    const { grpc } = request.exchange
    const now = this.#clock.now()
    const outcome = judgeHead(this.#rules, head, grpc, took(request, now))
    const stream = isStream(request, head)
    this.#open = grpc && statusOfHead(head) === NO_STATUS
    if (outcome === 'failed' || outcome === 'failed-slow' || (stream && !this.#open)) {
      this.#settle(outcome, now)
    } else {
      this.#atFirst = stream
      this.#answered = outcome
      this.#breaker.answered(this.#generation)
    }
    this.up.head(head)
  }

  override data(chunk: Buffer): void {
    if (this.#atFirst) this.#begun()
    this.up.data(chunk)
  }

  override end(trailers?: Headers): void {
    if (!this.#settled) {
      const answered = this.#answered ?? 'good'
      const outcome = this.#open ? judgeTrailers(this.#rules, trailers, answered) : answered
      this.#settle(outcome, this.#clock.now())
    }
    this.up.end(trailers)
  }

  override fail(error: ProxyError): void {
    if (this.#atFirst) this.#begun()
    if (!this.#settled) {
      const now = this.#clock.now()
      this.#settle(judgeFailure(this.#rules, error, this.#request, this.#answered, now), now)
    }
    this.up.fail(error)
  }

  /** A gRPC stream goes on: its head stands. */
  #begun(): void {
    this.#atFirst = false
    this.#settle(this.#answered as Outcome, this.#clock.now())
  }

  #settle(outcome: Outcome, now: number): void {
    this.#settled = true
    this.#breaker.settle(this.#generation, outcome, this.#answered !== undefined, now)
  }
}
