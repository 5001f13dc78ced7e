/** When memory that is not needed is given back: pure arithmetic over one look at the process after another. */

/** ms between two looks. */
export const PERIOD = 250

/**
 * What to do now: nothing; `trim`, hand free memory to the system (under 1 ms); `collect`, look for garbage in pieces (about 6 ms
 * in all), which the next looks trim; `purge`, the same as thoroughly as V8 can, twice, giving up what it would keep for later
 * (about 25 ms, and code is slow at first when it is needed again).
 */
export type Step = 'nothing' | 'trim' | 'collect' | 'purge'

export interface Look {
  /** Monotonic, ms. */
  readonly at: number
  /** Of one core, since the look before: 0 and up. */
  readonly cpu: number
  /** Bytes that the process holds of its own, without pages of files. */
  readonly held: number
}

const MIB = 1024 * 1024

/** Cores: below the first nobody notices a pause, below the second few do. */
const CALM = 0.05
const EASY = 0.3
/** Of a core, over all of a calm: up to here nobody is served but the kubelet and Prometheus. */
const IDLE = 0.01
/** Looks in a row that have to be calm or easy. */
const ROW = 2
/** Idle for so many looks, nobody is expected back so soon that fast code is worth its 8 MiB: five minutes. */
const LONG = 300_000 / PERIOD
/** ms of CPU up to which there is no fast code that a purge could take. */
const COLD = 500
/** Bytes above what was held after the step before, from which it is worth its price. */
const CALM_SURPLUS = 6 * MIB
const EASY_SURPLUS = 12 * MIB
const TRIM_SURPLUS = 4 * MIB
/** ms of CPU after which calm is used whatever is held: connections that were open at the last time may be gone. */
const WORK = 2000
/** ms between two. */
const CALM_GAP = 1000
const EASY_GAP = 10_000
const TRIM_GAP = 1000
/**
 * ms between two that pages of files are let go of, and of calm before: a process at work finds hundreds of them missing, which
 * keeps whoever asks just then waiting for 3 to 8 ms, and so it would be for who comes every few seconds. At work each gap is twice
 * the one before, and in calm they grow up to this: what is mapped for a moment, by compilers above all, is so in the first minute.
 */
const DROP_GAP = 10_000
/** The first of them in calm. */
const FIRST_DROP_GAP = 500
/** ms of CPU after which such a calm is used though nothing else is to be given back. */
const DROP_WORK = 100
/** Looks after which what a collection found is free. */
const FREED = 2

/**
 * In calm the garbage is collected; while there is a little to do as well, once in ten seconds at most; under load V8 knows best
 * when to collect, and only what the allocator of the C library keeps is given back. All that can be given back is given back
 * right after the start and once idle for long, because it makes code slow: whoever comes every few seconds shall find it fast.
 */
export class Giving {
  #calm = 0
  #easy = 0
  /** Cores, summed over the looks of this calm. */
  #used = 0
  /** Looks until what was collected is free; 0 where nothing is awaited. */
  #freed = 0
  readonly #purged = new Last()
  readonly #collected = new Last()
  readonly #trimmed = new Last()
  readonly #dropped = new Last()
  /** ms from that on in which work goes on with the pages it has. */
  #workGap = DROP_GAP
  /** ms of calm, and since the last time, after which it uses a step that is taken anyhow. */
  #calmGap = FIRST_DROP_GAP

  next({ at, cpu, held }: Look): Step {
    this.#calm = cpu <= CALM ? this.#calm + 1 : 0
    this.#easy = cpu <= EASY ? this.#easy + 1 : 0
    this.#used = cpu <= CALM ? this.#used + cpu : 0
    for (const last of [this.#purged, this.#collected, this.#dropped]) last.work += cpu * PERIOD
    // A collection frees more for seconds after it.
    this.#collected.lower(held)
    if (this.#mayPurge() && this.#purged.worth(at, CALM_GAP, held, CALM_SURPLUS)) return 'purge'
    if (this.#freed > 0) {
      this.#freed--
      return this.#freed === 0 ? 'trim' : 'nothing'
    }
    if (this.#calm >= ROW && this.#collected.worth(at, CALM_GAP, held, CALM_SURPLUS)) return 'collect'
    if (this.#easy >= ROW && this.#collected.above(at, EASY_GAP, held, EASY_SURPLUS)) return 'collect'
    if (this.#trimmed.above(at, TRIM_GAP, held, TRIM_SURPLUS)) return 'trim'
    const lasting = this.#calm * PERIOD >= DROP_GAP && this.#dropped.past(at, DROP_GAP)
    return lasting && this.#dropped.work >= DROP_WORK ? 'trim' : 'nothing'
  }

  #mayPurge(): boolean {
    const cold = !this.#purged.taken && this.#purged.work <= COLD
    return cold ? this.#calm >= ROW : this.#calm >= LONG && this.#used <= IDLE * this.#calm
  }

  /** Whether `step` at `at` lets go of pages of files as well. */
  drops(step: Step, at: number): boolean {
    const working = this.#calm < ROW
    const gap = working ? this.#workGap : this.#calmGap
    const due = this.#dropped.past(at, gap) && (working || this.#calm * PERIOD >= gap)
    if (!due && step !== 'purge') return false
    if (!working && step !== 'purge') this.#calmGap = Math.min(2 * gap, DROP_GAP)
    else if (working && this.#dropped.taken) this.#workGap *= 2
    this.#dropped.note(at, 0)
    this.#dropped.work = 0
    return true
  }

  /** `held` is what is held after `step`. What a step does, the smaller ones need not do again. */
  done(step: Step, at: number, held: number): void {
    if (step === 'nothing') return
    this.#trimmed.note(at, held)
    if (step === 'trim') return
    this.#collected.note(at, held)
    this.#collected.work = 0
    this.#freed = step === 'collect' ? FREED : 0
    if (step !== 'purge') return
    this.#purged.note(at, held)
    this.#purged.work = 0
  }
}

/** When a step was taken last, and what was held after it. */
class Last {
  /** ms of CPU since then. */
  work = 0
  #at = Number.NEGATIVE_INFINITY
  #held = 0

  get taken(): boolean {
    return this.#at > Number.NEGATIVE_INFINITY
  }

  /** Whether there was work, or more is held. */
  worth(at: number, gap: number, held: number, surplus: number): boolean {
    return this.above(at, gap, held, this.work >= WORK ? Number.NEGATIVE_INFINITY : surplus)
  }

  above(at: number, gap: number, held: number, surplus: number): boolean {
    return this.past(at, gap) && held >= this.#held + surplus
  }

  past(at: number, gap: number): boolean {
    return at >= this.#at + gap
  }

  note(at: number, held: number): void {
    this.#at = at
    this.#held = held
  }

  lower(held: number): void {
    this.#held = Math.min(this.#held, held)
  }
}
