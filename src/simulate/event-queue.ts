/** What will happen, in order of time; what happens at one moment, in the order it was announced. */

/** A binary heap in three columns: no object per event but the callback. */
export class EventQueue {
  readonly #due: number[] = []
  readonly #order: number[] = []
  readonly #what: (() => void)[] = []
  #announced = 0

  get size(): number {
    return this.#due.length
  }

  /** ms; Infinity when nothing is to come. */
  get next(): number {
    return this.#due[0] ?? Number.POSITIVE_INFINITY
  }

  add(due: number, what: () => void): void {
    const order = this.#announced++
    let at = this.#due.length
    this.#due.push(due)
    this.#order.push(order)
    this.#what.push(what)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#before(due, order, parent)) break
      this.#move(parent, at)
      at = parent
    }
    this.#put(at, due, order, what)
  }

  /** The earliest, out of the queue, which must not be empty. */
  take(): () => void {
    const first = this.#what[0] as () => void
    const due = this.#due.pop() as number
    const order = this.#order.pop() as number
    const what = this.#what.pop() as () => void
    if (this.#due.length > 0) this.#sink(due, order, what)
    return first
  }

  #sink(due: number, order: number, what: () => void): void {
    const size = this.#due.length
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= size) break
      if (child + 1 < size && this.#before(this.#due[child + 1] as number, this.#order[child + 1] as number, child)) {
        child++
      }
      if (this.#before(due, order, child)) break
      this.#move(child, at)
      at = child
    }
    this.#put(at, due, order, what)
  }

  #before(due: number, order: number, than: number): boolean {
    const other = this.#due[than] as number
    return due < other || (due === other && order < (this.#order[than] as number))
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#due[from] as number, this.#order[from] as number, this.#what[from] as () => void)
  }

  #put(at: number, due: number, order: number, what: () => void): void {
    this.#due[at] = due
    this.#order[at] = order
    this.#what[at] = what
  }
}
