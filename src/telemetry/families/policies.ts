/** What the policies did: events counted as they came, states read from their snapshots. */
// cold file: runs once per scrape
import type { BreakerSnapshot, BudgetSnapshot, BulkheadSnapshot, Snapshot } from '../../core/events.ts'
import { RETRY_SKIPS } from '../../core/events.ts'
import type { Registry } from '../registry.ts'
import type { RouteRows } from '../route-rows.ts'
import { counter, type Family, gauge, type Labels, type Sample, Sums, sample } from './family.ts'
import { histogram } from './http.ts'

export const STATES = ['closed', 'open', 'half_open'] as const

export function policyFamilies(registry: Registry): Family[] {
  return [
    counter('outrigger_retry_skipped_total', 'Failed attempts that no retry followed, by why.', () =>
      skipped(registry),
    ),
    gauge('outrigger_retry_budget_remaining', 'Retries that may be made now.', () => budgets(registry, 'retry')),
    gauge('outrigger_bulkhead_inflight', 'Slots in use.', () => bulkheads(registry, (it) => it.inflight)),
    gauge('outrigger_bulkhead_limit', 'Slots in all.', () => bulkheads(registry, (it) => it.limit)),
    gauge('outrigger_bulkhead_queue_depth', 'Requests that wait for a slot.', () =>
      bulkheads(registry, (it) => it.queued),
    ),
    counter('outrigger_bulkhead_rejected_total', 'Requests that got no slot, by why.', () =>
      byKey(registry, (rows) => rows.bulkheadRejected, ['reason']),
    ),
    {
      name: 'outrigger_bulkhead_queue_duration_seconds',
      help: 'How long requests waited for the slot they got, in seconds.',
      type: 'histogram',
      samples: () => histogram(registry, registry.bulkheadWait, (rows) => rows.bulkheadWait, routeLabels),
    },
    gauge('outrigger_circuit_state', 'Breakers in this state: 0 or 1, of endpoint scope their number.', () =>
      gather<BreakerSnapshot>(registry, 'breaker', (sums, it) => {
        for (const state of STATES) sums.add({ ...breakerLabels(it), state }, it.state === state ? 1 : 0)
      }),
    ),
    gauge('outrigger_circuit_failure_ratio', 'Failures in the window, 0 to 1; of endpoint scope the worst.', () =>
      gather<BreakerSnapshot>(registry, 'breaker', (sums, it) => sums.max(breakerLabels(it), it.failureRatio)),
    ),
    gauge('outrigger_circuit_slow_ratio', 'Slow calls in the window, 0 to 1; of endpoint scope the worst.', () =>
      gather<BreakerSnapshot>(registry, 'breaker', (sums, it) => sums.max(breakerLabels(it), it.slowRatio)),
    ),
    counter('outrigger_circuit_transitions_total', 'State changes of breakers.', () => transitions(registry)),
    counter('outrigger_fallback_total', 'Answers that a fallback gave, by kind and by what it stood in for.', () =>
      byKey(registry, (rows) => rows.fallbacks, ['kind', 'reason']),
    ),
  ]
}

function routeLabels(rows: RouteRows): Labels {
  return { direction: rows.direction, destination: rows.service, route: rows.template }
}

/** Endpoints are no label: their breakers are added up. */
export function breakerLabels(it: BreakerSnapshot): Labels {
  return { destination: it.service, scope: it.scope, route: it.scope === 'route' ? it.key : '' }
}

/** `shadow`: those in shadow mode, which have families of their own. */
export function gather<S extends Snapshot>(
  registry: Registry,
  kind: S['kind'],
  add: (sums: Sums, it: S) => void,
  shadow = false,
): Sample[] {
  const sums = new Sums()
  for (const snapshot of registry.sources?.snapshots() ?? []) {
    const isShadow = 'mode' in snapshot && snapshot.mode === 'shadow'
    if (snapshot.kind === kind && isShadow === shadow) add(sums, snapshot as S)
  }
  return sums.samples()
}

export function budgets(registry: Registry, of: BudgetSnapshot['of']): Sample[] {
  return gather<BudgetSnapshot>(registry, 'budget', (sums, it) => {
    if (it.of === of) sums.add({ destination: it.service }, it.remaining)
  })
}

function bulkheads(registry: Registry, of: (it: BulkheadSnapshot) => number): Sample[] {
  return gather<BulkheadSnapshot>(registry, 'bulkhead', (sums, it) => sums.add(bulkheadLabels(it), of(it)))
}

export function bulkheadLabels({ service, per, key }: BulkheadSnapshot): Labels {
  return { destination: service, per, key: per === 'endpoint' ? '' : key }
}

function skipped(registry: Registry): Sample[] {
  const samples: Sample[] = []
  for (const rows of registry.routes.values()) {
    for (let i = 0; i < RETRY_SKIPS.length; i++) {
      const value = rows.retrySkipped[i] as number
      if (value > 0) samples.push(sample(value, { ...routeLabels(rows), reason: RETRY_SKIPS[i] as string }))
    }
  }
  return samples
}

/** Counters whose key is label values with a blank between. */
function byKey(registry: Registry, of: (rows: RouteRows) => Map<string, number>, names: readonly string[]): Sample[] {
  const samples: Sample[] = []
  for (const rows of registry.routes.values()) {
    for (const [key, value] of of(rows)) samples.push(sample(value, { ...routeLabels(rows), ...named(names, key) }))
  }
  return samples
}

function transitions(registry: Registry): Sample[] {
  const names = ['destination', 'scope', 'from', 'to']
  return Array.from(registry.transitions, ([key, value]) => sample(value, named(names, key)))
}

export function named(names: readonly string[], key: string): Labels {
  const values = names.length === 1 ? [key] : key.split(' ')
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']))
}
