/** From the injector to the policy by helm upgrade, while pods are created. */
import type { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import type { Helm } from './helm.ts'
import { Load } from './load.ts'
import { inForce } from './optin.ts'

export async function changeOfModeFacts(
  report: Report,
  cluster: Cluster,
  helm: Helm,
  namespace: string,
): Promise<void> {
  const load = new Load(cluster, namespace)
  await helm.install('injection.mode=policy')
  await inForce(cluster, namespace)
  const { pods, bad, refused } = await load.end()
  report.note(`from webhook to policy: of ${pods} pods created meanwhile ${refused} were refused`)
  const bare = bad.filter((text) => !text.includes('denied'))
  report.same('from webhook to policy: no pod came out without its sidecar', bare, [])
}
