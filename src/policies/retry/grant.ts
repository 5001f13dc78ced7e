/** Whether there is time and budget for another attempt that may be made. */
import type { RetrySkip } from '../../core/events.ts'
import { pauseOf } from './decide.ts'
import type { RetryParts } from './layer.ts'

/**
 * How long to wait before retry number `n` of its series, ms, or why there shall be none. Charges the budget. `deadline` is that of
 * the exchange; `pushback` what the upstream asks to be spared, ms, negative where it wants no retry.
 */
export function grant(
  { rules, budget, clock, random }: RetryParts,
  deadline: number,
  n: number,
  pushback: number | undefined,
): number | RetrySkip {
  const now = clock.now()
  const pause = pauseOf(rules.backoff, { now, deadline, pushback, n, dice: random.fraction() })
  if (typeof pause === 'string') return pause
  return budget?.withdraw(now) === true ? pause : 'budget'
}
