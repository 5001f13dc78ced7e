/** In the place of each request a loop of attempts. */
import type { Budget } from '../../core/budget.ts'
import type { Clock } from '../../core/clock.ts'
import type { PolicyEvents } from '../../core/events.ts'
import type { Layer } from '../../core/exchange.ts'
import type { Random } from '../../core/random.ts'
import type { ReplayAccount } from '../../core/replay-buffer.ts'
import type { RetryRules } from './decide.ts'
import { RetryLoop } from './layer-loop.ts'
import { moverOf } from './probes.ts'

export interface RetryParts {
  readonly rules: RetryRules
  /** None where `max` is 0. */
  readonly budget: Budget | undefined
  readonly clock: Clock
  readonly random: Random
  readonly events: PolicyEvents
  readonly account: ReplayAccount
  /** Bytes of body kept for another attempt. */
  readonly keep: number
}

export function retryLayer(parts: RetryParts): Layer {
  const budget = parts.budget
  const mover = moverOf(parts.rules, parts.keep)
  return (next) => (request, up) => {
    request.attempt.mover = mover
    if (budget !== undefined) budget.deposit(request.exchange.startedAt)
    const loop = new RetryLoop(parts, next, request, up)
    loop.outgoing.down = next(request, loop)
    return loop.outgoing
  }
}
