/** Probes of applications that say nothing of them. */
import { isOurs, KINDS } from '../../inject/app-probes.ts'
import { isOurName } from '../../inject/decide.ts'
import { INIT, PROXY } from '../../inject/names.ts'
import { longRunning, placed, PROBES } from '../../inject/pod.ts'
import { type Check, error, type Finding, warning } from '../finding.ts'
import type { Pod } from '../objects.ts'
import { injectedPods, podName } from '../selection.ts'

export const probeChecks: readonly Check[] = [
  {
    code: 'OC027',
    title: 'no probe asks a sidecar that knows nothing of it',
    hint: 'The template was copied from an injected pod. Take the annotation outrigger.dev/status out of it and state the probes as they were: they stand in that annotation. `outrigger uninject` does it.',
    when: 'post',
    run: ({ pods = [] }) => pods.filter(({ status }) => !isOver(status?.phase)).flatMap(lostProbes),
  },
  {
    code: 'OC028',
    title: 'no TCP probe is answered by the sidecar',
    hint: "It finds the sidecar's port open, whether the application listens or not: injection.mode: policy rewrites no probes. Use httpGet, grpc or exec.",
    when: 'post',
    run: (snapshot) => injectedPods(snapshot).filter(isRedirected).flatMap(blindProbes),
  },
]

function isRedirected(pod: Pod): boolean {
  return placed(pod).some(({ container }) => container.name === INIT)
}

function blindProbes(pod: Pod): Finding[] {
  return longRunning(pod, isOurName).flatMap(({ container }) =>
    PROBES.filter(
      (kind) => container[kind]?.tcpSocket !== undefined && (container[kind].tcpSocket.host ?? '') === '',
    ).map((kind) => warning(podName(pod), `${kind} of container '${container.name}' is a TCP probe`)),
  )
}

function isOver(phase: string | undefined): boolean {
  return phase === 'Succeeded' || phase === 'Failed'
}

function lostProbes(pod: Pod): Finding[] {
  const sidecar = placed(pod).find(({ container }) => container.name === PROXY)?.container
  const told = sidecar?.env?.find(({ name }) => name === 'APP_PROBES')?.value ?? ''
  return longRunning(pod, isOurName).flatMap(({ container }) =>
    PROBES.filter((kind) => {
      const probe = container[kind]
      return probe !== undefined && isOurs(probe) && !told.includes(`"${container.name}/${KINDS[kind]}"`)
    }).map((kind) => {
      const why = sidecar === undefined ? 'and there is none' : 'which was not told what to ask'
      return error(podName(pod), `${kind} of container '${container.name}' asks a sidecar, ${why}`)
    }),
  )
}
