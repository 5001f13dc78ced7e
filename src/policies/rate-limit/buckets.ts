/**
 * The buckets of one block, a bounded number of them. A key that is full again says nothing that a new one would not say,
 * so it may go at any time; one that is not is never thrown out, whoever comes: else inventing keys would be a way to
 * be rid of one's own limit. For whom there is no room, all share one bucket with the rate of a single key.
 */

export class Bucket {
  /** On the clock, ms; in the past: it is full. */
  fullAt: number

  constructor() {
    this.fullAt = 0
  }
}

/** Entries that a newcomer looks at, in turn, for one that may go. */
const LOOKS = 8

export class Buckets {
  /** For keys that found no room. */
  readonly overflow: Bucket
  readonly #most: number
  readonly #byKey: Map<string, Bucket>
  #turn: Iterator<[string, Bucket]>
  /** Requests that came to the overflow bucket. */
  overflowed: number

  constructor(most: number) {
    this.overflow = new Bucket()
    this.#most = most
    this.#byKey = new Map()
    this.#turn = this.#byKey.entries()
    this.overflowed = 0
  }

  get size(): number {
    return this.#byKey.size
  }

  /** `now` on the clock, ms. */
  of(key: string, now: number): Bucket {
    const known = this.#byKey.get(key)
    return known === undefined ? this.#admit(key, now) : known
  }

  #admit(key: string, now: number): Bucket {
    this.#dropFull(now)
    if (this.#byKey.size >= this.#most) {
      this.overflowed++
      return this.overflow
    }
    const bucket = new Bucket()
    this.#byKey.set(key, bucket)
    return bucket
  }

  /** Goes on where the last newcomer stopped, so that everybody is looked at in turn. */
  #dropFull(now: number): void {
    for (let looks = 0; looks < LOOKS; looks++) {
      const { value, done } = this.#turn.next()
      if (done === true) {
        this.#turn = this.#byKey.entries()
        return
      }
      if (value[1].fullAt <= now) this.#byKey.delete(value[0])
    }
  }
}
