/** What the flags of `run` say over the Sidecar document. */
import type { HostPort, SidecarDocument } from '../config/model.ts'
import type { MetricCompatibility } from '../telemetry/index.ts'

export interface RunFlags {
  readonly app?: HostPort | undefined
  readonly inbound?: HostPort | undefined
  readonly outbound?: HostPort | undefined
  readonly admin?: HostPort | undefined
  readonly metricsCompatibility?: readonly MetricCompatibility[] | undefined
}

/** The usual inbound listener. */
const INBOUND: HostPort = { host: '0.0.0.0', port: 19_000 }

/** Throws an Error with a sentence where flags and file do not go together. */
export function withFlags(sidecar: SidecarDocument, flags: RunFlags): SidecarDocument {
  const { app, inbound, outbound, admin, metricsCompatibility: compatibility } = flags
  return {
    ...sidecar,
    inbound: inboundWith(sidecar.inbound, app, inbound),
    outbound:
      outbound === undefined
        ? sidecar.outbound
        : { unknownHosts: sidecar.outbound?.unknownHosts ?? 'refuse', listen: outbound },
    admin: admin === undefined ? sidecar.admin : { listen: admin },
    metrics: compatibility === undefined ? sidecar.metrics : { ...sidecar.metrics, compatibility },
  }
}

function inboundWith(
  stated: SidecarDocument['inbound'],
  app: HostPort | undefined,
  listen: HostPort | undefined,
): SidecarDocument['inbound'] {
  if (app === undefined && listen === undefined) return stated
  if (stated.length > 1) {
    throw new Error(`--app and --inbound mean one inbound listener; the Sidecar document has ${stated.length}`)
  }
  const first = stated[0]
  const to = app ?? first?.app
  if (to === undefined) throw new Error('--inbound needs --app HOST:PORT, or an inbound entry in the Sidecar document')
  return [{ listen: listen ?? first?.listen ?? INBOUND, app: to, protocol: first?.protocol ?? 'auto', tls: first?.tls }]
}
