/** In the place of each request a loop of attempts. */
import type { Layer } from '../../core/exchange.ts'
import { RetryLoop, type RetryParts } from './layer-loop.ts'
import { moverOf } from './probes.ts'

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
