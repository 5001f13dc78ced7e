/** `APP_PROBES`: the application's own probes, which the injector has put in our care. */
import type { AppProbe } from '../../kubernetes/inject/app-probes.ts'
import type { Log } from '../../telemetry/index.ts'

/** By `CONTAINER/KIND`. Text that cannot be read is told, and asks nothing: the kubelet then gets 404. */
export function readAppProbes(text: string | undefined, log: Log): ReadonlyMap<string, AppProbe> {
  if (text === undefined || text === '') return new Map()
  try {
    const probes = JSON.parse(text) as Record<string, AppProbe>
    return new Map(Object.entries(probes).filter(([, probe]) => (probe.http ?? probe.tcp ?? probe.grpc) !== undefined))
  } catch (cause) {
    log.error('APP_PROBES cannot be read, probes of the application fail', { cause })
    return new Map()
  }
}
