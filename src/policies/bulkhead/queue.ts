/** First in, first out; whoever leaves early is unlinked at once, wherever it stands. */

/** What may stand in the queue. The links are the queue's own. */
export interface Queued {
  before: Queued | undefined
  after: Queued | undefined
  /** Its turn has come: it has a slot. */
  start(): void
  /** Its start threw, a defect of ours. */
  broke(error: unknown): void
}

export class Queue {
  #first: Queued | undefined
  #last: Queued | undefined

  push(entry: Queued): void {
    entry.before = this.#last
    entry.after = undefined
    if (this.#last === undefined) this.#first = entry
    else this.#last.after = entry
    this.#last = entry
  }

  shift(): Queued | undefined {
    const entry = this.#first
    if (entry !== undefined) this.remove(entry)
    return entry
  }

  /** `entry` stands in this queue. */
  remove(entry: Queued): void {
    if (entry.before === undefined) this.#first = entry.after
    else entry.before.after = entry.after
    if (entry.after === undefined) this.#last = entry.before
    else entry.after.before = entry.before
    entry.before = undefined
    entry.after = undefined
  }
}
