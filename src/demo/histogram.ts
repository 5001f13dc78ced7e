/**
 * Latencies in bounded memory: buckets that grow with the value, 128 to each doubling, so that a percentile is off by at
 * most 0.8 % and always upwards. One histogram is 12 KiB, whatever the load.
 */

const SUB_BITS = 7
const SUB = 1 << SUB_BITS
/** 2^31 µs, about 36 minutes: longer than any run. */
const MAX_MICROS = 2 ** 31 - 1
const BUCKETS = (31 - SUB_BITS + 1) * SUB

function bucketOf(micros: number): number {
  if (micros < SUB) return micros
  const shift = 31 - Math.clz32(micros) - SUB_BITS
  return (shift + 1) * SUB + (micros >>> shift) - SUB
}

/** The largest value that falls into the bucket. */
function upperEdge(bucket: number): number {
  if (bucket < SUB) return bucket
  const shift = Math.floor(bucket / SUB) - 1
  const low = ((bucket % SUB) + SUB) * 2 ** shift
  return low + 2 ** shift - 1
}

export class Histogram {
  #counts = new Uint32Array(BUCKETS)
  count = 0
  /** Exact, in ms; 0 while empty. */
  max = 0

  /** Takes a duration in ms; below zero counts as zero. */
  record(ms: number): void {
    const micros = Math.min(MAX_MICROS, Math.max(0, Math.round(ms * 1000)))
    const bucket = bucketOf(micros)
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.count++
    if (ms > this.max) this.max = ms
  }

  /** The duration in ms that `percent` % of the records do not exceed; NaN while empty, so that nobody reads 0 as fast. */
  percentile(percent: number): number {
    if (this.count === 0) return Number.NaN
    const rank = Math.max(1, Math.ceil((percent / 100) * this.count))
    let seen = 0
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket] ?? 0
      if (seen >= rank) return Math.min(this.max, upperEdge(bucket) / 1000)
    }
    return this.max
  }
}
