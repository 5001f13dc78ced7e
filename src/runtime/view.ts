/** What the admin listener shows: the configuration and the state, as JSON. */
import type { State } from '../admin/index.ts'
import type { BlockStatement, Place } from '../config/model.ts'
import type { Snapshot } from '../core/events.ts'
import type { DiscoverySample, EndpointSample } from '../telemetry/index.ts'
import type { Configuration } from './configuration.ts'
import type { Drain } from './drain.ts'
import type { OverloadView } from './overload/overload.ts'

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

export function stateView(
  snapshots: Iterable<Snapshot>,
  endpoints: Iterable<EndpointSample>,
  discovery: readonly DiscoverySample[],
  drain: Drain,
  startedAt: number,
  now: number,
  connections: { readonly inbound: number; readonly outbound: number },
  overload: OverloadView,
): State {
  const all = [...snapshots]
  const of = <K extends Snapshot['kind']>(kind: K) =>
    all.filter((snapshot): snapshot is Extract<Snapshot, { kind: K }> => snapshot.kind === kind)
  return {
    uptimeSeconds: Math.round(now - startedAt) / 1000,
    drain: drain.phase,
    connections,
    overload,
    breakers: of('breaker'),
    bulkheads: of('bulkhead'),
    budgets: of('budget'),
    hedges: of('hedge'),
    concurrency: of('concurrency'),
    rateLimits: of('rateLimit'),
    caches: of('cache'),
    idempotency: of('idempotency'),
    outliers: of('outlier'),
    endpoints: [...endpoints],
    discovery,
  }
}
