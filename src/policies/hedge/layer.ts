/** Puts a race in the place of each request that may be hedged; every other one goes by untouched. */
import type { Layer } from '../../core/exchange.ts'
import { mayHedge } from './decide.ts'
import type { HedgeParts } from './layer-parts.ts'
import { Race } from './layer-race.ts'

export function hedgeLayer(parts: HedgeParts): Layer {
  return (next) => (request, up) => {
    if (!mayHedge(parts.rules, request)) return next(request, up)
    parts.budget.deposit(request.exchange.startedAt)
    const race = new Race(parts, next, request, up)
    race.start()
    return race.body
  }
}
