/** `injection.mode: policy`: the API server injects, and nothing of ours runs. */
import type { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import { type Collected, collect, collectShapes, OTHER_VALUES, WITH_OTHER_VALUES } from './collected.ts'
import { Helm } from './helm.ts'
import { dry, optInFacts, podNamed } from './optin.ts'
import { MESHED } from './looks.ts'
import { restrictedFacts } from './restricted.ts'
import { secondMutatorFacts } from './second-mutator.ts'

const MODE = 'policy'

export async function policyMode(report: Report, cluster: Cluster): Promise<Collected> {
  const helm = new Helm(cluster.kubeconfig)
  await helm.install('injection.mode=policy')
  await optInFacts(report, cluster, MODE)
  await secondMutatorFacts(report, cluster, { mode: MODE, namespace: `${MODE}-on`, told: false })
  await restrictedFacts(report, cluster, MODE)
  await manyPortsFacts(report, cluster, `${MODE}-on`)
  const pods = await collect(cluster, MODE)
  await helm.install('injection.mode=policy', OTHER_VALUES)
  await collectShapes(cluster, `${MODE}-others`, WITH_OTHER_VALUES, pods)
  await helm.uninstall()
  return pods
}

/** What CEL may cost is bounded: the refusal says what helps. */
async function manyPortsFacts(report: Report, cluster: Cluster, namespace: string): Promise<void> {
  const ports = Array.from({ length: 600 }, (_, at) => ({ containerPort: 2000 + at }))
  const spec = { containers: [{ name: 'app', image: 'app:v1', ports }] }
  const refusal = await dry(cluster, podNamed(namespace, {}, spec))
  report.includes('policy: a pod with 600 ports is refused with a sentence', refusal, 'outrigger.dev/app-ports')
  const metadata = { annotations: { 'outrigger.dev/app-ports': '2000,2001' } }
  const told = await dry(cluster, podNamed(namespace, {}, spec, metadata))
  report.same('policy: and injected once it says which of them matter', told, MESHED)
}
