/** Shadow mode: one attempt, as without the block; told are the occasions on which a hedge would have been sent. */
import type { Timed, Timer } from '../../core/clock.ts'
import type { ProxyError, Reason } from '../../core/errors.ts'
import type { Layer, RequestHead, ResponseHandler, ResponseHead } from '../../core/exchange.ts'
import { ForwardingHandler } from '../../core/forwarding.ts'
import type { Headers } from '../../core/headers.ts'
import { NEVER } from '../../core/pushback.ts'
import { WholeBody, type WholeWatch } from '../../core/whole-body.ts'
import { judgeError, judgeHead, mayHedge } from './decide.ts'
import type { HedgeParts } from './layer-parts.ts'

export function shadowLayer(parts: HedgeParts): Layer {
  return (next) => (request, up) => {
    if (!mayHedge(parts.rules, request)) return next(request, up)
    parts.budget.deposit(request.exchange.startedAt)
    const watch = new Watch(up, parts, request)
    const body = new WholeBody(watch)
    body.down = next(request, watch)
    return body
  }
}

const UNKNOWN = -1
/** Ends that somebody made who would not wait any longer. */
const CUTS: readonly Reason[] = ['per_try_timeout', 'request_timeout', 'client_cancelled']

class Watch extends ForwardingHandler implements Timed, WholeWatch {
  readonly #parts: HedgeParts
  readonly #request: RequestHead
  #left: number
  #delay: number
  #wholeAt: number
  #timer: Timer | undefined
  #answered: boolean

  constructor(up: ResponseHandler, parts: HedgeParts, request: RequestHead) {
    super(up)
    this.#parts = parts
    this.#request = request
    this.#left = 0
    this.#delay = NEVER
    this.#wholeAt = UNKNOWN
    this.#timer = undefined
    this.#answered = false
  }

  whole(): void {
    const { rules, latencies, clock } = this.#parts
    const now = clock.now()
    const delay = latencies === undefined ? rules.after : latencies.percentile(now)
    this.#wholeAt = now
    if (this.#answered || delay === undefined) return
    this.#left = rules.maxExtra
    this.#delay = delay
    this.#timer = clock.schedule(delay, this)
  }

  expired(): void {
    this.#occasion()
    this.#timer = this.#left > 0 ? this.#parts.clock.schedule(this.#delay, this) : undefined
  }

  #occasion(): void {
    const { budget, clock, events } = this.#parts
    const { exchange } = this.#request
    const now = clock.now()
    if (this.#left === 0 || now >= exchange.deadline) return
    const allowed = budget.withdraw(now)
    this.#left = allowed ? this.#left - 1 : 0
    events.decided(exchange, 'hedge', allowed ? 'hedge' : 'suppressed_budget', 'shadow')
  }

  #stop(fails: boolean): void {
    if (this.#answered) return
    this.#answered = true
    this.#parts.clock.cancel(this.#timer)
    if (fails) this.#occasion()
    this.#left = 0
  }

  /** It took at least so long, which says something once a hedge was due. */
  #cutOff(reason: Reason): void {
    const { latencies, clock } = this.#parts
    const took = clock.now() - this.#wholeAt
    if (!this.#answered && CUTS.includes(reason) && took >= this.#delay) latencies?.add(took, clock.now())
  }

  override head(head: ResponseHead): void {
    const verdict = judgeHead(head, this.#request.exchange.grpc)
    const { latencies, clock } = this.#parts
    if (verdict === 'wins' && this.#wholeAt !== UNKNOWN) latencies?.add(clock.now() - this.#wholeAt, clock.now())
    this.#stop(verdict === 'fails')
    this.up.head(head)
  }

  override end(trailers?: Headers): void {
    this.#stop(false)
    this.up.end(trailers)
  }

  override fail(error: ProxyError): void {
    this.#cutOff(error.reason)
    this.#stop(judgeError(error, this.#request.exchange.grpc) === 'fails')
    this.up.fail(error)
  }
}
