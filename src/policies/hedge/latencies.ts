/**
 * How long first attempts took to the head of their answer, of late, and a percentile of it.
 *
 * A histogram of two generations, each bucket about 3 % wide: a sample costs an increment, whatever the rate. The window
 * slides by generations: one is done once it has 1 000 samples and is 5 s old, or is 5 min old. So a busy service looks
 * back on seconds and a quiet one on minutes.
 */
import type { Clock } from '../../core/clock.ts'
import { type HedgeSnapshot, type Mode, type Observable, SHADOW } from '../../core/events.ts'

/** Fewer say nothing of a percentile. */
export const ENOUGH = 100

const GENERATION = { samples: 1000, shortest: 5000, longest: 300_000 }

/** Buckets for each doubling, as a power of two. */
const BITS = 5
const PER_DOUBLING = 1 << BITS
/** Parts of a ms in which is counted: the narrowest bucket. */
const PARTS = 16
/** A day. */
const LONGEST = 24 * 3_600_000 * PARTS
const BUCKETS = bucketOf(LONGEST) + 1

class Generation {
  readonly counts = new Uint32Array(BUCKETS)
  startedAt: number
  total: number

  constructor(now: number) {
    this.startedAt = now
    this.total = 0
  }

  begin(now: number): void {
    this.counts.fill(0)
    this.startedAt = now
    this.total = 0
  }
}

export class Latencies implements Observable {
  readonly #service: string
  /** 0…1 */
  readonly #share: number
  readonly #clock: Clock
  readonly #mode: Mode
  #current: Generation
  #previous: Generation
  #value: number | undefined
  /** Samples since the value was worked out. */
  #unseen: number

  constructor(service: string, share: number, clock: Clock, mode: Mode = 'enforce') {
    this.#service = service
    this.#share = share
    this.#clock = clock
    this.#mode = mode
    this.#current = new Generation(clock.now())
    this.#previous = new Generation(clock.now())
    this.#value = undefined
    this.#unseen = 0
  }

  /** `took` in ms. */
  add(took: number, now: number): void {
    this.#age(now)
    const bucket = bucketOf(Math.min(Math.max(0, Math.round(took * PARTS)), LONGEST))
    const { counts } = this.#current
    counts[bucket] = (counts[bucket] as number) + 1
    this.#current.total++
    this.#unseen++
  }

  /** The percentile at `now`, ms, up to 3 % too long; undefined while there are too few samples. */
  percentile(now: number): number | undefined {
    this.#age(now)
    const total = this.#current.total + this.#previous.total
    if (total < ENOUGH) return undefined
    if (this.#value === undefined || this.#unseen > total / PER_DOUBLING) {
      this.#value = this.#workOut(total)
      this.#unseen = 0
    }
    return this.#value
  }

  snapshot(): HedgeSnapshot {
    const now = this.#clock.now()
    const after = this.percentile(now)
    const samples = this.#current.total + this.#previous.total
    const mode = this.#mode === 'shadow' && SHADOW
    // cold: runs when somebody looks
    return { kind: 'hedge', ...mode, service: this.#service, after: after === undefined ? null : after, samples }
  }

  #age(now: number): void {
    const { total, startedAt } = this.#current
    const age = now - startedAt
    const done = age >= GENERATION.longest || (age >= GENERATION.shortest && total >= GENERATION.samples)
    if (!done) return
    const oldest = this.#previous
    this.#previous = this.#current
    this.#current = oldest
    oldest.begin(now)
    // Nobody came for so long that what was the newest is old as well.
    if (age >= 2 * GENERATION.longest) this.#previous.begin(now)
    this.#value = undefined
  }

  #workOut(total: number): number {
    const rank = Math.ceil(this.#share * total)
    const { counts } = this.#current
    const earlier = this.#previous.counts
    let seen = 0
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += (counts[bucket] as number) + (earlier[bucket] as number)
      if (seen >= rank) return endOf(bucket)
    }
    return LONGEST / PARTS
  }
}

/** The bucket of a whole number of parts: below two doublings one each, above by the highest bits. */
function bucketOf(parts: number): number {
  const shift = Math.max(0, 31 - Math.clz32(parts) - BITS)
  return shift * PER_DOUBLING + (parts >> shift)
}

/** Where a bucket ends, ms. */
function endOf(bucket: number): number {
  const shift = Math.max(0, Math.floor(bucket / PER_DOUBLING) - 1)
  return ((bucket - shift * PER_DOUBLING + 1) * 2 ** shift) / PARTS
}
