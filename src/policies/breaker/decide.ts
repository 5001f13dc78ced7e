/** When rates trip, and how long to stay open. */
export interface Limits {
  /** 0…1; reaching one of them trips. */
  readonly failureRate: number
  /** Above 1: slowness is not judged. */
  readonly slowRate: number
}

/** Which rate `failed` and `slow` of `calls` reach; '' none. */
export function tripped(limits: Limits, calls: number, failed: number, slow: number): 'failed' | 'slow' | '' {
  if (calls === 0) return ''
  if (failed / calls >= limits.failureRate) return 'failed'
  return slow / calls >= limits.slowRate ? 'slow' : ''
}

export interface OpenTimes {
  /** ms. */
  readonly base: number
  readonly max: number
  /** 0…1. */
  readonly jitter: number
}

/**
 * ms to stay open after `again` half-open times that failed: doubled each time up to `max` (a larger `base` wins), then
 * spread by ± `jitter`, so that many sidecars do not ask in step. `chance` is 0…1.
 */
export function openFor(times: OpenTimes, again: number, chance: number): number {
  const doubled = times.base * 2 ** Math.min(again, 40)
  const time = Math.min(doubled, Math.max(times.base, times.max))
  return time * (1 + times.jitter * (2 * chance - 1))
}

/** s for `Retry-After` and the answer's body, to a tenth, never too early. */
export function seconds(ms: number): number {
  return ms > 0 ? Math.ceil(ms / 100) / 10 : 0
}
