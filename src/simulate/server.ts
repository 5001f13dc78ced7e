/** One instance of an upstream: its slots, its work, and what it asks of others before it answers. */
import { ProxyError } from '../core/errors.ts'
import { Slots } from '../demo/slots.ts'
import type { Call } from './call.ts'
import { originOf } from './origin.ts'
import type { Engine } from './engine.ts'
import type { Asked, Origin, Plan, ServerSettings } from './workload.ts'

/** More than a sidecar makes of one request: ten retries, a transparent one, those of a fallback. */
const MOST_ATTEMPTS = 64

/** Asks through the outbound listener; `done` is told the status of the answer, 0 without one. Returns what gives it up. */
export type Ask = (asked: Asked, origin: Origin, done: (status: number, failure: string) => void) => () => void

export class Server {
  readonly #settings: ServerSettings
  readonly #engine: Engine
  readonly #ask: Ask
  readonly slots: Slots

  constructor(settings: ServerSettings, engine: Engine, ask: Ask) {
    this.#settings = settings
    this.#engine = engine
    this.#ask = ask
    this.slots = new Slots(settings.slots)
  }

  /** Neither a slot nor a place to wait for one. */
  get full(): boolean {
    return this.slots.busy >= this.slots.limit && this.slots.waiting >= this.#settings.queue
  }

  /** `after`: ms until it is told. */
  refuse(call: Call, after: number): void {
    const error = new ProxyError('connect_failure', 'upstream', 'unsent', 'ECONNREFUSED')
    this.#engine.after(after, () => call.fail(error))
  }

  serve(call: Call, plan: Plan): void {
    this.slots.enter((leave) => {
      const notices = this.#settings.noticesLeaving || plan.outcome === 'silent'
      // It has left while it waited. An event of its own: of many such, each would leave from within the one before.
      if (notices && call.over) {
        this.#engine.after(0, leave)
        return
      }
      if (notices) call.onLeaving = leave
      if (plan.outcome !== 'silent') this.#engine.after(plan.after, () => this.#worked(call, plan, leave))
    })
  }

  #worked(call: Call, plan: Plan, leave: () => void): void {
    if (this.#hasLeft(call)) return
    if (plan.outcome === 'reset') {
      leave()
      // On a connection that was used before it may have been the keep-alive race, and is sent again at once.
      const retryable = call.request.attempt.reused ? 'unanswered-reused' : 'unanswered'
      call.fail(new ProxyError('upstream_reset', 'upstream', retryable, 'ECONNRESET'))
      return
    }
    this.#askOthers(call, plan.status, 0, (status) => {
      leave()
      call.answer(status, plan.grpcStatus)
    })
  }

  /** One after the other, as a thread does; the first that fails is what the answer says. */
  #askOthers(call: Call, status: number, next: number, done: (status: number) => void): void {
    const nested = this.#settings.calls[next]
    const origin = originOf(call.request)
    if (nested === undefined || origin === undefined || status >= 500) {
      done(status)
      return
    }
    const { methods, asked } = nested
    if (methods.length > 0 && !methods.includes(call.request.method)) {
      this.#askOthers(call, status, next + 1, done)
      return
    }
    const { stream, index } = origin
    const round = (origin.attempt - 1) * MOST_ATTEMPTS + call.request.attempt.number - 1
    const its: Origin = { stream, index, nested: next + 1, round, attempt: 1 }
    const leave = call.onLeaving
    const giveUp = this.#ask(asked(index), its, (theirs, failure) => {
      if (this.#hasLeft(call)) return
      call.onLeaving = leave
      const worst = theirs >= 200 && theirs < 400 ? status : passedOn(theirs, failure)
      this.#askOthers(call, worst, next + 1, done)
    })
    if (leave === undefined) return
    call.onLeaving = () => {
      leave()
      giveUp()
    }
  }

  /** Its client has, and nobody works for it any more. */
  #hasLeft(call: Call): boolean {
    return this.#settings.noticesLeaving && call.over
  }
}

/** A refusal stays a refusal and a timeout a timeout, so that the caller can tell "try later" from "who knows". */
function passedOn(status: number, failure: string): number {
  if (failure === 'timeout' || status === 504) return 504
  return status === 503 ? 503 : 502
}
