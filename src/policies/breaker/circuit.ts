/**
 * The state machine, after resilience4j: closed → open → half-open → closed or open. Pure: time comes in with each call, a
 * transition is left in `change` for whoever announces it.
 */
import type { BreakerState } from '../../core/events.ts'
import type { Random } from '../../core/random.ts'
import type { Window } from '../../core/time-window.ts'
import { type Limits, type OpenTimes, openFor, seconds, tripped } from './decide.ts'
import { Probes } from './probes.ts'
import { MAX_AGE } from './window.ts'

export interface CircuitConfig extends Limits {
  readonly minimumCalls: number
  readonly open: OpenTimes
  /** Requests let through while half-open. */
  readonly probes: number
  /** ms. */
  readonly maxWait: number
}

export interface Change {
  readonly from: BreakerState
  /** What made it change, with figures. */
  readonly why: string
}

/** `admit` gives the generation that admitted, which is above 0, or this. */
export const REFUSED = 0

export class Circuit {
  state: BreakerState
  forced: 'open' | 'closed' | 'auto'
  change: Change | undefined
  readonly window: Window
  readonly probes: Probes
  readonly #config: CircuitConfig
  readonly #random: Random
  /** Counts states; an outcome counts only in the generation that admitted it. */
  #generation: number
  /** Half-open times that failed since it was closed. */
  #again: number
  /** While open: when it will ask. */
  #openUntil: number

  constructor(config: CircuitConfig, window: Window, random: Random) {
    this.state = 'closed'
    this.forced = 'auto'
    this.change = undefined
    this.window = window
    this.probes = new Probes(config.probes, config.maxWait, config)
    this.#config = config
    this.#random = random
    this.#generation = 1
    this.#again = 0
    this.#openUntil = 0
  }

  /** Closed: no clock need be read to admit. */
  get passing(): boolean {
    return this.state === 'closed'
  }

  get generation(): number {
    return this.#generation
  }

  /** Whether a request would be admitted; takes no permit. */
  admits(now: number): boolean {
    if (this.state === 'half_open') this.#judgeProbes(now)
    if (this.state === 'closed') return true
    return this.state === 'open' ? now >= this.#openUntil : this.probes.free
  }

  /** The generation that admits a request, or REFUSED. What is admitted ends in `record` or `giveBack`. */
  admit(now: number): number {
    if (!this.admits(now)) return REFUSED
    if (this.state === 'open') {
      this.probes.begin(now)
      this.#become('half_open', `the open time is over; probes let through: ${this.#config.probes}`)
    }
    if (this.state === 'half_open') this.probes.take()
    return this.#generation
  }

  /** A good head came; the body is still to come. */
  answered(generation: number): void {
    if (generation === this.#generation && this.state === 'half_open') this.probes.answer()
  }

  /** `answered`: said so before. */
  record(generation: number, failed: boolean, slow: boolean, answered: boolean, now: number): void {
    if (generation !== this.#generation) return
    if (this.state === 'half_open') {
      this.probes.end(failed, slow, answered)
      this.#judgeProbes(now)
    } else if (this.state === 'closed') {
      this.window.record(now, failed, slow)
      this.#judgeWindow(now)
    }
  }

  /** It said nothing of the upstream. */
  giveBack(generation: number, answered: boolean): void {
    if (generation === this.#generation && this.state === 'half_open') this.probes.giveBack(answered)
  }

  /** ms until it asks; 0 unless open by itself. */
  opensFor(now: number): number {
    return this.state === 'open' && this.forced === 'auto' ? Math.max(0, this.#openUntil - now) : 0
  }

  /** Left to itself again it is closed, with nothing counted. */
  force(to: 'open' | 'closed' | 'auto'): void {
    if (to === this.forced) return
    this.forced = to
    if (to === 'open') {
      this.#openUntil = Number.POSITIVE_INFINITY
      this.#become('open', 'forced open by the operator')
    } else {
      this.#close(to === 'closed' ? 'forced closed by the operator' : 'left to itself by the operator')
    }
  }

  /** It says nothing that a new circuit would not say as well. */
  idle(now: number): boolean {
    if (this.forced !== 'auto') return false
    this.window.forget(now)
    if (this.state === 'closed') return this.window.calls === 0
    return now - (this.state === 'open' ? this.#openUntil : this.probes.dueAt) > MAX_AGE
  }

  /** While forced closed calls are counted, to be looked at, and nothing trips. */
  #judgeWindow(now: number): void {
    const { calls, failed, slow } = this.window
    if (this.forced !== 'auto' || calls < this.#config.minimumCalls) return
    const rate = tripped(this.#config, calls, failed, slow)
    if (rate !== '') this.#open(now, this.#figures(rate, rate === 'failed' ? failed : slow, calls, 'calls'))
  }

  #judgeProbes(now: number): void {
    const verdict = this.probes.verdict(now)
    if (verdict === undefined) return
    const { rate, of, failed, slow } = verdict
    if (rate === '') {
      this.#close(`${of - failed} of ${of} probes succeeded`)
    } else {
      this.#again++
      this.#open(now, this.#figures(rate, rate === 'failed' ? failed : slow, of, 'probes'))
    }
  }

  #open(now: number, why: string): void {
    const time = openFor(this.#config.open, this.#again, this.#random.fraction())
    this.#openUntil = now + time
    this.#become('open', `${why}; open for ${seconds(time)} s`)
  }

  #close(why: string): void {
    this.#again = 0
    this.window.clear()
    this.#become('closed', why)
  }

  /** A new generation, also from open to forced open: what was admitted before counts no more. */
  #become(state: BreakerState, why: string): void {
    const from = this.state
    this.#generation++
    this.state = state
    if (from !== state) this.change = { from, why }
  }

  #figures(rate: 'failed' | 'slow', count: number, of: number, what: string): string {
    const limit = rate === 'failed' ? this.#config.failureRate : this.#config.slowRate
    const word = rate === 'failed' ? 'failed' : 'were slow'
    return `${count} of ${of} ${what} ${word} (${percent(count / of)}, limit ${percent(limit)})`
  }
}

function percent(fraction: number): string {
  return `${Math.round(fraction * 1000) / 10} %`
}
