/** Whether there is time and budget for another attempt that may be made. */
import type { Budget } from '../../core/budget.ts'
import type { Clock } from '../../core/clock.ts'
import type { RetrySkip } from '../../core/events.ts'
import type { Random } from '../../core/random.ts'
import { pauseOf, type RetryRules } from './decide.ts'

export interface Granting {
  readonly rules: RetryRules
  /** None where `max` is 0. */
  readonly budget: Budget | undefined
  readonly clock: Clock
  readonly random: Random
}

/**
 * How long to wait before retry number `n` of its series, ms, or why there shall be none. Charges the budget. `deadline` is that of
 * the exchange; `pushback` what the upstream asks to be spared, ms, negative where it wants no retry.
 */
export function grant(
  { rules, budget, clock, random }: Granting,
  deadline: number,
  n: number,
  pushback: number | undefined,
): number | RetrySkip {
  const now = clock.now()
  const pause = pauseOf(rules.backoff, { now, deadline, pushback, n, dice: random.fraction() })
  if (typeof pause === 'string') return pause
  return budget?.withdraw(now) === true ? pause : 'budget'
}
