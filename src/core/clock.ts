/** Time, as a parameter. One coarse timer wheel serves every request deadline, so that a timer costs two list links. */

/** What is told when a timer runs out. */
export interface Timed {
  expired(timer: Timer): void
}

export interface Clock {
  /**
   * Monotonic, ms. Of the real clock, while a socket's event is under way: when it was asked first in that event. What one read
   * causes happens at one time, and is about as old at most as a turn of one connection may last (`TURN` of src/http2/read-turns.ts).
   */
  now(): number
  /** Monotonic, ms: asked anew each time, for whoever measures how long an event itself takes. */
  exact(): number
  /** Since 1970, ms, of the same moment as `now`. */
  wallTime(): number
  /** Calls `target.expired(timer)` once, `delay` ms from now or up to one tick of the wheel later, never earlier. */
  schedule(delay: number, target: Timed): Timer
  /** Stops a timer; nothing happens when it ran out before or was never made. */
  cancel(timer: Timer | undefined): void
}

/** A place in the wheel. */
export class Timer {
  /** On the clock, ms. */
  readonly due: number
  readonly target: Timed
  /** The wheel's own links. */
  previous: Timer | undefined
  next: Timer | undefined
  slot: number

  constructor(due: number, target: Timed) {
    this.due = due
    this.target = target
    this.previous = undefined
    this.next = undefined
    this.slot = -1
  }

  get active(): boolean {
    return this.slot >= 0
  }
}

/** ms per slot: what a timer may be late by. */
export const TICK = 8
/** A rotation is about four seconds; timers further away stay in their slot for several. */
const SLOTS = 512 // a power of two: `%` on a double is a call into the C library

/** Hashed timer wheel (Varghese & Lauck): insert and remove in O(1), expiry by walking the slots that passed. */
export class Wheel {
  readonly #heads: (Timer | undefined)[]
  /** The tick that was walked last. */
  #tick: number
  #count: number

  constructor(now: number) {
    this.#heads = new Array(SLOTS).fill(undefined)
    this.#tick = Math.floor(now / TICK)
    this.#count = 0
  }

  get size(): number {
    return this.#count
  }

  add(now: number, delay: number, target: Timed): Timer {
    if (this.#count === 0) this.#tick = Math.floor(now / TICK)
    const timer = new Timer(now + (delay > 0 ? delay : 0), target)
    // Rounded up: walked only when its whole tick has passed, so never early.
    const tick = Math.max(Math.ceil(timer.due / TICK), this.#tick + 1)
    const slot = tick & (SLOTS - 1)
    const head = this.#heads[slot]
    timer.slot = slot
    timer.next = head
    if (head !== undefined) head.previous = timer
    this.#heads[slot] = timer
    this.#count++
    return timer
  }

  remove(timer: Timer): void {
    if (timer.slot < 0) return
    if (timer.previous === undefined) this.#heads[timer.slot] = timer.next
    else timer.previous.next = timer.next
    if (timer.next !== undefined) timer.next.previous = timer.previous
    timer.previous = undefined
    timer.next = undefined
    timer.slot = -1
    this.#count--
  }

  /** Expires what is due at `now`. A target may add and remove timers while it is told. */
  advance(now: number): void {
    const target = Math.floor(now / TICK)
    if (target - this.#tick > SLOTS) this.#tick = target - SLOTS
    while (this.#tick < target && this.#count > 0) {
      this.#tick++
      this.#expire(this.#tick & (SLOTS - 1), now)
    }
    if (this.#count === 0) this.#tick = target
  }

  /** When the next slot in use has passed, ms; Infinity when none is. What lies rotations away wakes its slot early. */
  nextDue(): number {
    if (this.#count === 0) return Number.POSITIVE_INFINITY
    for (let tick = this.#tick + 1; tick <= this.#tick + SLOTS; tick++) {
      if (this.#heads[tick & (SLOTS - 1)] !== undefined) return tick * TICK
    }
    return Number.POSITIVE_INFINITY
  }

  /** Takes all that is due out of the slot first: a target may remove its neighbour. */
  #expire(slot: number, now: number): void {
    let due: Timer[] | undefined
    for (let timer = this.#heads[slot]; timer !== undefined; timer = timer.next) {
      if (timer.due <= now) {
        if (due === undefined) due = []
        due.push(timer)
      }
    }
    if (due === undefined) return
    // Newest first in the list, oldest first when told.
    for (let i = due.length - 1; i >= 0; i--) {
      const timer = due[i] as Timer
      if (timer.slot < 0) continue
      this.remove(timer)
      tell(timer)
    }
  }
}

/** A throw is a defect of that target; the others are told all the same, and the process hears of it afterwards (G6). */
function tell(timer: Timer): void {
  try {
    timer.target.expired(timer)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}

/** An event is under way, and what the clock said in it, ms; 0: it was not asked yet. */
let inEvent = false
let moment = 0
let wallMoment = 0

/** To be called at the root of an event of a socket: time stands still until `eventEnds`. */
export function eventBegins(): void {
  inEvent = true
  moment = 0
  wallMoment = 0
}

export function eventEnds(): void {
  inEvent = false
}

/** Monotonic, ms: of the machine, for what decides nothing about an exchange. */
export function machineTime(): number {
  return performance.now()
}

/** The real clock. One Node timer is armed for the earliest slot in use, none while the wheel is empty. */
export class SystemClock implements Clock {
  readonly #wheel = new Wheel(performance.now())
  /** When the Node timer fires, ms; Infinity while none is armed. */
  #armedFor = Number.POSITIVE_INFINITY
  #handle: NodeJS.Timeout | undefined
  readonly #onFire = () => this.#walk()

  /** Ten layers ask for each request, and to look costs 40 ns. */
  now(): number {
    if (!inEvent) return performance.now()
    if (moment === 0) moment = performance.now()
    return moment
  }

  exact(): number {
    return performance.now()
  }

  wallTime(): number {
    if (!inEvent) return Date.now()
    if (wallMoment === 0) wallMoment = Date.now()
    return wallMoment
  }

  schedule(delay: number, target: Timed): Timer {
    const now = this.now()
    const timer = this.#wheel.add(now, delay, target)
    // Compared with what it would be armed for: else each later timer would push the wake-up on, and none would come.
    const wake = timer.due + TICK
    if (wake < this.#armedFor) this.#arm(wake, now)
    return timer
  }

  cancel(timer: Timer | undefined): void {
    // The Node timer stays: firing once for nothing is cheaper than arming anew for each request.
    if (timer !== undefined) this.#wheel.remove(timer)
  }

  #arm(due: number, now: number): void {
    if (this.#handle !== undefined) clearTimeout(this.#handle)
    this.#armedFor = due
    this.#handle = setTimeout(this.#onFire, Math.max(1, due - now))
    // Sockets keep the process; a timer that may fire for nothing must not.
    this.#handle.unref()
  }

  #walk(): void {
    this.#handle = undefined
    this.#armedFor = Number.POSITIVE_INFINITY
    const now = performance.now()
    this.#wheel.advance(now)
    const next = this.#wheel.nextDue()
    if (next < this.#armedFor) this.#arm(next, now)
  }
}
