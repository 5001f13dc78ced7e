/**
 * The end of a sidecar, in order: readiness off, a wait in which load balancers notice, no new inbound work, then the
 * outbound side once the application has nothing more to ask for. In flight is finished, up to the time that is given.
 */
import type { Clock, Timed, Timer } from '../core/clock.ts'
import type { TrafficListener } from './listeners.ts'

export interface DrainTimes {
  /** ms between readiness off and the end of accepting. */
  readonly wait: number
  /** ms from the signal on, the wait included. */
  readonly timeout: number
}

export type DrainPhase = 'serving' | 'waiting' | 'draining inbound' | 'draining outbound' | 'drained'

/** ms between looks at what is still in flight. */
const LOOK = 20

export class Drain implements Timed {
  phase: DrainPhase = 'serving'
  readonly #clock: Clock
  readonly #times: DrainTimes
  readonly #inbound: readonly TrafficListener[]
  readonly #outbound: TrafficListener | undefined
  #startedAt = 0
  #timer: Timer | undefined
  #settle: (() => void) | undefined
  #done: Promise<void> | undefined

  constructor(
    clock: Clock,
    times: DrainTimes,
    inbound: readonly TrafficListener[],
    outbound: TrafficListener | undefined,
  ) {
    this.#clock = clock
    this.#times = times
    this.#inbound = inbound
    this.#outbound = outbound
  }

  get inboundDraining(): boolean {
    return this.phase === 'draining inbound' || this.outboundDraining
  }

  get outboundDraining(): boolean {
    return this.phase === 'draining outbound' || this.phase === 'drained'
  }

  /** Settles when nothing is in flight any more or the time is over; further calls get the same promise. */
  start(): Promise<void> {
    this.#done ??= new Promise((resolve) => {
      this.#settle = resolve
      this.#startedAt = this.#clock.now()
      this.phase = 'waiting'
      // Nobody balances load onto a sidecar without an inbound listener.
      const wait = this.#inbound.length === 0 ? 0 : Math.min(this.#times.wait, this.#times.timeout)
      if (wait === 0) this.expired()
      else this.#timer = this.#clock.schedule(wait, this)
    })
    return this.#done
  }

  expired(): void {
    if (this.phase === 'waiting') {
      this.phase = 'draining inbound'
      for (const listener of this.#inbound) listener.drain()
    }
    if (this.phase === 'draining inbound' && !this.#inbound.some(({ busy }) => busy)) {
      this.phase = 'draining outbound'
      this.#outbound?.drain()
    }
    const over = this.#clock.now() - this.#startedAt >= this.#times.timeout
    const empty = this.phase === 'draining outbound' && this.#outbound?.busy !== true
    if (empty || over) this.#finish()
    else this.#timer = this.#clock.schedule(LOOK, this)
  }

  #finish(): void {
    this.phase = 'drained'
    this.#outbound?.drain()
    this.#settle?.()
  }

  cancel(): void {
    this.#clock.cancel(this.#timer)
  }
}
