/**
 * What a Tomcat has: so many request threads, and an accept queue without an end. It is the queue that turns one slow
 * dependency into an outage of everything: a request that needs nothing but a slot waits behind those that hold them all.
 */

/** A request waiting for a slot, or in one. It must call `leave` exactly once. */
export type Task = (leave: () => void) => void

export class Slots {
  readonly limit: number
  #queue: Task[] = []
  #first = 0
  busy = 0
  /** Most that were ever busy at once, since `resetPeak`. */
  peak = 0
  /** Most that waited at once, since `resetPeak`. */
  peakWaiting = 0

  constructor(limit: number) {
    this.limit = limit
  }

  /** Requests waiting for a slot. */
  get waiting(): number {
    return this.#queue.length - this.#first
  }

  /** Runs the task as soon as a slot is free, first in, first out. */
  enter(task: Task): void {
    if (this.busy < this.limit) this.#run(task)
    else {
      this.#queue.push(task)
      if (this.waiting > this.peakWaiting) this.peakWaiting = this.waiting
    }
  }

  resetPeak(): void {
    this.peak = this.busy
    this.peakWaiting = this.waiting
  }

  #run(task: Task): void {
    this.busy++
    if (this.busy > this.peak) this.peak = this.busy
    let inside = true
    task(() => {
      if (!inside) return
      inside = false
      this.busy--
      this.#next()
    })
  }

  #next(): void {
    const task = this.#queue[this.#first]
    if (task === undefined) return
    this.#first++
    // The front of the array is given back in large pieces: shifting one by one would cost the length each time.
    if (this.#first > 1024 && this.#first * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#first)
      this.#first = 0
    }
    this.#run(task)
  }
}
