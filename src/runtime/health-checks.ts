/** `healthCheck` of a Service → what asks its endpoints. */
import type { HealthCheckConfig, ServiceDocument } from '../config/model.ts'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../telemetry/index.ts'
import { probeGrpc } from '../upstream/health/grpc-probe.ts'
import { HealthChecks } from '../upstream/health/health-checks.ts'
import { probeHttp } from '../upstream/health/http-probe.ts'
import type { Probe } from '../upstream/health/probe.ts'
import type { ProbeGate } from '../upstream/health/probe-gate.ts'
import type { UpstreamContext } from '../upstream/context.ts'
import type { TlsSettings } from '../upstream/tls-dialer.ts'

/** Probes under way at once in the whole process. */
export const MOST_PROBES = 32

export function createHealthChecks(
  document: ServiceDocument,
  tls: TlsSettings | undefined,
  gate: ProbeGate,
  { clock, random }: UpstreamContext,
  log: Log,
): HealthChecks | undefined {
  const { healthCheck: settings, name: service } = document
  if (settings === undefined) return undefined
  const changed = (endpoint: string, healthy: boolean, cause: string) => {
    if (healthy) log.info('endpoint is healthy again', { service, endpoint, cause })
    else log.warn('endpoint is unhealthy', { service, endpoint, cause })
  }
  const probe = probeOf(document, settings, tls, clock, log)
  return new HealthChecks({ settings, probe, gate, clock, random, report: { changed } })
}

function probeOf(
  document: ServiceDocument,
  { path, grpc, timeout }: HealthCheckConfig,
  tls: TlsSettings | undefined,
  clock: Clock,
  log: Log,
): Probe {
  const { name, protocol } = document
  if (grpc === undefined) {
    return (host, port, signal) => {
      const authority = authorityOf(document, host, port)
      return probeHttp({ host, port, tls, protocol, authority, path, timeout }, clock, signal)
    }
  }
  let said = false
  return async (host, port, signal) => {
    const authority = authorityOf(document, host, port)
    const target = { host, port, tls, authority, service: grpc.service, timeout }
    const { health, why } = await probeGrpc(target, clock, signal)
    if (health === 'unimplemented' && !said) {
      said = true
      log.warn('health check cannot be answered, so every endpoint passes', { service: name, host, port, cause: why })
    }
    // As gRPC's own clients do (gRFC A17): who has nothing to say of its health is not ill.
    return { passed: health === 'serving' || health === 'unimplemented', why }
  }
}

/** What clients call the service, unless `hostHeader` says otherwise. */
function authorityOf({ hostHeader, hosts }: ServiceDocument, host: string, port: number): string {
  if (hostHeader !== 'keep' && hostHeader !== 'endpoint') return hostHeader
  const named = hostHeader === 'keep' ? hosts.find((one) => !one.startsWith('*')) : undefined
  return named ?? (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)
}
