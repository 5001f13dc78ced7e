/** Endpoints as metrics and `/state` show them. */
// cold file: runs once per scrape
import type { Snapshot } from '../core/events.ts'
import type { EndpointHealth, EndpointSample } from '../telemetry/index.ts'
import type { Service } from '../upstream/service.ts'

/** `snapshots`: the states of all policies; what outlier made of an endpoint is among them. */
export function* endpointSamples(services: Iterable<Service>, snapshots: Iterable<Snapshot>): Iterable<EndpointSample> {
  const set = setAside(snapshots)
  for (const service of services) {
    for (const { address, active: inflight, idle, connections, unhealthy } of service.endpoints) {
      const state = unhealthy ? 'unhealthy' : (set.get(`${service.name} ${address}`) ?? 'ready')
      yield { service: service.name, address, state, inflight, idle, connections }
    }
  }
}

/** By service and address. Two statements for one service may differ: one that is ejected for some requests is shown so. */
function setAside(snapshots: Iterable<Snapshot>): Map<string, EndpointHealth> {
  const found = new Map<string, EndpointHealth>()
  for (const snapshot of snapshots) {
    if (snapshot.kind !== 'outlier' || snapshot.mode === 'shadow' || snapshot.state === 'ready') continue
    const key = `${snapshot.service} ${snapshot.address}`
    if (found.get(key) !== 'ejected') found.set(key, snapshot.state)
  }
  return found
}
