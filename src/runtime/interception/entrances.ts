/** The listeners of one inbound entry, and how connections begin there. */
import type { HostPort, SidecarDocument } from '../../config/model.ts'
import type { MappedPort } from '../../config/values/ports.ts'
import type { Begin } from '../traffic-listener.ts'
import type { Interception } from './interception.ts'

export interface Entrance {
  readonly listen: HostPort
  /** undefined: as HTTP. */
  readonly begin: Begin | undefined
}

/** An entry for redirected connections has one more listener for each port of `portMap`, which is led to it alone. */
export function entrances(
  { listen, app, protocol }: SidecarDocument['inbound'][number],
  interception: Interception,
  portMap: readonly MappedPort[],
): Entrance[] {
  const bytes = protocol === 'tcp'
  if (app !== 'original') return [{ listen, begin: bytes ? interception.inboundBytes(app) : undefined }]
  const mapped = portMap.map(({ port, listener }) => ({
    listen: { host: listen.host, port: listener },
    begin: interception.inbound(bytes, port),
  }))
  return [{ listen, begin: interception.inbound(bytes) }, ...mapped]
}
