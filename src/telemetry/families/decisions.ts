/** What blocks decided, by the metric that each has for it. */
// cold file: runs once per scrape
import type { Registry } from '../registry.ts'
import { counter, type Family, type Sample, sample } from './family.ts'

/** Blocks whose decisions have a metric of their own: its name, and the label that tells decisions apart. */
const OWN: Readonly<Record<string, readonly [name: string, label: string, help: string]>> = {}

export function decisionFamilies(registry: Registry): Family[] {
  const own = Object.entries(OWN).map(([block, [name, label, help]]) =>
    counter(name, help, () => decisions(registry, label, (of, mode) => of === block && mode === 'enforce')),
  )
  return [
    ...own,
    counter('outrigger_policy_decisions_total', 'What blocks did to requests, or in shadow mode would have done.', () =>
      decisions(registry, 'decision', (block, mode) => mode === 'shadow' || OWN[block] === undefined),
    ),
  ]
}

function decisions(registry: Registry, label: string, wanted: (block: string, mode: string) => boolean): Sample[] {
  const samples: Sample[] = []
  for (const { direction, service, template, decisions } of registry.routes.values()) {
    for (const [key, value] of decisions) {
      const [block = '', decision = '', mode = ''] = key.split(' ')
      if (!wanted(block, mode)) continue
      const route = { direction, destination: service, route: template }
      const what = label === 'decision' ? { policy: block, decision, mode } : { [label]: decision }
      samples.push(sample(value, { ...route, ...what }))
    }
  }
  return samples
}
