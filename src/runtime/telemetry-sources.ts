/** What metrics ask of a sidecar at each scrape. */
import type { Config } from '../config/model.ts'
import { moderated } from '../net/moderation.ts'
import type { TelemetrySources } from '../telemetry/index.ts'
import { endpointSamples } from './endpoint-samples.ts'
import type { Interception } from './interception/interception.ts'
import type { Parts } from './parts.ts'

/** What metrics need of a sidecar. */
type MeasuredParts = Pick<
  Parts,
  'states' | 'services' | 'replay' | 'listeners' | 'configuration' | 'overload' | 'certificates' | 'runtime'
>

export function telemetrySources(parts: MeasuredParts, interception: Interception): TelemetrySources {
  const { states, services, replay, listeners, configuration, overload, certificates } = parts
  const service = (name: string): Config['services'][number] | undefined =>
    parts.runtime.config.services.find((one) => one.name === name)
  return {
    snapshots: () => states.snapshots(),
    endpoints: () => endpointSamples(services.all(), states.snapshots()),
    discovery: () => services.discovery(),
    replayBytes: () => replay.used,
    connections: (direction) => listeners.connections(direction),
    connectionsDropped: (direction) => listeners.dropped(direction),
    config: () => configuration.sample,
    pressure: () => overload.pressure(),
    eventLoopWaits: moderated,
    certificates: () => certificates.samples(configuration.current),
    opaque: () => interception.rows(),
    hosts: (name) => service(name)?.hosts ?? [],
    propagate: (name) => service(name)?.propagate ?? 'all',
  }
}
