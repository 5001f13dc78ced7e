/** Pod + settings → plan. Pure, and the same at every call for the same pod, whoever changed it in between. */
import { appPortsOf } from './app-ports.ts'
import { type AppProbe, rewriteProbes, type RewrittenProbe } from './app-probes.ts'
import { namedPortsOf } from './named-ports.ts'
import { layoutOf, type Server, SLEEP_SINCE } from './native.ts'
import { INIT, PROXY } from './names.ts'
import { longRunning, type Pod, placed } from './pod.ts'
import type { Plan } from './plan.ts'
import type { ForPod } from './read-annotations.ts'
import { isGuaranteed, resourcesOf } from './resources.ts'
import { workloadName } from './workload.ts'

/** s that the API gives where a pod says nothing. */
const GRACE = 30

export interface Decision {
  readonly plan: Plan
  readonly warnings: readonly string[]
}

/** `pod` as it was before any injection. */
export function decide(pod: Pod, forPod: ForPod, uid: number, server: Server): Decision {
  const { settings } = forPod
  const { interception, proxy, init } = settings
  const layout = layoutOf(settings.nativeSidecar, interception, server)
  const warnings = layout.warning === '' ? [] : [layout.warning]
  const grace = pod.spec.terminationGracePeriodSeconds ?? GRACE
  const guaranteed = isGuaranteed(pod, isOurName)
  const probes = new Map<string, readonly RewrittenProbe[]>()
  const appProbes = new Map<string, AppProbe>()
  if (interception === 'redirect' && settings.app.rewriteProbes) {
    for (const { container } of longRunning(pod, isOurName)) {
      const { rewritten, lost } = rewriteProbes(container, proxy.ports.admin)
      warnings.push(...lost)
      if (rewritten.length > 0) probes.set(container.name, rewritten)
      for (const { key, ask } of rewritten) appProbes.set(key, ask)
    }
  }
  const sleep = Math.ceil(settings.app.preStopSleep / 1000)
  // With less than this left after the hook the kubelet would kill the application in the middle of its own end.
  const fits = grace >= sleep + 2
  if (sleep > 0 && !fits) warnings.push(`no preStop sleep of ${sleep} s: terminationGracePeriodSeconds is ${grace}`)
  if (pod.spec.shareProcessNamespace === true) {
    warnings.push('shareProcessNamespace: the application can see and signal the sidecar')
  }
  const namedPorts = interception === 'named-port' ? namedPortsOf(pod, proxy.ports.namedPorts) : []
  if (interception === 'named-port' && namedPorts.length === 0) {
    warnings.push('no container port has a name: nothing inbound goes through the sidecar')
  }
  return {
    plan: {
      settings,
      name: forPod.name ?? workloadName(pod.metadata),
      native: layout.native,
      resources: resourcesOf(proxy.cpu, proxy.memory, guaranteed),
      initResources: resourcesOf(init.cpu, init.memory, guaranteed),
      uid,
      appPorts: appPortsOf(pod, forPod),
      appProbes,
      probes,
      namedPorts,
      preStopSleep: fits && server.minor >= SLEEP_SINCE ? sleep : 0,
      grace,
    },
    warnings,
  }
}

export function isOurName(name: string): boolean {
  return name === PROXY || name === INIT
}

/** Who of the pod's own containers runs as the sidecar, and would be let past it by the rule on its uid (istio#9462). */
export function uidClash(pod: Pod, uid: number): string | undefined {
  const whole = pod.spec.securityContext?.runAsUser
  const clash = placed(pod).find(
    ({ container }) => !isOurName(container.name) && (container.securityContext?.runAsUser ?? whole) === uid,
  )
  return clash?.container.name
}
