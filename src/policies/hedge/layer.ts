/** Puts a race in the place of each request that may be hedged; every other one goes by untouched. */
import type { Budget } from '../../core/budget.ts'
import type { Clock } from '../../core/clock.ts'
import type { PolicyEvents } from '../../core/events.ts'
import type { Layer } from '../../core/exchange.ts'
import type { ReplayAccount } from '../../core/replay-buffer.ts'
import { type HedgeRules, mayHedge } from './decide.ts'
import type { Latencies } from './latencies.ts'
import { Race } from './layer-race.ts'

export interface HedgeParts {
  readonly rules: HedgeRules
  readonly budget: Budget
  /** None where `after` is a duration. */
  readonly latencies: Latencies | undefined
  readonly clock: Clock
  readonly events: PolicyEvents
  readonly account: ReplayAccount
}

export function hedgeLayer(parts: HedgeParts): Layer {
  return (next) => (request, up) => {
    if (!mayHedge(parts.rules, request)) return next(request, up)
    parts.budget.deposit(request.exchange.startedAt)
    const race = new Race(parts, next, request, up)
    race.start()
    return race.body
  }
}
