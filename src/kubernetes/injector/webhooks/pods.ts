/** `/mutate`: pods as they are created. */
import { mutate, type Mutation } from '../../inject/mutate.ts'
import type { Pod } from '../../inject/pod.ts'
import type { Settings } from '../../inject/settings.ts'
import type { Cluster } from '../cluster.ts'
import type { OwnerEvents } from '../owner-events.ts'
import { type AdmissionRequest, ALLOWED, type Verdict } from './review.ts'

export interface PodWebhook {
  settings(): Settings
  readonly cluster: Pick<Cluster, 'namespace' | 'server'>
  readonly events: Pick<OwnerEvents, 'tell'>
  /** Pods, not calls: the API server calls again when somebody else changed the pod after us. */
  count(result: Mutation['outcome'], reason: string): void
}

export async function reviewPod(request: AdmissionRequest, webhook: PodWebhook): Promise<Verdict> {
  const pod = request.object as Pod | null | undefined
  if (pod?.spec === undefined) return ALLOWED
  // The pod's own field may be empty: the API server fills it in later.
  const namespace = request.namespace ?? pod.metadata.namespace ?? ''
  const info = await webhook.cluster.namespace(namespace)
  const mutation = mutate(pod, info, webhook.settings(), webhook.cluster.server)
  const { outcome, reason, message, patch, warnings, events } = mutation
  if (request.dryRun !== true) {
    if (outcome !== 'unchanged') webhook.count(outcome, reason)
    webhook.events.tell(namespace, pod.metadata, events)
  }
  return {
    allowed: outcome !== 'denied',
    message: outcome === 'denied' ? `outrigger: ${message}` : '',
    patch,
    warnings,
  }
}
