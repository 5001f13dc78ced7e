/** Exact percentiles: what was seen, not what lies between. */

/** `sorted` ascending; null where it is empty. The smallest value that `percent` % do not exceed. */
export function percentile(sorted: Float64Array, percent: number): number | null {
  if (sorted.length === 0) return null
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length))
  return round(sorted[rank - 1] as number)
}

/** To the microsecond: beyond that it is arithmetic, not time. */
export function round(ms: number): number {
  return Math.round(ms * 1000) / 1000
}

export function share(part: number, whole: number): number | null {
  return whole === 0 ? null : Math.round((part / whole) * 1_000_000) / 10_000
}
