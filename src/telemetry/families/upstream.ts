/** Endpoints and connections, read when asked. */
// cold file: runs once per scrape
import type { Registry } from '../registry.ts'
import type { Direction, EndpointHealth } from '../sources.ts'
import { counter, type Family, gauge, type Sample, Sums, sample } from './family.ts'

const HEALTH: readonly EndpointHealth[] = ['ready', 'ejected', 'probing', 'unhealthy']
const DIRECTIONS: readonly Direction[] = ['inbound', 'outbound']

export function upstreamFamilies(registry: Registry): Family[] {
  return [
    gauge('outrigger_endpoints', 'Endpoints of a service, by state.', () => endpoints(registry)),
    gauge(
      'outrigger_discovery_up',
      'Whether the endpoints of a service can be asked for; else the last ones stay.',
      () =>
        Array.from(registry.sources?.discovery?.() ?? [], ({ service: destination, source, up }) =>
          sample(up ? 1 : 0, { destination, source }),
        ),
    ),
    gauge(
      'outrigger_discovery_last_success_timestamp_seconds',
      'When the endpoints of a service were last known to be right.',
      () =>
        Array.from(registry.sources?.discovery?.() ?? []).flatMap(({ service: destination, source, heardAt }) =>
          heardAt === 0 ? [] : [sample(heardAt / 1000, { destination, source })],
        ),
    ),
    gauge('http_client_open_connections', 'Connections to endpoints, by state.', () => pools(registry)),
    gauge('outrigger_downstream_connections', 'Connections open to clients.', () => {
      const sources = registry.sources
      if (sources === undefined) return []
      return DIRECTIONS.map((direction) => sample(sources.connections(direction), { direction }))
    }),
    counter('outrigger_tunnel_bytes_total', 'Bytes through tunnels that ended, from and to clients.', () =>
      DIRECTIONS.flatMap((direction) => [
        sample(registry.tunnelReceived[direction], { direction, flow: 'received' }),
        sample(registry.tunnelSent[direction], { direction, flow: 'sent' }),
      ]),
    ),
    gauge('outrigger_replay_buffer_bytes', 'Bytes of request bodies kept so that they can be sent again.', () =>
      registry.sources === undefined ? [] : [sample(registry.sources.replayBytes())],
    ),
  ]
}

function endpoints(registry: Registry): Sample[] {
  const sums = new Sums()
  for (const endpoint of registry.sources?.endpoints() ?? []) {
    for (const state of HEALTH) sums.add({ destination: endpoint.service, state }, endpoint.state === state ? 1 : 0)
  }
  return sums.samples()
}

function pools(registry: Registry): Sample[] {
  const sums = new Sums()
  for (const { service, connections, idle } of registry.sources?.endpoints() ?? []) {
    const labels = { destination: service, server_address: service }
    sums.add({ ...labels, http_connection_state: 'active' }, connections - idle)
    sums.add({ ...labels, http_connection_state: 'idle' }, idle)
  }
  return sums.samples()
}
