/** How a pod looks, in few words and in comparable form. */

// biome-ignore lint/suspicious/noExplicitAny: a pod of the API
export type Pod = any

/** `outrigger-init outrigger-proxy* app`: init containers, a star for those that stay, then containers. */
export function shape(pod: Pod): string {
  if (pod?.spec === undefined) return pod?.message ?? String(pod)
  const inits = (pod.spec.initContainers ?? []).map((c: Pod) => (c.restartPolicy === 'Always' ? `${c.name}*` : c.name))
  return [...inits, ...pod.spec.containers.map((c: Pod) => c.name)].join(' ')
}

export const MESHED = 'outrigger-init outrigger-proxy* app'

const TOKEN = 'kube-api-access'
const PROBES = ['startupProbe', 'readinessProbe', 'livenessProbe']

/** Without what differs between any two pods. */
export function plain(pod: Pod): Pod {
  const { name: _name, uid: _uid, creationTimestamp: _at, namespace: _in, ...metadata } = structuredClone(pod.metadata)
  const spec = structuredClone(pod.spec)
  delete metadata.managedFields
  delete metadata.ownerReferences
  delete metadata.generateName
  delete metadata.resourceVersion
  delete metadata.generation
  for (const key of ['controller-uid', 'batch.kubernetes.io/controller-uid']) delete metadata.labels?.[key]
  for (const key of ['job-name', 'batch.kubernetes.io/job-name']) delete metadata.labels?.[key]
  spec.volumes = (spec.volumes ?? []).filter(({ name }: Pod) => !name.startsWith(TOKEN))
  for (const container of everyContainer({ spec })) {
    container.volumeMounts = (container.volumeMounts ?? []).filter(({ name }: Pod) => !name.startsWith(TOKEN))
  }
  return { metadata, spec }
}

/** Without what docs/kubernetes.md lists as different between the modes: the status annotation, and probes led through the sidecar. */
export function alike(pod: Pod): Pod {
  const same = plain(pod)
  delete same.metadata.annotations?.['outrigger.dev/status']
  for (const container of everyContainer(same)) {
    for (const variable of container.env ?? []) if (variable.name === 'APP_PROBES') variable.value = ''
    if (container.name === 'outrigger-proxy') continue
    for (const probe of PROBES) delete container[probe]
  }
  return same
}

export function everyContainer(pod: Pod): Pod[] {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
}

/** `place: left ≠ right` for each difference. */
export function differences(left: Pod, right: Pod, place = ''): string[] {
  if (JSON.stringify(left) === JSON.stringify(right)) return []
  const bothHold = [left, right].every((one) => typeof one === 'object' && one !== null)
  if (!bothHold || Array.isArray(left) !== Array.isArray(right)) {
    return [`${place}: ${JSON.stringify(left)} ≠ ${JSON.stringify(right)}`]
  }
  const keys = new Set([...Object.keys(left), ...Object.keys(right)])
  return [...keys].flatMap((key) => differences(left[key], right[key], `${place}.${key}`))
}
