/** What the admin listener asks of a sidecar, and what it may tell it to do. */
import type { AdminSource } from '../admin/index.ts'
import { BOUNDS } from '../telemetry/index.ts'
import { explainLive } from './explain-live.ts'
import type { Parts } from './parts.ts'
import { configView, type StateParts, stateView } from './view.ts'

const BOUNDS_MS = BOUNDS.map((bound) => bound * 1000)

/** What the admin listener needs of a sidecar. */
type AdminParts = StateParts &
  Pick<Parts, 'options' | 'sidecar' | 'telemetry' | 'configuration' | 'appHealth' | 'runtime'>

/** `opened`: every listener is bound, and none is closed. */
export function adminSource(parts: AdminParts, opened: () => boolean): AdminSource {
  const { options, sidecar, clock, telemetry, configuration, states, drain } = parts
  return {
    live: () => true,
    ready: () => opened() && drain.phase === 'serving',
    started: opened,
    metrics: (accept) => telemetry.metrics(accept),
    config: () => configView(configuration),
    state: () => stateView(parts),
    frame: () => ({
      now: clock.now(),
      name: sidecar.name,
      version: options.version,
      config: { ...configuration.sample, readAt: configuration.readAt },
      bounds: BOUNDS_MS,
      services: telemetry.totals(),
      ...stateView(parts),
    }),
    appHealth: (name) => parts.appHealth.of(name),
    ended: (seen) => ({ count: telemetry.endings.count, records: telemetry.endings.since(seen) }),
    tap: (listener) => telemetry.endings.listen(listener),
    paths: options.pagePaths === true,
    explain: (query) => explainLive(parts.runtime.config, query),
    announce: () => drain.announce(),
    drain: () => void drain.start(),
    quit: () => void drain.start().then(() => options.onQuit?.()),
    breaker: (id) => states.breaker(id),
  }
}
