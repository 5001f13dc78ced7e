/**
 * Time that passes only because something happens. It is the clock of every policy, with the same timer wheel as the real
 * one: a timer is never early and up to one tick late.
 */
import { type Clock, TICK, type Timed, type Timer, Wheel } from '../core/clock.ts'
import { type Event, EventQueue } from './event-queue.ts'

export class Engine implements Clock {
  readonly #start: number
  readonly #wheel = new Wheel(0)
  readonly #events = new EventQueue()
  #now = 0
  /** Not later than the next slot of the wheel that holds a timer; looking for it each time would cost too much. */
  #wake = Number.POSITIVE_INFINITY

  /** `start`: wall time of the moment 0, ms since 1970. */
  constructor(start: number) {
    this.#start = start
  }

  now(): number {
    return this.#now
  }

  exact(): number {
    return this.#now
  }

  wallTime(): number {
    return this.#start + this.#now
  }

  schedule(delay: number, target: Timed): Timer {
    const timer = this.#wheel.add(this.#now, delay, target)
    const slot = Math.ceil(timer.due / TICK) * TICK
    if (slot < this.#wake) this.#wake = slot
    return timer
  }

  cancel(timer: Timer | undefined): void {
    if (timer !== undefined) this.#wheel.remove(timer)
  }

  /** Calls `what` at `due`, to the fraction of a millisecond; a moment that has passed is now. */
  at(due: number, what: () => void): Event {
    return this.#events.add(Math.max(due, this.#now), what)
  }

  after(delay: number, what: () => void): Event {
    return this.at(this.#now + delay, what)
  }

  /** Lets everything happen until `over` says so, or until nothing is left to happen. Rejects with what an event throws. */
  run(over: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = (): void => {
        try {
          if (over() || !this.#step()) {
            resolve()
            return
          }
        } catch (error) {
          reject(error)
          return
        }
        queueMicrotask(then)
      }
      // Refusals come in microtasks (G1), and so may what follows from them. A tick that is asked for in a microtask comes
      // when all of them are done, and costs a tenth of a turn of the event loop.
      const then = (): void => process.nextTick(step)
      step()
    })
  }

  /** One event, or the timers of one tick. False: there is none. */
  #step(): boolean {
    const { next } = this.#events
    const wake = this.#wake
    if (next === Number.POSITIVE_INFINITY && wake === Number.POSITIVE_INFINITY) return false
    if (next < wake) {
      this.#now = next
      this.#events.take().what?.()
      return true
    }
    this.#now = Math.max(this.#now, wake)
    // What is told may arm timers of its own, and those lower the mark again.
    this.#wake = Number.POSITIVE_INFINITY
    this.#wheel.advance(this.#now)
    this.#wake = Math.min(this.#wake, this.#wheel.nextDue())
    return true
  }
}
