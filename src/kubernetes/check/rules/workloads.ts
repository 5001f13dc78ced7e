/** Pods and what stands around them. */
import { proxyUidOf } from '../../inject/mutate.ts'
import { isOurName, uidClash } from '../../inject/decide.ts'
import { PROXY } from '../../inject/names.ts'
import { placed } from '../../inject/pod.ts'
import { readAnnotations } from '../../inject/read-annotations.ts'
import { skipOf } from '../../inject/skip.ts'
import { type Check, error, ok, skipped, warning } from '../finding.ts'
import { enabledNamespaces, hasProxy, injectedPods, podName, wantedPods } from '../selection.ts'
import type { Snapshot } from '../snapshot.ts'
import { probeChecks } from './probes.ts'

const NO_PODS = 'pods may not be listed'
const NO_SETTINGS = "the injector's ConfigMap may not be read"

/** Restarts from which a sidecar is in trouble. */
const RESTARTS = 5

export const workloadChecks: readonly Check[] = [
  {
    code: 'OC020',
    title: 'every pod that opted in has its sidecar',
    hint: 'They were created while the injector was away, or before the label: kubectl rollout restart. The ValidatingAdmissionPolicy of the chart refuses such pods.',
    when: 'post',
    run: (snapshot) => {
      if (snapshot.pods === undefined) return [skipped(NO_PODS)]
      const wanted = wantedPods(snapshot).filter((pod) => skipOf(pod) === undefined)
      const without = wanted.filter((pod) => !hasProxy(pod))
      return without.length === 0
        ? [ok(`${wanted.length} pods`)]
        : without.map((pod) => error(podName(pod), 'it has none'))
    },
  },
  {
    code: 'OC021',
    title: 'sidecars are those that the injector would give',
    hint: 'kubectl rollout restart, when it suits; a sidecar works with policies of the version before and after.',
    when: 'post',
    run: (snapshot) => {
      const { settings } = snapshot
      if (settings === undefined) return [skipped(NO_SETTINGS)]
      return injectedPods(snapshot).flatMap((pod) => {
        const image = placed(pod).find(({ container }) => container.name === PROXY)?.container.image
        return image === settings.images.proxy
          ? []
          : [warning(podName(pod), `its sidecar is ${image}, the injector's ${settings.images.proxy}`)]
      })
    },
  },
  {
    code: 'OC022',
    title: "no application runs as the sidecar's user",
    hint: 'Its traffic would pass by the sidecar. Another runAsUser, or another proxy.uid.',
    when: 'post',
    run: (snapshot) => {
      const { settings, namespaces = [] } = snapshot
      if (settings === undefined) return [skipped(NO_SETTINGS)]
      return [...wantedPods(snapshot)].flatMap((pod) => {
        const annotations = namespaces.find(({ metadata }) => metadata.name === pod.metadata.namespace)?.metadata
          .annotations
        const container = uidClash(pod, proxyUidOf({ annotations: annotations ?? {} }, settings))
        return container === undefined ? [] : [error(podName(pod), `container '${container}' does`)]
      })
    },
  },
  {
    code: 'OC023',
    title: 'annotations say something',
    hint: 'docs/kubernetes-annotations.md has them all; whether a sidecar is wanted is a label.',
    when: 'post',
    run: (snapshot) => {
      const { settings } = snapshot
      if (settings === undefined) return [skipped(NO_SETTINGS)]
      const look = (subject: string, annotations: Readonly<Record<string, string>> = {}) => {
        const { errors, warnings } = readAnnotations(annotations, {}, settings)
        return [...errors.map((text) => error(subject, text)), ...warnings.map((text) => warning(subject, text))]
      }
      return [
        ...enabledNamespaces(snapshot).flatMap(({ metadata }) =>
          look(`namespace ${metadata.name}`, metadata.annotations),
        ),
        ...wantedPods(snapshot).flatMap((pod) => look(podName(pod), pod.metadata.annotations)),
      ]
    },
  },
  {
    code: 'OC024',
    title: 'pods that opted in can have a sidecar',
    hint: 'hostNetwork, Windows and pods of another mesh cannot: label them outrigger.dev/inject: disabled, so that it is said.',
    when: 'post',
    run: (snapshot) =>
      wantedPods(snapshot).flatMap((pod) => {
        const skip = skipOf(pod)
        return skip === undefined || skip.reason === 'own_component' ? [] : [warning(podName(pod), skip.message)]
      }),
  },
  {
    code: 'OC025',
    title: 'sidecars are well',
    hint: 'kubectl logs POD -c outrigger-proxy --previous',
    when: 'post',
    run: (snapshot) =>
      injectedPods(snapshot).flatMap((pod) => {
        const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {}
        const state = [...containerStatuses, ...initContainerStatuses].find(({ name }) => name === PROXY)
        if (state === undefined || pod.status?.phase !== 'Running') return []
        if (!state.ready) return [warning(podName(pod), 'its sidecar is not ready')]
        return state.restartCount >= RESTARTS
          ? [warning(podName(pod), `its sidecar was restarted ${state.restartCount} times`)]
          : []
      }),
  },
  {
    code: 'OC026',
    title: 'in mode named-port, Services name their targetPort',
    hint: 'A number leads past the sidecar: write the name of the container port.',
    when: 'post',
    run: (snapshot) => namedPorts(snapshot),
  },
  ...probeChecks,
]

function namedPorts(snapshot: Snapshot) {
  const { services, settings } = snapshot
  if (services === undefined || settings === undefined) return [skipped('Services, or the settings, may not be read')]
  const named = injectedPods(snapshot).filter(
    (pod) =>
      !placed(pod).some(({ container }) => isOurName(container.name) && container.name !== PROXY) &&
      settings.interception === 'named-port',
  )
  return services.flatMap(({ metadata, spec }) => {
    const selector = Object.entries(spec?.selector ?? {})
    const leads =
      selector.length > 0 &&
      named.some(
        (pod) =>
          pod.metadata.namespace === metadata.namespace &&
          selector.every(([key, value]) => pod.metadata.labels?.[key] === value),
      )
    const numbers = (spec?.ports ?? []).filter(({ targetPort }) => typeof targetPort !== 'string')
    return leads
      ? numbers.map(({ port, targetPort }) =>
          warning(
            `service ${metadata.namespace}/${metadata.name}`,
            `port ${port} goes to the number ${targetPort ?? port}`,
          ),
        )
      : []
  })
}
