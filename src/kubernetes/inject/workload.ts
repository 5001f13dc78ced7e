/** What a pod's workload is called: the name in `match.workload`, the same for all its replicas and after a rollout. */
import type { ObjectMeta } from '../api/object.ts'

/** The whole rule, in order: Deployment of a ReplicaSet, CronJob of a Job, any other owner, the pod itself. */
export function workloadName({ name, generateName = '', labels = {}, ownerReferences = [] }: ObjectMeta): string {
  const owner = ownerReferences.find(({ controller }) => controller === true) ?? ownerReferences[0]
  if (owner === undefined) return nameable(name ?? generateName.replace(/-$/, ''))
  if (owner.kind === 'ReplicaSet') {
    // The second is that of a Rollout of Argo, whose ReplicaSets are called the same way.
    const hash = labels['pod-template-hash'] ?? labels['rollouts-pod-template-hash']
    const suffix = `-${hash}`
    return nameable(
      hash !== undefined && owner.name.endsWith(suffix) ? owner.name.slice(0, -suffix.length) : owner.name,
    )
  }
  // A CronJob calls its Jobs after the minute they were due, in eight digits or more.
  if (owner.kind === 'Job') return nameable(owner.name.replace(/-[0-9]{8,}$/, ''))
  return nameable(owner.name)
}

/** Names of the API are names of ours, but a node's may hold more. */
function nameable(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
  return plain === '' ? 'outrigger' : plain
}
