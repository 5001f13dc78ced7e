/** Who opted in, and what a selector selects. */
import type { KubernetesObject } from '../api/object.ts'
import { LABEL, PROXY } from '../inject/names.ts'
import { placed } from '../inject/pod.ts'
import { skipOf } from '../inject/skip.ts'
import type { LabelSelector, Pod } from './objects.ts'
import type { Snapshot } from './snapshot.ts'

export function enabledNamespaces({ namespaces = [] }: Snapshot): KubernetesObject[] {
  return namespaces.filter(({ metadata }) => metadata.labels?.[LABEL.inject] === 'enabled')
}

/** Pods that shall have a sidecar, by the rules of the two webhooks; those that have ended are over. */
export function wantedPods(snapshot: Snapshot): Pod[] {
  const words = new Map(
    (snapshot.namespaces ?? []).map(({ metadata }) => [metadata.name, metadata.labels?.[LABEL.inject]]),
  )
  return (snapshot.pods ?? []).filter((pod) => {
    const { phase } = pod.status ?? {}
    if (phase === 'Succeeded' || phase === 'Failed') return false
    const word = words.get(pod.metadata.namespace) ?? pod.metadata.labels?.[LABEL.inject]
    return word === 'enabled' && pod.metadata.labels?.[LABEL.inject] !== 'disabled'
  })
}

export function injectedPods({ pods = [] }: Snapshot): Pod[] {
  return pods.filter((pod) => hasProxy(pod) && skipOf(pod) === undefined)
}

export function hasProxy(pod: Pod): boolean {
  return placed(pod).some(({ container }) => container.name === PROXY)
}

export function podName({ metadata }: Pod): string {
  return `pod ${metadata.namespace}/${metadata.name}`
}

export function selects(selector: LabelSelector | undefined, labels: Readonly<Record<string, string>> = {}): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {}
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key]
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value)
        case 'NotIn':
          return value === undefined || !values.includes(value)
        case 'Exists':
          return value !== undefined
        default:
          return value === undefined
      }
    })
  )
}
