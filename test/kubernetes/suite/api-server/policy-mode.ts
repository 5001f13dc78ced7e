/** `injection.mode: policy`: the API server injects, and nothing of ours runs. */
import type { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import { Helm } from './helm.ts'
import { optInFacts } from './optin.ts'

const MODE = 'policy'

export async function policyMode(report: Report, cluster: Cluster): Promise<void> {
  const helm = new Helm(cluster.kubeconfig)
  await helm.install('injection.mode=policy')
  await optInFacts(report, cluster, MODE)
  await helm.uninstall()
}
