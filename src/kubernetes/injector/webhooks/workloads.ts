/** `/warn-workload`: workloads, whose pods are made by a controller that shows no warning to anybody. Never refuses, never changes. */
import { templateOf } from '../../inject/template.ts'
import { LABEL } from '../../inject/names.ts'
import { mutate } from '../../inject/mutate.ts'
import type { Settings } from '../../inject/settings.ts'
import type { Cluster } from '../cluster.ts'
import { type AdmissionRequest, ALLOWED, type Verdict } from './review.ts'

export interface WorkloadWebhook {
  settings(): Settings
  readonly cluster: Pick<Cluster, 'namespace' | 'server'>
}

export async function reviewWorkload(request: AdmissionRequest, webhook: WorkloadWebhook): Promise<Verdict> {
  const { object } = request
  const template = templateOf(object)?.pod
  if (object === null || object === undefined || template === undefined) return ALLOWED
  const warnings: string[] = []
  const stated = template.metadata.labels?.[LABEL.inject]
  if (stated === undefined && object.metadata.labels?.[LABEL.inject] !== undefined) {
    warnings.push(
      `outrigger: label ${LABEL.inject} does nothing on a ${object.kind ?? 'workload'}: it must be on the template of its pods`,
    )
  }
  const info = await webhook.cluster.namespace(request.namespace ?? '')
  const wanted = stated ?? info?.labels[LABEL.inject]
  if (wanted !== 'enabled') return { ...ALLOWED, warnings }
  const { outcome, message, warnings: said } = mutate(template, info, webhook.settings(), webhook.cluster.server)
  if (outcome === 'denied') warnings.push(`outrigger: its pods will be refused: ${message}`.slice(0, 120))
  return { ...ALLOWED, warnings: [...warnings, ...said] }
}
