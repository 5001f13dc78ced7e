/** `injection.mode: policy`: the API server injects, and nothing of ours runs. */
import type { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import { type Collected, collect, collectShapes, OTHER_VALUES, WITH_OTHER_VALUES } from './collected.ts'
import { Helm } from './helm.ts'
import { optInFacts } from './optin.ts'
import { restrictedFacts } from './restricted.ts'
import { secondMutatorFacts } from './second-mutator.ts'

const MODE = 'policy'

export async function policyMode(report: Report, cluster: Cluster): Promise<Collected> {
  const helm = new Helm(cluster.kubeconfig)
  await helm.install('injection.mode=policy')
  await optInFacts(report, cluster, MODE)
  await secondMutatorFacts(report, cluster, { mode: MODE, namespace: `${MODE}-on`, told: false })
  await restrictedFacts(report, cluster, MODE)
  const pods = await collect(cluster, MODE)
  await helm.install('injection.mode=policy', OTHER_VALUES)
  await collectShapes(cluster, `${MODE}-others`, WITH_OTHER_VALUES, pods)
  await helm.uninstall()
  return pods
}
