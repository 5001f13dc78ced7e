/** What the admin listener asks of a sidecar, and what it may tell it to do. */
import type { AdminSource, State } from '../admin/index.ts'
import { endpointSamples } from './endpoint-samples.ts'
import { explainLive } from './explain-live.ts'
import { liveView } from './live-view.ts'
import type { Parts } from './parts.ts'
import { configView, stateView } from './view.ts'

/** `opened`: every listener is bound, and none is closed. */
export function adminSource(parts: Parts, opened: () => boolean): AdminSource {
  const { options, sidecar, clock, telemetry, configuration, states, drain } = parts
  return {
    live: () => true,
    ready: () => opened() && drain.phase === 'serving',
    started: opened,
    metrics: (accept) => telemetry.metrics(accept),
    config: () => configView(configuration),
    state: () => stateOf(parts),
    frame: () =>
      liveView(stateOf(parts), sidecar.name, options.version, configuration.sample, telemetry.totals(), clock.now()),
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

function stateOf({ states, services, listeners, drain, clock, startedAt, overload }: Parts): State {
  const connections = { inbound: listeners.connections('inbound'), outbound: listeners.connections('outbound') }
  const snapshots = states.snapshots()
  const endpoints = endpointSamples(services.all(), states.snapshots())
  return stateView(
    snapshots,
    endpoints,
    services.discovery(),
    drain,
    startedAt,
    clock.now(),
    connections,
    overload.view(),
  )
}
