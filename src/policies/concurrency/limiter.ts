/** One adaptive limit: who is in flight, the window under way, and what it says of itself. It survives a reload. */
import { ProxyError } from '../../core/errors.ts'
import { type ConcurrencySnapshot, type Mode, type Observable, SHADOW } from '../../core/events.ts'
import { Gradient, isOver } from './decide.ts'

/** s, for `Retry-After`: places are free again soon, and nobody shall ask in a tight loop. */
const RETRY_AFTER = 1
/** ms after which a window that nobody is in is begun anew. */
const STALE = 10_000

export class Limiter implements Observable {
  readonly refusal: ProxyError
  readonly #identity: { readonly service: string; readonly policy: string }
  readonly #mode: Mode
  readonly #gradient: Gradient
  /** Whole requests that fit. */
  #limit: number
  #inflight: number
  /** Tells windows apart: what was let in under another limit says nothing of this one. */
  window: number
  #beganAt: number
  #peak: number
  #answers: number
  #drops: number
  /** ms, of all answers of the window. */
  #sum: number
  /** What was in flight when they were let in, added up. */
  #loads: number
  /** ms, mean of the window before. */
  #took: number

  constructor(
    identity: { readonly service: string; readonly policy: string },
    min: number,
    max: number,
    now: number,
    mode: Mode,
  ) {
    this.#identity = identity
    this.#mode = mode
    this.#gradient = new Gradient(min, max)
    this.#limit = Math.floor(this.#gradient.limit)
    this.#inflight = 0
    this.window = 0
    this.#beganAt = now
    this.#peak = 0
    this.#answers = 0
    this.#drops = 0
    this.#sum = 0
    this.#loads = 0
    this.#took = 0
    const cause = `the application of ${identity.service} has as many requests as it can carry at once`
    this.refusal = new ProxyError('concurrency_limit', 'proxy', 'no', cause, RETRY_AFTER)
  }

  /** Takes a place, and says how many are taken with it; 0: there is none. */
  enter(now: number): number {
    if (this.#inflight >= this.#limit) return 0
    if (this.#inflight === 0 && now - this.#beganAt > STALE) this.#begin(now)
    this.#inflight++
    if (this.#inflight > this.#peak) this.#peak = this.#inflight
    return this.#inflight
  }

  leave(): void {
    this.#inflight--
  }

  /** A good answer of the window under way began after `took` ms; `load` is what `enter` said. */
  answered(took: number, load: number, now: number): void {
    this.#sum += took
    this.#loads += load
    this.#answers++
    this.#look(now)
  }

  /** Its client left after `waited` ms without an answer: longer than usual, that is at least what an answer takes. */
  abandoned(waited: number, load: number, now: number): void {
    if (this.#took > 0 && waited > this.#took) this.answered(waited, load, now)
  }

  /** A request of the window under way ran into its time limit. */
  dropped(now: number): void {
    this.#drops++
    this.#look(now)
  }

  #look(now: number): void {
    const answers = this.#answers
    const drops = this.#drops
    if (!isOver(now - this.#beganAt, answers + drops, this.#took)) return
    const took = answers === 0 ? undefined : this.#sum / answers
    this.#gradient.learn({ took, peak: this.#peak, load: this.#loads / answers, answers, drops })
    if (took !== undefined) this.#took = took
    this.#limit = Math.floor(this.#gradient.limit)
    this.#begin(now)
  }

  #begin(now: number): void {
    this.window++
    this.#beganAt = now
    this.#peak = 0
    this.#answers = 0
    this.#drops = 0
    this.#sum = 0
    this.#loads = 0
  }

  snapshot(): ConcurrencySnapshot {
    const { own } = this.#gradient
    return {
      kind: 'concurrency',
      ...(this.#mode === 'shadow' && SHADOW),
      ...this.#identity,
      inflight: this.#inflight,
      limit: this.#limit,
      min: this.#gradient.min,
      max: this.#gradient.max,
      ownMs: own === undefined ? null : rounded(own),
      lastMs: rounded(this.#took),
    }
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100
}
