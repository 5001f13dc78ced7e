/**
 * One endpoint: ready → ejected → probing → ready or ejected. Pure: time comes in with each call, and whether it may be
 * set aside is decided by whoever knows the others.
 */
import type { EndpointState } from '../../core/endpoint-states.ts'
import type { Clock } from '../../core/clock.ts'
import type { Mode, OutlierSnapshot } from '../../core/events.ts'
import { TimeWindow } from '../../core/time-window.ts'
import { type EjectReason, PROBE_WAIT, RATE_WINDOW, timesEjected, whyEject } from './decide.ts'

/** ms after which an endpoint that left its service is forgotten, though it was set aside. */
const FORGET = 10 * 60_000

export class Member implements EndpointState {
  readonly address: string
  readonly #service: string
  readonly #clock: Clock
  /** As of the group's. */
  readonly #mode: () => Mode
  state: 'ready' | 'ejected' | 'probing'
  /** It is among the endpoints of the service. */
  listed: boolean
  /** It would have been set aside, and too many are: said once. */
  capped: boolean
  /** Failures since the last success. */
  consecutive: number
  readonly window: TimeWindow
  /** How often it counts as set aside. */
  times: number
  /** While ejected: when it may be asked. */
  until: number
  /** When it came back. */
  #readySince: number
  /** Counts states; an outcome counts only in the one that let the attempt in. */
  #generation: number
  #probeAt: number
  /** The probe has a good head. */
  #probeAnswered: boolean

  constructor(service: string, address: string, clock: Clock, mode: () => Mode) {
    this.address = address
    this.#service = service
    this.#clock = clock
    this.#mode = mode
    this.state = 'ready'
    this.listed = false
    this.capped = false
    this.consecutive = 0
    this.window = new TimeWindow(RATE_WINDOW)
    this.times = 0
    this.until = 0
    this.#readySince = 0
    this.#generation = 1
    this.#probeAt = 0
    this.#probeAnswered = false
  }

  get generation(): number {
    return this.#generation
  }

  /** Its time is over, and nobody is asking it. */
  due(now: number): boolean {
    return this.state === 'ejected' && now >= this.until
  }

  /** Takes the one permit there is; what `settle` gives back or uses up. */
  probe(now: number): number {
    this.#become('probing')
    this.#probeAt = now
    this.#probeAnswered = false
    return this.#generation
  }

  /** The probe has a good head. */
  answered(generation: number): void {
    if (generation === this.#generation && this.state === 'probing') this.#probeAnswered = true
  }

  /** What became of a probe that takes too long; '' it does not yet. A body may take as long as it likes. */
  overdue(now: number): 'answered' | 'silent' | '' {
    if (this.state !== 'probing' || now - this.#probeAt < PROBE_WAIT) return ''
    return this.#probeAnswered ? 'answered' : 'silent'
  }

  /** The probe said nothing of the endpoint: the next request may ask. */
  giveBack(): void {
    this.#become('ejected')
  }

  /** An attempt while it is ready. Gives why it should be set aside; '' no reason. `limit`: failures in a row. */
  record(now: number, failed: boolean, limit: number): EjectReason | '' {
    this.window.record(now, failed, false)
    if (failed) {
      this.consecutive++
      return whyEject(this.consecutive, limit, this.window.calls, this.window.failed)
    }
    this.consecutive = 0
    this.capped = false
    return ''
  }

  /** ms in service since it came back. */
  countTimes(now: number, ejectFor: number): number {
    const inService = this.state === 'ready' ? now - this.#readySince : 0
    this.times = timesEjected(this.times, inService, ejectFor)
    return this.times
  }

  eject(until: number): void {
    this.until = until
    this.capped = false
    this.#become('ejected')
  }

  comeBack(now: number): void {
    this.consecutive = 0
    this.window.clear()
    this.#readySince = now
    this.#become('ready')
  }

  idle(now: number): boolean {
    if (this.listed) return false
    this.window.forget(now)
    return this.state === 'ready' ? this.window.calls === 0 : now - this.until > FORGET
  }

  snapshot(): OutlierSnapshot {
    const now = this.#clock.now()
    this.window.forget(now)
    const { calls, failed } = this.window
    return {
      kind: 'outlier',
      service: this.#service,
      address: this.address,
      // Its time is over: whoever may ask it does so next.
      state: this.due(now) ? 'probing' : this.state,
      mode: this.#mode(),
      consecutive: this.consecutive,
      calls,
      failureRatio: calls === 0 ? 0 : failed / calls,
      times: this.times,
      ejectedFor: this.state === 'ejected' ? Math.max(0, Math.ceil((this.until - now) / 100) / 10) : 0,
    }
  }

  #become(state: 'ready' | 'ejected' | 'probing'): void {
    this.#generation++
    this.state = state
  }
}
