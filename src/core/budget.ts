/**
 * How many added attempts, retries or hedges, a service bears. When everything fails, every client that retries doubles the
 * load on what is already down; a share of the traffic bounds that whatever `max` says. The floor lets a quiet client retry
 * at all.
 */
import type { Clock } from './clock.ts'
import { type BudgetSnapshot, type Mode, type Observable, SHADOW } from './events.ts'

/** Pieces of the window; what leaves it leaves by the piece. */
const BUCKETS = 20

export interface BudgetLimits {
  /** Of first attempts, 0…1. */
  readonly percent: number
  /** ms */
  readonly window: number
  readonly minPerSecond: number
}

export class Budget implements Observable {
  readonly #of: BudgetSnapshot['of']
  readonly #service: string
  readonly #limits: BudgetLimits
  readonly #clock: Clock
  readonly #mode: Mode
  readonly #bucketMs: number
  readonly #firsts = new Uint32Array(BUCKETS)
  readonly #extras = new Uint32Array(BUCKETS)
  /** The bucket in use, counted since the clock began. */
  #tick: number
  #firstsInWindow: number
  #extrasInWindow: number

  constructor(of: BudgetSnapshot['of'], service: string, limits: BudgetLimits, clock: Clock, mode: Mode = 'enforce') {
    this.#of = of
    this.#service = service
    this.#limits = limits
    this.#clock = clock
    this.#mode = mode
    this.#bucketMs = limits.window / BUCKETS
    this.#tick = Math.floor(clock.now() / this.#bucketMs)
    this.#firstsInWindow = 0
    this.#extrasInWindow = 0
  }

  /** A request's first attempt, at `now` ms; a time that lies behind counts as the newest known. */
  deposit(now: number): void {
    this.#advance(now)
    const bucket = this.#tick % BUCKETS
    this.#firsts[bucket] = (this.#firsts[bucket] as number) + 1
    this.#firstsInWindow++
  }

  /** Whether one more attempt is allowed at `now` ms; charges it if so. */
  withdraw(now: number): boolean {
    this.#advance(now)
    if (this.#extrasInWindow >= this.#allowed()) return false
    const bucket = this.#tick % BUCKETS
    this.#extras[bucket] = (this.#extras[bucket] as number) + 1
    this.#extrasInWindow++
    return true
  }

  snapshot(): BudgetSnapshot {
    this.#advance(this.#clock.now())
    const remaining = Math.max(0, this.#allowed() - this.#extrasInWindow)
    const { percent } = this.#limits
    const mode = this.#mode === 'shadow' && SHADOW
    // cold: runs when somebody looks
    return { kind: 'budget', of: this.#of, ...mode, service: this.#service, remaining, percent }
  }

  #allowed(): number {
    return allowedExtras(this.#firstsInWindow, this.#limits)
  }

  #advance(now: number): void {
    const tick = Math.floor(now / this.#bucketMs)
    if (tick <= this.#tick) return
    const steps = Math.min(tick - this.#tick, BUCKETS)
    for (let i = 1; i <= steps; i++) {
      const bucket = (this.#tick + i) % BUCKETS
      this.#firstsInWindow -= this.#firsts[bucket] as number
      this.#extrasInWindow -= this.#extras[bucket] as number
      this.#firsts[bucket] = 0
      this.#extras[bucket] = 0
    }
    this.#tick = tick
  }
}

/** Whole attempts allowed on top in a window with that many first attempts: the larger of share and floor, not their sum. */
export function allowedExtras(firsts: number, limits: BudgetLimits): number {
  const allowed = Math.max(limits.percent * firsts, (limits.minPerSecond * limits.window) / 1000)
  // 0.29 × 100 is a hair under 29.
  return Math.floor(allowed + 1e-9)
}
