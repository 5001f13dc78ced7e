/** What every race of one block shares. */
import type { Budget } from '../../core/budget.ts'
import type { Clock } from '../../core/clock.ts'
import type { PolicyEvents } from '../../core/events.ts'
import type { ReplayAccount } from '../../core/replay-buffer.ts'
import type { HedgeRules } from './decide.ts'
import type { Latencies } from './latencies.ts'

export interface HedgeParts {
  readonly rules: HedgeRules
  readonly budget: Budget
  /** None where `after` is a duration. */
  readonly latencies: Latencies | undefined
  readonly clock: Clock
  readonly events: PolicyEvents
  readonly account: ReplayAccount
}
