/** From the injector to the policy by helm upgrade, while pods are created. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import { until } from '../until.ts'
import type { Helm } from './helm.ts'
import { Load, type Told } from './load.ts'
import { podNamed } from './optin.ts'

/** ms in which the end of a webhook takes effect, and more. */
const AFTER = 2000

export async function changeOfModeFacts(
  report: Report,
  cluster: Cluster,
  helm: Helm,
  namespace: string,
): Promise<void> {
  let told: Told
  const load = new Load(cluster, namespace)
  try {
    await helm.install('injection.mode=both')
    await until('the policy', () => isInjectedByPolicy(cluster, namespace))
    await helm.install('injection.mode=policy')
    await until('the end of the webhook', () => isWebhookGone(cluster))
    await pause(AFTER)
  } finally {
    told = await load.end()
  }
  const { pods, bad, refused } = told
  const fact = `from webhook by both to policy: of ${pods} pods created meanwhile none was refused, and each had its sidecar`
  report.holds(fact, refused === 0 && bad.length === 0 && pods > 100, bad)
}

async function isInjectedByPolicy(cluster: Cluster, namespace: string): Promise<boolean> {
  const { object } = await cluster.create(podNamed(namespace), { dryRun: true })
  return object?.metadata?.annotations?.['outrigger.dev/status']?.includes('"by":"policy"') === true
}

async function isWebhookGone(cluster: Cluster): Promise<boolean> {
  const { status } = await cluster.get('MutatingWebhookConfiguration', undefined, 'outrigger-injector')
  return status === 404
}
