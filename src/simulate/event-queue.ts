/** What will happen, in order of time; what happens at one moment, in the order it was announced. */

/** A moment to come. */
export class Event {
  /** ms. */
  readonly due: number
  readonly order: number
  /** undefined: called off. What it would have held on to is free. */
  what: (() => void) | undefined

  constructor(due: number, order: number, what: () => void) {
    this.due = due
    this.order = order
    this.what = what
  }

  before(other: Event): boolean {
    return this.due < other.due || (this.due === other.due && this.order < other.order)
  }
}

/** A binary heap. */
export class EventQueue {
  readonly #events: Event[] = []
  #announced = 0

  /** ms; Infinity when nothing is to come. */
  get next(): number {
    return this.#events[0]?.due ?? Number.POSITIVE_INFINITY
  }

  add(due: number, what: () => void): Event {
    const events = this.#events
    const event = new Event(due, this.#announced++, what)
    let at = events.length
    events.push(event)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = events[parent] as Event
      if (above.before(event)) break
      events[at] = above
      at = parent
    }
    events[at] = event
    return event
  }

  /** The earliest, out of the queue, which must not be empty. */
  take(): Event {
    const events = this.#events
    const first = events[0] as Event
    const last = events.pop() as Event
    if (events.length > 0) this.#sink(last)
    return first
  }

  /** From the top to its place. */
  #sink(event: Event): void {
    const events = this.#events
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= events.length) break
      if (child + 1 < events.length && (events[child + 1] as Event).before(events[child] as Event)) child++
      const below = events[child] as Event
      if (event.before(below)) break
      events[at] = below
      at = child
    }
    events[at] = event
  }
}
