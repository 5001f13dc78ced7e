/** What came out of one mode, to be held against the other. */
import type { Cluster } from '../cluster.ts'
import type { Pod } from './looks.ts'
import { alike, plain } from './looks.ts'
import { PODS } from './pods.ts'
import { createWorkloads, KINDS, podOf } from './workloads.ts'

/** Pods by what they are called, each as it is compared. */
export type Collected = ReadonlyMap<string, Pod>

/** Namespaces with and without annotations of their own, and what is asked of each. */
export async function collectPods(cluster: Cluster, namespace: string): Promise<Collected> {
  const pods = new Map<string, Pod>()
  for (const pod of PODS) {
    const name = pod.metadata.name ?? pod.metadata.generateName
    const { object, message } = await cluster.create(inNamespace(pod, namespace), { dryRun: true })
    pods.set(name, message === '' ? comparable(object) : message)
  }
  return pods
}

/** Of controllers; the CronJob takes up to a minute. */
export async function collectWorkloads(cluster: Cluster, namespace: string): Promise<Collected> {
  await createWorkloads(cluster, namespace)
  const pods = new Map<string, Pod>()
  for (const kind of KINDS) pods.set(kind, await podOf(cluster, namespace, kind))
  return pods
}

/** Only interception `redirect` leads probes through the sidecar, so only there they may differ. */
export function comparable(pod: Pod): Pod {
  return pod.spec.initContainers?.some(({ name }: Pod) => name === 'outrigger-init') ? alike(pod) : withoutStatus(pod)
}

function withoutStatus(pod: Pod): Pod {
  const same = plain(pod)
  delete same.metadata.annotations?.['outrigger.dev/status']
  return same
}

function inNamespace(pod: Pod, namespace: string): Pod {
  return { ...pod, metadata: { ...pod.metadata, namespace } }
}
