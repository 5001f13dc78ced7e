/** Limits that find themselves. Whom they turned away is in decisions.ts. */
// cold file: runs once per scrape
import type { ConcurrencySnapshot } from '../../core/events.ts'
import type { Registry } from '../registry.ts'
import { type Family, gauge, type Sample } from './family.ts'
import { gather } from './policies.ts'

export function concurrencyFamilies(registry: Registry): Family[] {
  return [
    gauge('outrigger_concurrency_limit', 'Requests that the application is given at once, as found out.', () =>
      limits(registry, (it) => it.limit),
    ),
    gauge('outrigger_concurrency_inflight', 'Requests that the application has now, streams not counted.', () =>
      limits(registry, (it) => it.inflight),
    ),
    gauge('outrigger_concurrency_latency_seconds', "The application's own time to answer, without waiting.", () =>
      limits(registry, (it) => (it.ownMs ?? 0) / 1000),
    ),
  ]
}

function limits(registry: Registry, of: (it: ConcurrencySnapshot) => number): Sample[] {
  return gather<ConcurrencySnapshot>(registry, 'concurrency', (sums, it) => {
    sums.add({ destination: it.service, policy: it.policy }, of(it))
  })
}
