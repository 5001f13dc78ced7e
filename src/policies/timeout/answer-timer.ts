/** The time that one attempt has for its answer, from when its request has gone down in full to the head or to an end without one. */
import type { Clock, Timed, Timer } from '../../core/clock.ts'
import type { ProxyError } from '../../core/errors.ts'
import type { ResponseHandler, ResponseHead } from '../../core/exchange.ts'
import { ForwardingHandler } from '../../core/forwarding.ts'
import type { Headers } from '../../core/headers.ts'
import type { WholeWatch } from '../../core/whole-body.ts'

export abstract class AnswerTimer extends ForwardingHandler implements Timed, WholeWatch {
  readonly #clock: Clock
  readonly #limit: number
  #timer: Timer | undefined
  #answered: boolean

  /** `limit`: ms. */
  constructor(up: ResponseHandler, clock: Clock, limit: number) {
    super(up)
    this.#clock = clock
    this.#limit = limit
    this.#timer = undefined
    this.#answered = false
  }

  /** The time is up. */
  abstract expired(): void

  whole(): void {
    if (!this.#answered && this.#timer === undefined) this.#timer = this.#clock.schedule(this.#limit, this)
  }

  /** Nothing runs out any more. */
  protected stop(): void {
    this.#answered = true
    this.#clock.cancel(this.#timer)
  }

  override head(head: ResponseHead): void {
    this.stop()
    this.up.head(head)
  }

  override end(trailers?: Headers): void {
    this.stop()
    this.up.end(trailers)
  }

  override fail(error: ProxyError): void {
    this.stop()
    this.up.fail(error)
  }
}
