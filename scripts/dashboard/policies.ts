/** Rows of what policies did. */
import type { Row } from './panel.ts'
import { CHOSEN, graph, quantile, RATE, rates, sums } from './queries.ts'

export const GUARDS: Row = {
  title: 'Breakers and bulkheads',
  panels: [
    {
      title: 'Breakers open',
      description: 'Coloured while a breaker is open.',
      kind: 'state-timeline',
      unit: 'short',
      alarm: 1,
      queries: [
        {
          expr: `max by (instance, destination, scope, route) (outrigger_circuit_state{${CHOSEN},state="open"})`,
          legend: '{{destination}} {{scope}} {{route}} {{instance}}',
        },
      ],
    },
    graph(
      'Failures in the window',
      'percentunit',
      'A breaker opens when this reaches its failureRate, or the slow calls their rate.',
      { expr: `max by (destination) (outrigger_circuit_failure_ratio{${CHOSEN}})`, legend: '{{destination}} failed' },
      { expr: `max by (destination) (outrigger_circuit_slow_ratio{${CHOSEN}})`, legend: '{{destination}} slow' },
    ),
    graph('State changes', 'short', 'Many: it opens and closes in turn.', {
      expr: `sum by (destination, to) (increase(outrigger_circuit_transitions_total{${CHOSEN}}${RATE}))`,
      legend: '{{destination}} to {{to}}',
    }),
    graph('Slots in use', 'percentunit', 'Close to 1 with an empty queue is as it should be.', {
      expr: `max by (destination) (outrigger_bulkhead_inflight{${CHOSEN}} / outrigger_bulkhead_limit{${CHOSEN}})`,
      legend: '{{destination}}',
    }),
    graph(
      'Waiting for a slot, and refused',
      'short',
      'The queue, and refusals a second.',
      sums('outrigger_bulkhead_queue_depth', 'destination', '{{destination}} waiting'),
      rates('outrigger_bulkhead_rejected_total', 'destination, reason', '{{destination}} {{reason}}'),
    ),
    graph(
      'p99 of the wait for a slot',
      's',
      'Of those that got one.',
      quantile(0.99, 'outrigger_bulkhead_queue_duration_seconds', 'destination', '{{destination}}'),
    ),
  ],
}

export const OTHERS: Row = {
  title: 'Other policies',
  panels: [
    graph(
      'Rate limits',
      'reqps',
      'Requests that met one.',
      rates('outrigger_rate_limit_total', 'destination, decision', '{{destination}} {{decision}}'),
    ),
    graph(
      'Fallbacks',
      'reqps',
      'Answers that stood in, and for what.',
      rates('outrigger_fallback_total', 'destination, kind, reason', '{{destination}} {{kind}} {{reason}}'),
    ),
    graph(
      'Idempotency',
      'reqps',
      'Writes by what became of their key.',
      rates('outrigger_idempotency_total', 'destination, result', '{{destination}} {{result}}'),
    ),
    graph(
      'Adaptive limit',
      'short',
      'As it was found out, and what is in flight.',
      sums('outrigger_concurrency_limit', 'destination', '{{destination}} limit'),
      sums('outrigger_concurrency_inflight', 'destination', '{{destination}} in flight'),
    ),
    graph(
      'Decisions',
      'reqps',
      'Of blocks without a metric of their own, and of all in shadow mode.',
      rates('outrigger_policy_decisions_total', 'policy, decision, mode', '{{policy}} {{decision}} {{mode}}'),
    ),
    graph(
      'Faults',
      'reqps',
      'Injected on purpose.',
      rates('outrigger_faults_injected_total', 'destination, type', '{{destination}} {{type}}'),
    ),
  ],
}
