/**
 * How many requests the application is given at once, worked out from how long its answers take: arithmetic only.
 *
 * An application with room answers in its own time however many it is given; one without room answers the later the more
 * it is given. So whether waiting is part of a time is found out by giving it less: when that makes answers come sooner by
 * as much, they had waited; when it does not, the time is the application's own.
 */

/** What one window saw. A window holds requests that were let in under one limit. */
export interface Seen {
  /** Mean ms to the head of a good answer; undefined where there was none. */
  readonly took: number | undefined
  /** Most requests in flight when one was let in. */
  readonly peak: number
  /** How many were in flight when one of those answered was let in, itself included: the mean. */
  readonly load: number
  /** Good answers. */
  readonly answers: number
  /** Requests that ran into their time limit. */
  readonly drops: number
}

/** Where it starts; it doubles from there until answers get slower for the first time. */
const FIRST = 20
/** Answers may take this many times as long as without a queue. */
const TOLERANCE = 1.5
/** ms that our own event loop may add to any answer. */
const SLACK = 2
/** One window takes at most half away. */
const STEEPEST = 0.5
/** The share of the way to the new limit that one window goes. */
const SMOOTHING = 0.5
/** Of drops in a window, from which the limit falls whatever the times say, and what is left of it. */
const DROPS = 0.1
const AFTER_DROPS = 0.9
/** How fast the application's own time follows what is seen: downwards, and upwards. */
const DOWN = 0.2
const UP = 0.05
/** Windows in a row at the limit, with answers that wait, before it is found out anew how long they take without. */
const HELD = 30
/** The same as long as it was never found out: what was seen first may have been a queue. */
const HELD_AT_FIRST = 3
/** What is left of the limit at each step down. */
const STEP = 0.75
/** A step is judged once the requests in flight are this share of what they were. */
const JUDGED = 0.85
/** Answers that take so much longer although there are fewer in flight: something else happened, and nothing is learned. */
const DISTURBED = 1.15

interface Step {
  readonly limit: number
  readonly load: number
  readonly took: number
}

/** The limit, and what it is made of. */
export class Gradient {
  readonly min: number
  readonly max: number
  /** Not rounded. */
  limit: number
  /** ms: what the application takes of itself, without a queue; undefined until the first window. */
  own: number | undefined
  /** Answers have not got slower yet. */
  starting: boolean
  /** On the way down, step by step, for as long as each helps. */
  descending: boolean
  /** Windows at the limit in a row. */
  held: number
  /** `own` was found out by a step down. */
  measured: boolean
  /** In flight, and the time it took: what the next smaller number is compared with. */
  #before: Step | undefined

  constructor(min: number, max: number) {
    this.min = min
    this.max = Math.max(min, max)
    this.limit = Math.min(Math.max(FIRST, min), this.max)
    this.own = undefined
    this.starting = true
    this.descending = false
    this.held = 0
    this.measured = false
    this.#before = undefined
  }

  /** A window is over. */
  learn(seen: Seen): void {
    const { took, peak, load, answers, drops } = seen
    if (took !== undefined) {
      this.own ??= took
      if (peak < this.limit / 2) this.#idle(took)
      else this.#used({ limit: this.limit, load, took }, peak >= Math.floor(this.limit))
    }
    if (drops >= DROPS * (answers + drops)) {
      this.starting = false
      this.#move(this.limit * AFTER_DROPS)
    }
  }

  /** The limit was not in the way, so what is seen is the application's own time, and says nothing of the limit. */
  #idle(took: number): void {
    const own = this.own as number
    this.own = own + (took - own) * (took < own ? DOWN : UP)
    this.#forget()
  }

  /**
   * Here the application's own time only falls, or is measured by a step down: it must not follow a queue upwards.
   * `reached`: the limit itself, and not only half of it.
   */
  #used(now: Step, reached: boolean): void {
    const own = this.own as number
    if (now.took < own) this.own = own + (now.took - own) * DOWN
    const before = this.#before
    if (before === undefined || now.load > before.load * JUDGED) {
      if (before === undefined || now.load > before.load) this.#before = now
    } else {
      this.#before = now
      const verdict = judge(before, now)
      if (verdict === 'own') {
        this.own = now.took
        this.measured = true
        this.#forget()
        this.#move(Math.max(this.limit, before.limit))
        return
      }
      if (this.descending && verdict === 'queue') {
        this.#descend()
        return
      }
    }
    this.descending = false
    this.#follow(gradient(this.own as number, now.took), now, reached)
  }

  #follow(slope: number, now: Step, reached: boolean): void {
    this.held = slope < 1 && reached ? this.held + 1 : 0
    if (this.held >= (this.measured ? HELD : HELD_AT_FIRST)) {
      this.held = 0
      this.#before = now
      this.#descend()
    } else if (slope === 1 && this.starting) this.#move(this.limit * 2)
    else {
      this.starting = false
      this.#move(towards(this.limit, slope))
    }
  }

  /** At the floor there is no step left. */
  #descend(): void {
    this.descending = this.limit > this.min
    this.#move(this.limit * STEP)
  }

  #forget(): void {
    this.#before = undefined
    this.descending = false
    this.held = 0
  }

  #move(limit: number): void {
    this.limit = Math.min(Math.max(limit, this.min), this.max)
  }
}

/** 0.5…1: what is left of the limit, by how much longer answers take than of themselves. */
export function gradient(own: number, took: number): number {
  return Math.max(STEEPEST, Math.min(1, (own * TOLERANCE + SLACK) / took))
}

/** The next limit: what the gradient leaves, and room for a short queue, without which it could never grow. */
export function towards(limit: number, slope: number): number {
  return limit + SMOOTHING * (limit * slope + Math.sqrt(limit) - limit)
}

/**
 * What fewer requests in flight did to the time of answers. `queue`: they come sooner, by more than half of what a queue
 * would have got shorter by. `own`: they do not. `disturbed`: they take longer.
 */
export function judge(before: Omit<Step, 'limit'>, now: Omit<Step, 'limit'>): 'queue' | 'own' | 'disturbed' {
  if (now.took > before.took * DISTURBED) return 'disturbed'
  const sooner = 1 - now.took / before.took
  return sooner >= (1 - now.load / before.load) / 2 ? 'queue' : 'own'
}

/** Shortest window, ms. */
const SHORTEST = 200
/** Fewer answers say nothing. */
const ENOUGH = 20
/** The first window is short: when it all begins with too many, the first answers are the ones that did not wait. */
const FIRST_ANSWERS = 5

/**
 * Whether a window of `age` ms with that many ends is over. It lasts twice as long as answers took in the one before (0:
 * there was none), or it would hold only the quick ones.
 */
export function isOver(age: number, ends: number, took: number): boolean {
  if (took === 0) return ends >= FIRST_ANSWERS
  return ends >= ENOUGH && age >= Math.max(SHORTEST, 2 * took)
}
