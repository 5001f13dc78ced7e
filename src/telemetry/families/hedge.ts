/** When hedges are sent, and how many may be. What became of them is counted with the decisions. */
// cold file: runs once per scrape
import type { HedgeSnapshot } from '../../core/events.ts'
import type { Registry } from '../registry.ts'
import { type Family, gauge } from './family.ts'
import { budgets, gather } from './policies.ts'

export function hedgeFamilies(registry: Registry): Family[] {
  return [
    gauge('outrigger_hedge_budget_remaining', 'Hedges that may be sent now.', () => budgets(registry, 'hedge')),
    gauge(
      'outrigger_hedge_delay_seconds',
      'How long an attempt takes before a hedge is sent, in seconds: the percentile, once it is known.',
      () =>
        gather<HedgeSnapshot>(registry, 'hedge', (sums, it) => {
          if (it.after !== null) sums.max({ destination: it.service }, it.after / 1000)
        }),
    ),
  ]
}
