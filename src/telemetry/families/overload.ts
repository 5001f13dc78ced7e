/** How hard the process itself is pressed, and the connections it does not take. */
// cold file: runs once per scrape
import type { Registry } from '../registry.ts'
import type { Direction } from '../sources.ts'
import { counter, type Family, gauge, sample } from './family.ts'

const DIRECTIONS: readonly Direction[] = ['inbound', 'outbound']

export function overloadFamilies(registry: Registry): Family[] {
  return [
    gauge('outrigger_overload_pressure', 'What the process has of what it can bear, 0 to 1, by signal.', () => {
      const pressure = registry.sources?.pressure?.() ?? []
      return Array.from(pressure, ([signal, value]) => sample(value, { signal }))
    }),
    counter('outrigger_downstream_connections_dropped_total', 'Connections above limits.maxConnections.', () => {
      const dropped = registry.sources?.connectionsDropped?.bind(registry.sources)
      if (dropped === undefined) return []
      return DIRECTIONS.map((direction) => sample(dropped(direction), { direction }))
    }),
  ]
}
