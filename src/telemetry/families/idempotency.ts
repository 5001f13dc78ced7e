/** Where idempotency keys are kept: how many, how large, and whether Redis is there. What became of requests is in decisions.ts. */
// cold file: runs once per scrape
import type { IdempotencySnapshot } from '../../core/events.ts'
import type { Registry } from '../registry.ts'
import { counter, type Family, gauge, type Sample, sample } from './family.ts'

const STATES = ['leased', 'done', 'unknown'] as const

export function idempotencyFamilies(registry: Registry): Family[] {
  return [
    gauge('outrigger_idempotency_keys', 'Keys by state; of Redis only those in flight in this replica.', () =>
      each(registry, (it, labels) =>
        STATES.filter((state) => it.store === 'memory' || state === 'leased').map((state) =>
          sample(it[state], { ...labels, state }),
        ),
      ),
    ),
    gauge('outrigger_idempotency_bytes', 'Bytes of answers held in this replica.', () =>
      each(registry, (it, labels) => [sample(it.bytes, labels)]),
    ),
    counter('outrigger_idempotency_evicted_total', 'Answers that made room for others before their ttl.', () =>
      each(registry, (it, labels) => (it.store === 'memory' ? [sample(it.evicted, labels)] : [])),
    ),
    gauge('outrigger_idempotency_store_up', 'Whether the store can be reached; memory always can.', () =>
      each(registry, (it, labels) => [sample(it.up ? 1 : 0, labels)]),
    ),
  ]
}

type Labels = Readonly<Record<string, string>>

function each(registry: Registry, of: (it: IdempotencySnapshot, labels: Labels) => Sample[]): Sample[] {
  const samples: Sample[] = []
  for (const snapshot of registry.sources?.snapshots() ?? []) {
    if (snapshot.kind !== 'idempotency') continue
    samples.push(...of(snapshot, { destination: snapshot.service, policy: snapshot.policy, store: snapshot.store }))
  }
  return samples
}
