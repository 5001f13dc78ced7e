/** What blocks decided, by the metric that each has for it. */
// cold file: runs once per scrape
import type { Registry } from '../registry.ts'
import { counter, type Family, type Sample, Sums, sample } from './family.ts'

interface Own {
  readonly name: string
  /** Tells decisions apart. */
  readonly label: string
  readonly help: string
  /** What is too frequent to be reported one by one, under the same labels. */
  more?(registry: Registry): Sample[]
}

/** Blocks whose decisions have a metric of their own. */
const OWN: Readonly<Record<string, Own>> = {
  rateLimit: {
    name: 'outrigger_rate_limit_total',
    label: 'decision',
    help: 'Requests that met a rate limit, by what it said.',
    more: allowed,
  },
  fault: {
    name: 'outrigger_faults_injected_total',
    label: 'type',
    help: 'Delays and answers that were injected on purpose.',
  },
  idempotency: {
    name: 'outrigger_idempotency_total',
    label: 'result',
    help: 'Writes by what became of their idempotency key.',
  },
  hedge: {
    name: 'outrigger_hedges_total',
    label: 'result',
    help: 'Attempts that were sent beside a slow or failed one, by what became of them, and those the budget forbade.',
  },
}

export function decisionFamilies(registry: Registry): Family[] {
  const own = Object.entries(OWN).map(([block, { name, label, help, more }]) =>
    counter(name, help, () => {
      const reported = decisions(registry, label, (of, mode) => of === block && mode === 'enforce', true)
      return more === undefined ? reported : reported.concat(more(registry))
    }),
  )
  return [
    ...own,
    counter('outrigger_policy_decisions_total', 'What blocks did to requests, or in shadow mode would have done.', () =>
      decisions(registry, 'decision', (block, mode) => mode === 'shadow' || OWN[block] === undefined, false),
    ),
  ]
}

function decisions(
  registry: Registry,
  label: string,
  wanted: (block: string, mode: string) => boolean,
  own: boolean,
): Sample[] {
  const samples: Sample[] = []
  for (const { direction, service, template, decisions } of registry.routes.values()) {
    for (const [key, value] of decisions) {
      const [block = '', decision = '', mode = ''] = key.split(' ')
      if (!wanted(block, mode)) continue
      const route = { direction, destination: service, route: template }
      const what = own ? { [label]: decision } : { policy: block, decision, mode }
      samples.push(sample(value, { ...route, ...what }))
    }
  }
  return samples
}

/** Requests that a rate limit let pass. */
function allowed(registry: Registry): Sample[] {
  const sums = new Sums()
  for (const snapshot of registry.sources?.snapshots() ?? []) {
    if (snapshot.kind !== 'rateLimit') continue
    const { direction, service: destination } = snapshot
    for (const { route, allowed } of snapshot.routes) {
      if (allowed > 0) sums.add({ direction, destination, route, decision: 'allowed' }, allowed)
    }
  }
  return sums.samples()
}
