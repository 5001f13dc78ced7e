/** Percentiles out of counts by bucket, as Prometheus' histogram_quantile has them. */

/**
 * `cumulative`: counts up to each of `bounds` (ms), the last one of everything. NaN where there is nothing to tell of, Infinity
 * beyond the last bound. Within a bucket it is a guess: the durations are taken to lie evenly.
 */
export function quantile(share: number, cumulative: readonly number[], bounds: readonly number[]): number {
  const total = cumulative.at(-1) ?? 0
  if (total <= 0) return Number.NaN
  const rank = share * total
  const bucket = cumulative.findIndex((count) => count >= rank)
  if (bucket >= bounds.length) return Number.POSITIVE_INFINITY
  const upper = bounds[bucket] as number
  const lower = bucket === 0 ? 0 : (bounds[bucket - 1] as number)
  const below = bucket === 0 ? 0 : (cumulative[bucket - 1] as number)
  const within = (cumulative[bucket] as number) - below
  return within === 0 ? lower : lower + ((upper - lower) * (rank - below)) / within
}
