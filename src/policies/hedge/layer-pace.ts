/** When another attempt may be sent: after its time, at once behind a failure, within `maxExtra`, deadline and budget. */
import type { Timed, Timer } from '../../core/clock.ts'
import type { Exchange } from '../../core/exchange.ts'
import { NEVER } from '../../core/pushback.ts'
import { waitedFor } from './decide.ts'
import type { HedgeParts } from './layer-parts.ts'

export interface Sender {
  /** The time of the newest attempt is up. */
  due(): void
}

const UNKNOWN = -1

export class Pace implements Timed {
  /** Hedges that may still be sent. */
  left: number
  readonly #sender: Sender
  readonly #parts: HedgeParts
  readonly #exchange: Exchange
  /** ms from one attempt to the next. */
  #delay: number
  #timer: Timer | undefined
  /** When the request was whole; UNKNOWN before, and once the first attempt's latency is counted. */
  #since: number

  constructor(sender: Sender, parts: HedgeParts, exchange: Exchange) {
    this.left = parts.rules.maxExtra
    this.#sender = sender
    this.#parts = parts
    this.#exchange = exchange
    this.#delay = NEVER
    this.#timer = undefined
    this.#since = UNKNOWN
  }

  /** The request is whole: time runs. False where no percentile is known yet, and nothing is hedged. */
  begin(): boolean {
    const { rules, latencies, clock } = this.#parts
    const now = clock.now()
    this.#since = now
    const delay = latencies === undefined ? rules.after : latencies.percentile(now)
    if (delay === undefined) return false
    this.#delay = delay
    this.#arm(delay, now)
    return true
  }

  /** How long an attempt has to answer before another is sent beside it, for people. */
  get waited(): string {
    return waitedFor(this.#parts.rules, this.#delay)
  }

  expired(): void {
    this.#timer = undefined
    this.#sender.due()
  }

  /** Whether one more is sent now; charges the budget. A budget that is spent stops only what is not yet under way. */
  grant(): boolean {
    if (this.left <= 0) return false
    const { budget, clock, events } = this.#parts
    const now = clock.now()
    if (now >= this.#exchange.deadline) return false
    if (budget.withdraw(now)) return true
    this.left = 0
    events.decided(this.#exchange, 'hedge', 'suppressed_budget', 'enforce')
    return false
  }

  /** An attempt failed, and the next may follow in `pause` ms: whether it does now. */
  after(pause: number): boolean {
    if (pause === 0) return this.grant()
    if (pause === NEVER) this.left = 0
    this.#arm(pause, this.#parts.clock.now())
    return false
  }

  sent(): void {
    this.left--
    this.#arm(this.#delay, this.#parts.clock.now())
  }

  stop(): void {
    this.#parts.clock.cancel(this.#timer)
  }

  /**
   * The first attempt was answered, or cut off: then it took at least so long, and leaving that out would make all look
   * quicker than it is.
   */
  sample(): void {
    const { latencies, clock } = this.#parts
    if (latencies === undefined || this.#since === UNKNOWN) return
    const now = clock.now()
    latencies.add(now - this.#since, now)
    this.#since = UNKNOWN
  }

  /**
   * The deadline passed, or the client left. Before a hedge was due that says nothing; later it took at least so long, too: else a service
   * whose answers all come too late would look as quick as it was before.
   */
  gaveUp(): void {
    if (this.#since !== UNKNOWN && this.#parts.clock.now() - this.#since >= this.#delay) this.sample()
  }

  /** Nothing is sent at or past the deadline, so nothing is waited for that long. */
  #arm(delay: number, now: number): void {
    const { clock } = this.#parts
    clock.cancel(this.#timer)
    const wanted = this.left > 0 && now + delay < this.#exchange.deadline
    this.#timer = wanted ? clock.schedule(delay, this) : undefined
  }
}
