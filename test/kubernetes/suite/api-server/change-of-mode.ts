/** From the injector to the policy by helm upgrade, while pods are created. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import { until } from '../until.ts'
import type { Helm } from './helm.ts'
import { Load } from './load.ts'
import { podNamed } from './optin.ts'

/** ms in which the end of a webhook takes effect, and more. */
const AFTER = 2000

export async function changeOfModeFacts(
  report: Report,
  cluster: Cluster,
  helm: Helm,
  namespace: string,
): Promise<void> {
  const load = new Load(cluster, namespace)
  await helm.install('injection.mode=both')
  await until('the policy', () => isInjectedByPolicy(cluster, namespace))
  await helm.install('injection.mode=policy')
  await until('the end of the webhook', async () => (await webhooks(cluster)) === 0)
  await pause(AFTER)
  const { pods, bad, refused } = await load.end()
  const fact = `from webhook by both to policy: of ${pods} pods created meanwhile none was refused, and each had its sidecar`
  report.holds(fact, refused === 0 && bad.length === 0 && pods > 100, bad)
}

async function isInjectedByPolicy(cluster: Cluster, namespace: string): Promise<boolean> {
  const { object } = await cluster.create(podNamed(namespace), { dryRun: true })
  return object?.metadata?.annotations?.['outrigger.dev/status']?.includes('"by":"policy"') === true
}

async function webhooks(cluster: Cluster): Promise<number> {
  const { object } = await cluster.ask('GET', '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations')
  return object.items.filter(({ metadata }: { metadata: { name: string } }) => metadata.name === 'outrigger-injector')
    .length
}
