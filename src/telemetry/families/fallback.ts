/** The copies that cached fallbacks keep. */
// cold file: runs once per scrape
import type { CacheSnapshot } from '../../core/events.ts'
import type { Registry } from '../registry.ts'
import { counter, type Family, gauge, type Sample, Sums } from './family.ts'

export function fallbackFamilies(registry: Registry): Family[] {
  return [
    gauge('outrigger_fallback_cache_entries', 'Copies kept for cached fallbacks.', () =>
      caches(registry, (it) => it.entries),
    ),
    gauge('outrigger_fallback_cache_bytes', 'What those copies are charged with, of limits.maxCacheBytes.', () =>
      caches(registry, (it) => it.bytes),
    ),
    counter(
      'outrigger_fallback_cache_misses_total',
      'Failures for which a copy was looked for and none was there.',
      () => caches(registry, (it) => it.misses),
    ),
  ]
}

function caches(registry: Registry, of: (it: CacheSnapshot) => number): Sample[] {
  const sums = new Sums()
  for (const snapshot of registry.sources?.snapshots() ?? []) {
    if (snapshot.kind === 'cache' && snapshot.mode !== 'shadow')
      sums.add({ destination: snapshot.service }, of(snapshot))
  }
  return sums.samples()
}
