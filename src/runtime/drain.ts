/**
 * The end of a sidecar, in order: readiness off, a wait in which load balancers notice and answers say `Connection: close`, no
 * new inbound work, then the outbound side once the application has nothing more to ask for. In flight is finished, up to the
 * time that is given.
 */
import type { Clock, Timed, Timer } from '../core/clock.ts'
import { afterReading } from '../net/after-reading.ts'
import type { LoadDoor } from '../net/door.ts'
import type { Listeners } from './listeners.ts'
import type { TrafficListener } from './traffic-listener.ts'

export interface DrainTimes {
  /** ms between readiness off and the end of accepting. */
  readonly wait: number
  /** ms from the signal on, the wait included. */
  readonly timeout: number
  /** ms in which the application must have asked for nothing before the outbound side ends; 0: it has ended already. */
  readonly quiet: number
}

export type DrainPhase = 'serving' | 'announced' | 'waiting' | 'draining inbound' | 'draining outbound' | 'drained'

/** ms between looks at what is still in flight. */
const LOOK = 20
/** ms for which idle connections stay once nobody can connect any more: what their clients have just sent is on its way. */
const PARTING = 500

export class Drain implements Timed {
  phase: DrainPhase = 'serving'
  readonly #clock: Clock
  readonly #times: DrainTimes
  readonly #listeners: Pick<Listeners, 'inbound' | 'outbound'>
  readonly #door: LoadDoor | undefined
  #startedAt = 0
  /** When the listeners of the phase were told to go. */
  #leftAt = 0
  /** When outbound was last seen with something in flight. */
  #askedAt = 0
  #timer: Timer | undefined
  #settle: (() => void) | undefined
  #done: Promise<void> | undefined

  constructor(clock: Clock, times: DrainTimes, listeners: Pick<Listeners, 'inbound' | 'outbound'>, door?: LoadDoor) {
    this.#clock = clock
    this.#times = times
    this.#listeners = listeners
    this.#door = door
  }

  get inboundDraining(): boolean {
    return this.phase !== 'serving'
  }

  get outboundDraining(): boolean {
    return this.phase === 'draining outbound' || this.phase === 'drained'
  }

  /** Readiness off, and answers send clients away; everything is still taken. What a pod's `preStop` asks for. */
  announce(): void {
    if (this.phase === 'serving') this.phase = 'announced'
  }

  /** Settles when nothing is in flight any more or the time is over; further calls get the same promise. */
  start(): Promise<void> {
    this.#done ??= new Promise((resolve) => {
      this.#settle = resolve
      this.#startedAt = this.#clock.now()
      this.#askedAt = this.#startedAt
      // Nobody balances load onto a sidecar without an inbound listener, and who announced it has waited.
      const waits = this.#listeners.inbound.length > 0 && this.phase !== 'announced'
      const wait = waits ? Math.min(this.#times.wait, this.#times.timeout) : 0
      this.phase = 'waiting'
      if (wait === 0) this.#step()
      else this.#timer = this.#clock.schedule(wait, this)
    })
    return this.#done
  }

  /** A listener has left: whether that was the last thing need not wait for the timer. */
  readonly #look = (): void => {
    this.#clock.cancel(this.#timer)
    if (this.phase !== 'drained') this.#step()
  }

  /** A request that waits in the kernel is no sign of an idle connection. */
  expired(timer: Timer): void {
    afterReading(() => {
      if (this.#timer === timer) this.#step()
    })
  }

  #step(): void {
    const now = this.#clock.now()
    const { inbound, outbound } = this.#listeners
    if (this.phase === 'waiting') this.#leave('draining inbound', inbound)
    if (outbound.some(({ busy }) => busy)) this.#askedAt = now
    if (this.phase === 'draining inbound' && this.#gone(inbound, now) && this.#quietSince(now)) {
      this.#leave('draining outbound', outbound)
    }
    const over = now - this.#startedAt >= this.#times.timeout
    const empty = this.phase === 'draining outbound' && this.#gone(outbound, now)
    if (empty || over) this.#finish()
    else this.#timer = this.#clock.schedule(LOOK, this)
  }

  #leave(phase: DrainPhase, listeners: readonly TrafficListener[]): void {
    this.phase = phase
    this.#leftAt = this.#clock.now()
    for (const listener of listeners) listener.drain(this.#look, this.#clock, this.#door)
  }

  /** Nothing is in flight, nor on its way. */
  #gone(listeners: readonly TrafficListener[], now: number): boolean {
    const parted = now - this.#leftAt >= PARTING
    if (parted) for (const listener of listeners) listener.dismiss()
    return listeners.every(({ busy, expecting }) => !busy && (parted || !expecting))
  }

  #quietSince(now: number): boolean {
    return now - this.#askedAt >= this.#times.quiet
  }

  #finish(): void {
    if (!this.outboundDraining) this.#leave('draining outbound', this.#listeners.outbound)
    this.phase = 'drained'
    this.#timer = undefined
    this.#settle?.()
  }

  cancel(): void {
    this.#clock.cancel(this.#timer)
    this.#timer = undefined
  }
}
