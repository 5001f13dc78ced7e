/** What was taken away lately: an answer that was asked for before, and comes after, must not bring it back. */
import { ownText } from '../../core/latin1.ts'

/** Targets that are remembered; more than so many writes in the time of one GET, and what it brings is not kept. */
const MOST = 1024
/** Characters of a target that is worth remembering. */
const LONGEST = 1024

export class Changes {
  /** How many there were: what an answer remembers of the time it was asked for. */
  count: number
  /** Which was the last of each target, the oldest first. */
  readonly #last: Map<string, number>
  /** Up to this one it is not known what they were of. */
  #forgotten: number

  constructor() {
    this.count = 0
    this.#last = new Map()
    this.#forgotten = 0
  }

  note(target: string): void {
    const last = this.#last
    this.count++
    if (target.length > LONGEST) {
      this.#forgotten = this.count
      return
    }
    last.delete(target)
    last.set(ownText(target), this.count)
    if (last.size <= MOST) return
    for (const [oldest, at] of last) {
      last.delete(oldest)
      this.#forgotten = Math.max(this.#forgotten, at)
      return
    }
  }

  /** Whether `target` may have been taken away since there were `count` changes. */
  since(count: number, target: string): boolean {
    if (count === this.count) return false
    return count < this.#forgotten || (this.#last.get(target) ?? 0) > count
  }
}
