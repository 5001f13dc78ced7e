/**
 * The states of what only watches. They have names of their own: an alert on `outrigger_circuit_state` is older than the
 * breaker that somebody tries today, and knows no label `mode` to leave it out by.
 */
// cold file: runs once per scrape
import type { BreakerSnapshot, BudgetSnapshot, BulkheadSnapshot, ConcurrencySnapshot } from '../../core/events.ts'
import type { Registry } from '../registry.ts'
import { counter, type Family, gauge, type Sample, type Sums, sample } from './family.ts'
import { breakerLabels, bulkheadLabels, gather, named, STATES } from './policies.ts'

const MODE = { mode: 'shadow' }

export function shadowFamilies(registry: Registry): Family[] {
  const bulkheads = (add: (sums: Sums, it: BulkheadSnapshot) => void) =>
    gather<BulkheadSnapshot>(registry, 'bulkhead', add, true)
  const breakers = (add: (sums: Sums, it: BreakerSnapshot) => void) =>
    gather<BreakerSnapshot>(registry, 'breaker', add, true)
  return [
    gauge('outrigger_shadow_circuit_state', 'As outrigger_circuit_state, of breakers in shadow mode.', () =>
      breakers((sums, it) => {
        for (const state of STATES) sums.add({ ...breakerLabels(it), state, ...MODE }, it.state === state ? 1 : 0)
      }),
    ),
    gauge('outrigger_shadow_circuit_failure_ratio', 'As outrigger_circuit_failure_ratio, in shadow mode.', () =>
      breakers((sums, it) => sums.max({ ...breakerLabels(it), ...MODE }, it.failureRatio)),
    ),
    counter('outrigger_shadow_circuit_transitions_total', 'State changes of breakers in shadow mode.', () =>
      transitions(registry),
    ),
    gauge('outrigger_shadow_bulkhead_inflight', 'Requests under way past a bulkhead in shadow mode.', () =>
      bulkheads((sums, it) => sums.add({ ...bulkheadLabels(it), ...MODE }, it.inflight)),
    ),
    gauge('outrigger_shadow_bulkhead_limit', 'Slots that a bulkhead in shadow mode would have.', () =>
      bulkheads((sums, it) => sums.add({ ...bulkheadLabels(it), ...MODE }, it.limit)),
    ),
    gauge(
      'outrigger_shadow_concurrency_limit',
      'The limit that a concurrency block in shadow mode would enforce.',
      () =>
        gather<ConcurrencySnapshot>(
          registry,
          'concurrency',
          (sums, { service: destination, policy, limit }) => sums.add({ destination, policy, ...MODE }, limit),
          true,
        ),
    ),
    gauge('outrigger_shadow_retry_budget_remaining', 'Retries that a block in shadow mode could make now.', () =>
      gather<BudgetSnapshot>(
        registry,
        'budget',
        (sums, it) => {
          if (it.of === 'retry') sums.add({ destination: it.service, ...MODE }, it.remaining)
        },
        true,
      ),
    ),
  ]
}

function transitions(registry: Registry): Sample[] {
  const names = ['destination', 'scope', 'from', 'to']
  return Array.from(registry.shadowTransitions, ([key, value]) => sample(value, { ...named(names, key), ...MODE }))
}
