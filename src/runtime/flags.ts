/** What the flags of `run` say over the Sidecar document. */
import type { HostPort, SidecarDocument } from '../config/model.ts'
import type { AppPorts } from '../config/values/app-ports.ts'
import type { MappedPort } from '../config/values/ports.ts'
import type { MetricCompatibility } from '../telemetry/index.ts'

export interface RunFlags {
  readonly app?: HostPort | undefined
  readonly inbound?: HostPort | undefined
  readonly outbound?: HostPort | undefined
  readonly admin?: HostPort | undefined
  readonly metricsCompatibility?: readonly MetricCompatibility[] | undefined
  /** Connections come by redirect, in both directions. */
  readonly transparent?: boolean | undefined
  /** What the application's ports speak. */
  readonly appPorts?: AppPorts | undefined
  /**
   * A listener for each of these ports of the application: where connections are redirected and the original destination
   * cannot be read, or where clients come to those listeners by themselves.
   */
  readonly portMap?: readonly MappedPort[] | undefined
}

/** The usual inbound listener. */
const INBOUND: HostPort = { host: '0.0.0.0', port: 19_000 }
/** The usual ones for redirected connections, of both families: REDIRECT leads to 127.0.0.1 and ::1, or the pod's addresses. */
const REDIRECTED = { inbound: { host: '::', port: 19_000 }, outbound: { host: '::', port: 19_001 } } as const

/** Throws an Error with a sentence where flags and file do not go together. */
export function withFlags(sidecar: SidecarDocument, flags: RunFlags): SidecarDocument {
  const { outbound, admin, transparent, metricsCompatibility: compatibility } = flags
  return {
    ...sidecar,
    inbound: inboundWith(sidecar.inbound, flags),
    outbound: outboundWith(sidecar, outbound, transparent === true),
    admin: admin === undefined ? sidecar.admin : { listen: admin },
    metrics: compatibility === undefined ? sidecar.metrics : { ...sidecar.metrics, compatibility },
  }
}

function inboundWith(stated: SidecarDocument['inbound'], flags: RunFlags): SidecarDocument['inbound'] {
  const { app, inbound: listen, transparent = false, portMap = [] } = flags
  if (!transparent && portMap.length > 0) return listenerEach(portMap, flags)
  if (app === undefined && listen === undefined && !transparent) return stated
  if (stated.length > 1) {
    const meant = '--app, --inbound and --transparent mean one inbound listener'
    throw new Error(`${meant}; the Sidecar document has ${stated.length}`)
  }
  const first = stated[0]
  const to = app ?? (transparent ? 'original' : first?.app)
  if (to === 'original' && first?.tls !== undefined) {
    throw new Error('--transparent passes TLS as it came: leave tls out of the inbound entry of the Sidecar document')
  }
  if (to === undefined) throw new Error('--inbound needs --app HOST:PORT, or an inbound entry in the Sidecar document')
  const usual = transparent ? REDIRECTED.inbound : INBOUND
  return [{ listen: listen ?? first?.listen ?? usual, app: to, protocol: first?.protocol ?? 'auto', tls: first?.tls }]
}

/** Nothing is redirected: clients come to a port of ours, for each port of the application. */
function listenerEach(
  portMap: readonly MappedPort[],
  { app, inbound, appPorts }: RunFlags,
): SidecarDocument['inbound'] {
  if (app !== undefined || inbound !== undefined) {
    throw new Error('--inbound-port-map names the listeners of all ports: leave --app and --inbound out')
  }
  return portMap.map(({ port, listener }) => ({
    listen: { host: '::', port: listener },
    app: { host: '127.0.0.1', port },
    protocol: appPorts?.get(port) === 'tcp' ? 'tcp' : 'auto',
    tls: undefined,
  }))
}

/** Whoever lets connections be redirected lets strangers pass, unless the file says otherwise. */
function outboundWith(
  { outbound, place }: SidecarDocument,
  listen: HostPort | undefined,
  transparent: boolean,
): SidecarDocument['outbound'] {
  if (!transparent) {
    if (listen === undefined) return outbound
    return { ...(outbound ?? EXPLICIT), listen }
  }
  // Without a Sidecar document the loader put the usual explicit listener in its place.
  const stated = place === undefined ? undefined : outbound
  const unknownHostsStated = stated?.unknownHostsStated ?? false
  return {
    listen: listen ?? stated?.listen ?? REDIRECTED.outbound,
    transparent: true,
    unknownHosts: unknownHostsStated ? (stated?.unknownHosts ?? 'refuse') : 'passthrough',
    unknownHostsStated,
  }
}

const EXPLICIT = { transparent: false, unknownHosts: 'refuse', unknownHostsStated: false } as const
