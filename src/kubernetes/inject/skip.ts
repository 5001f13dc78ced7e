/** Pods that are left alone, and why. */
import { LABEL, PROXY, STATUS } from './names.ts'
import { type Pod, placed } from './pod.ts'

export type SkipReason =
  | 'opted_out'
  | 'own_component'
  | 'host_network'
  | 'mirror_pod'
  | 'windows'
  | 'other_mesh'
  | 'foreign_proxy'

export interface Skip {
  readonly reason: SkipReason
  /** A sentence for people. */
  readonly message: string
}

/** Names of containers that take a pod's traffic already. */
const OTHERS = ['istio-proxy', 'linkerd-proxy', 'kuma-sidecar', 'consul-dataplane', 'envoy-sidecar', 'osm-init']

/** undefined: the pod gets its sidecar. Who opted in is what the webhook's selectors say; an opt-out on the pod holds always. */
export function skipOf(pod: Pod): Skip | undefined {
  const { labels = {}, annotations = {} } = pod.metadata
  if (labels[LABEL.inject] === 'disabled') return skip('opted_out', `label ${LABEL.inject} is 'disabled'`)
  if (labels[LABEL.component] !== undefined) return skip('own_component', 'it is part of Outrigger itself')
  if (pod.spec.hostNetwork === true) {
    return skip(
      'host_network',
      "it uses the node's network (hostNetwork), where rules of ours would hold for the whole node",
    )
  }
  if (annotations['kubernetes.io/config.mirror'] !== undefined) return skip('mirror_pod', 'it mirrors a static pod')
  if (pod.spec.os?.name === 'windows' || pod.spec.nodeSelector?.['kubernetes.io/os'] === 'windows') {
    return skip('windows', 'it runs on Windows')
  }
  const names = placed(pod).map(({ container }) => container.name)
  const other = names.find((name) => OTHERS.includes(name))
  if (other !== undefined) return skip('other_mesh', `container '${other}' of another mesh takes its traffic already`)
  if (names.includes(PROXY) && annotations[STATUS] === undefined) {
    return skip('foreign_proxy', `a container '${PROXY}' is there that no injector of ours put in`)
  }
  return undefined
}

function skip(reason: SkipReason, message: string): Skip {
  return { reason, message }
}
