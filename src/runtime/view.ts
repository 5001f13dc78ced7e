/** What the admin listener shows: the configuration and the state, as JSON. */
import type { State } from '../admin/index.ts'
import type { BlockStatement, Place } from '../config/model.ts'
import type { Snapshot } from '../core/events.ts'
import type { Configuration } from './configuration.ts'
import { endpointSamples } from './endpoint-samples.ts'
import type { Parts } from './parts.ts'

/** The effective configuration, with the place of each statement. There are no secrets in it, only paths to them. */
export function configView(configuration: Configuration): unknown {
  const { current, loadedAt, lastReloadSuccess, lastReport } = configuration
  const { place: _place, ...sidecar } = current.sidecar
  return {
    hash: current.hash,
    loadedAt: new Date(loadedAt).toISOString(),
    lastReload: { success: lastReloadSuccess, report: lastReport },
    sidecar: { ...sidecar, limits: finite(sidecar.limits) },
    services: current.services.map(({ place, ...service }) => ({ ...service, at: at(place) })),
    policies: current.policies.map(({ place, routes, blocks, ...policy }) => ({
      ...policy,
      at: at(place),
      routes: routes.map(({ place: where, ...route }) => ({ ...route, at: at(where) })),
      blocks: Object.fromEntries(blocks.map((block) => [block.block, blockView(block)])),
    })),
  }
}

function blockView({ config, mode, profile, place }: BlockStatement): unknown {
  return { config, mode, ...(profile === '' ? {} : { profile }), at: at(place) }
}

function at(place: Place): string {
  return `${place.file}:${place.line}:${place.column}`
}

/** JSON has no Infinity. */
function finite(limits: Readonly<Record<string, number>>): Record<string, number | 'none'> {
  return Object.fromEntries(
    Object.entries(limits).map(([name, value]) => [name, Number.isFinite(value) ? value : 'none']),
  )
}

/** What the state is read out of. */
export type StateParts = Pick<Parts, 'states' | 'services' | 'listeners' | 'drain' | 'clock' | 'startedAt' | 'overload'>

export function stateView({ states, services, listeners, drain, clock, startedAt, overload }: StateParts): State {
  const all = [...states.snapshots()]
  const of = <K extends Snapshot['kind']>(kind: K) =>
    all.filter((snapshot): snapshot is Extract<Snapshot, { kind: K }> => snapshot.kind === kind)
  return {
    uptimeSeconds: Math.round(clock.now() - startedAt) / 1000,
    drain: drain.phase,
    connections: { inbound: listeners.connections('inbound'), outbound: listeners.connections('outbound') },
    overload: overload.view(),
    breakers: of('breaker'),
    bulkheads: of('bulkhead'),
    budgets: of('budget'),
    hedges: of('hedge'),
    concurrency: of('concurrency'),
    rateLimits: of('rateLimit'),
    caches: of('cache'),
    idempotency: of('idempotency'),
    outliers: of('outlier'),
    endpoints: [...endpointSamples(services.all(), all)],
    discovery: services.discovery(),
  }
}
