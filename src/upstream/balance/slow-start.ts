/**
 * Slow start: an endpoint that came while others were warm has cold caches, and a fair share from its first second would
 * hurt those it serves. For half a minute it weighs less than it is going to.
 */
import type { Endpoint } from '../endpoint.ts'

/** ms until an endpoint gets its whole share. */
export const WARM_UP = 30_000
/** Of its share, what it gets at once: with nothing it would stay cold. */
const COLD_SHARE = 0.1

/** Of its share, what an endpoint that came at `since` gets at `now`: 0.1 … 1. */
export function warmth(since: number, now: number): number {
  const part = (now - since) / WARM_UP
  return part >= 1 ? 1 : part > COLD_SHARE ? part : COLD_SHARE
}

export function effectiveWeight({ weight, warmingSince }: Endpoint, now: number): number {
  return weight * warmth(warmingSince, now)
}

export function isWarm({ warmingSince }: Endpoint, now: number): boolean {
  return now - warmingSince >= WARM_UP
}

/** So much more weight must be warm than cold. */
const MAJORITY = 2

/**
 * Whether newcomers start slowly: those that are warm have to carry what the others do not yet, so they must be twice as
 * many, which leaves them less than half as much again. Otherwise, as at a start, when a service grows tenfold, or with one
 * other, who might not bear the load of both, everybody takes the load as it comes.
 */
export function startSlowly(newcomers: readonly Endpoint[], others: readonly Endpoint[], now: number): boolean {
  let warm = 0
  let cold = 0
  for (const newcomer of newcomers) cold += newcomer.weight
  for (const other of others) {
    if (isWarm(other, now)) warm += other.weight
    else cold += other.weight
  }
  return warm >= MAJORITY * cold
}
