/** The keys of rate limits. Their decisions are in decisions.ts. */
// cold file: runs once per scrape
import type { RateLimitSnapshot } from '../../core/events.ts'
import type { Registry } from '../registry.ts'
import { counter, type Family, gauge, type Sample, Sums } from './family.ts'

export function limitFamilies(registry: Registry): Family[] {
  return [
    gauge('outrigger_rate_limit_keys', 'Keys with a bucket of their own.', () => limits(registry, (it) => it.keys)),
    counter('outrigger_rate_limit_overflow_total', 'Requests whose key found no room and shared a bucket.', () =>
      limits(registry, (it) => it.overflowed),
    ),
  ]
}

function limits(registry: Registry, of: (it: RateLimitSnapshot) => number): Sample[] {
  const sums = new Sums()
  for (const snapshot of registry.sources?.snapshots() ?? []) {
    if (snapshot.kind !== 'rateLimit') continue
    const { direction, service: destination, policy } = snapshot
    sums.add({ direction, destination, policy }, of(snapshot))
  }
  return sums.samples()
}
