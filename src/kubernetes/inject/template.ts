/** Where the template of the pods is in each kind of workload. */
import type { KubernetesObject } from '../api/object.ts'
import type { Pod } from './pod.ts'

/** Path of the pod's `metadata` and `spec`, by kind. Kinds of others that copy a Deployment's form are in it, too. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  Pod: [],
  Deployment: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  Job: ['spec', 'template'],
  ReplicationController: ['spec', 'template'],
  Rollout: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
}

export interface Template {
  /** Of the pod in the object; [] for a Pod itself. */
  readonly path: readonly string[]
  /** With the workload's name where the template has none of its own, so that it is called the same as its pods will be. */
  readonly pod: Pod
}

/** `path`: for kinds that nobody listed. undefined: it makes no pods, as far as we know. */
export function templateOf(
  object: KubernetesObject | null | undefined,
  path?: readonly string[],
): Template | undefined {
  const way = path ?? (Object.hasOwn(TEMPLATES, object?.kind ?? '') ? TEMPLATES[object?.kind ?? ''] : undefined)
  if (object === null || object === undefined || way === undefined) return undefined
  let here: unknown = object
  for (const key of way) here = (here as Record<string, unknown> | null | undefined)?.[key]
  const found = here as Partial<Pod> | null | undefined
  if (found?.spec === undefined || found.spec === null || typeof found.spec !== 'object') return undefined
  return { path: way, pod: { ...found, metadata: found.metadata ?? {}, spec: found.spec } }
}
