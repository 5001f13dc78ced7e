/** When memory that is not needed is given back: pure arithmetic over one look at the process after another. */

/** ms between two looks. */
export const PERIOD = 250

/**
 * What to do now: nothing; `trim`, hand free memory to the system (under 1 ms); `collect`, look for garbage first (about
 * 7 ms); `purge`, the same as thoroughly as V8 can, twice, giving up what it would keep for later (about 25 ms).
 */
export type Step = 'nothing' | 'trim' | 'collect' | 'purge'

export interface Look {
  /** Monotonic, ms. */
  readonly at: number
  /** Of one core, since the look before: 0 and up. */
  readonly cpu: number
  /** Bytes that the process holds. */
  readonly resident: number
}

const MIB = 1024 * 1024

/** Cores: below the first nobody notices a pause, below the second few do. */
const CALM = 0.05
const EASY = 0.3
/** Looks in a row that have to be calm or easy. */
const ROW = 2
/** Bytes above what was held after the step before, from which it is worth its price. */
const PURGE_SURPLUS = 6 * MIB
const COLLECT_SURPLUS = 12 * MIB
const TRIM_SURPLUS = 4 * MIB
/** ms of CPU after which a purge is worth its price whatever is held: connections that were open at the last one may be gone. */
const PURGE_WORK = 2000
/** ms between two. */
const PURGE_GAP = 1000
const COLLECT_GAP = 10_000
const TRIM_GAP = 1000

/**
 * In calm all is given back; while there is a little to do, the garbage, once in ten seconds at most; under load V8 knows
 * best when to collect, and only what the allocator of the C library keeps is given back.
 */
export class Giving {
  #calm = 0
  #easy = 0
  /** ms of CPU since the last purge. */
  #work = 0
  readonly #purged = new Last()
  readonly #collected = new Last()
  readonly #trimmed = new Last()

  next({ at, cpu, resident }: Look): Step {
    this.#calm = cpu <= CALM ? this.#calm + 1 : 0
    this.#easy = cpu <= EASY ? this.#easy + 1 : 0
    this.#work += cpu * PERIOD
    const surplus = this.#work >= PURGE_WORK ? Number.NEGATIVE_INFINITY : PURGE_SURPLUS
    if (this.#calm >= ROW && this.#purged.worth(at, PURGE_GAP, resident, surplus)) return 'purge'
    if (this.#easy >= ROW && this.#collected.worth(at, COLLECT_GAP, resident, COLLECT_SURPLUS)) return 'collect'
    return this.#trimmed.worth(at, TRIM_GAP, resident, TRIM_SURPLUS) ? 'trim' : 'nothing'
  }

  /** `resident` is what is held after `step`. What a step does, the smaller ones need not do again. */
  done(step: Step, at: number, resident: number): void {
    if (step === 'purge') {
      this.#work = 0
      this.#purged.note(at, resident)
    }
    if (step === 'purge' || step === 'collect') this.#collected.note(at, resident)
    if (step !== 'nothing') this.#trimmed.note(at, resident)
  }
}

/** When a step was taken last, and what was held after it. */
class Last {
  #at = Number.NEGATIVE_INFINITY
  #resident = 0

  worth(at: number, gap: number, resident: number, surplus: number): boolean {
    return at >= this.#at + gap && resident >= this.#resident + surplus
  }

  note(at: number, resident: number): void {
    this.#at = at
    this.#resident = resident
  }
}
