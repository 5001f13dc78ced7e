/** Endpoints that were set aside. Their state is in `outrigger_endpoints`; addresses are no label. */
// cold file: runs once per scrape
import type { Registry } from '../registry.ts'
import { counter, type Family, type Sample, sample } from './family.ts'
import { named } from './policies.ts'

export function outlierFamilies(registry: Registry): Family[] {
  return [
    counter('outrigger_ejections_total', 'Endpoints that outlier ejected, by why.', () => byKey(registry.ejections)),
    counter('outrigger_ejections_kept_total', 'Endpoints that would have been ejected, but too many were.', () =>
      byKey(registry.ejectionsKept),
    ),
  ]
}

function byKey(counters: ReadonlyMap<string, number>): Sample[] {
  return Array.from(counters, ([key, value]) => sample(value, named(['destination', 'reason'], key)))
}
