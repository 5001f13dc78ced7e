/** `injection.mode: webhook`: the chart installed, upgraded, rolled back and taken away, with the injector of this tree at work. */
import type { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import { changeOfModeFacts } from './change-of-mode.ts'
import { type Collected, collect, collectShapes, OTHER_VALUES, WITH_OTHER_VALUES } from './collected.ts'
import { downFacts } from './down.ts'
import { Helm, RELEASE_NAMESPACE } from './helm.ts'
import { helmTestFacts } from './helm-test.ts'
import { Injector } from './injector.ts'
import { inForce, optInFacts } from './optin.ts'
import { releaseFacts, removalFacts } from './release.ts'
import { ownPodsFacts, restrictedFacts } from './restricted.ts'
import { rotationFacts } from './rotation.ts'
import { secondMutatorFacts } from './second-mutator.ts'
import { tellingFacts } from './telling.ts'

const MODE = 'webhook'
const OPTED_IN = `${MODE}-on`

export async function webhookMode(report: Report, cluster: Cluster): Promise<Collected> {
  const helm = new Helm(cluster.kubeconfig)
  await helm.install()
  let injector = await Injector.start(cluster)
  let pods: Collected
  try {
    await optInFacts(report, cluster, MODE)
    pods = await collect(cluster, MODE)
    await report.guard("the injector's own pods", () => ownPodsFacts(report, cluster))
    await report.guard('helm test', () => helmTestFacts(report, cluster, helm))
    await report.guard('warnings and events', () => tellingFacts(report, cluster, injector))
    const expected = { mode: MODE, namespace: OPTED_IN, told: true }
    await report.guard('a second mutator', () => secondMutatorFacts(report, cluster, expected))
    await report.guard('pod security', () => restrictedFacts(report, cluster, MODE))
    await report.guard('upgrade and rollback', () => releaseFacts(report, cluster, helm, OPTED_IN))
    await injector.stop()
    await helm.install(OTHER_VALUES)
    injector = await Injector.start(cluster)
    await collectShapes(cluster, `${MODE}-others`, WITH_OTHER_VALUES, pods)
    await injector.stop()
    await helm.install()
    // Otherwise the CA of ten years would be found there.
    await cluster.delete('Secret', RELEASE_NAMESPACE, 'outrigger-injector-ca')
    injector = await Injector.start(cluster, ['--ca-lifetime=45s', '--certificate-lifetime=15s'])
    await inForce(cluster, OPTED_IN)
    await report.guard('rotation', () => rotationFacts(report, cluster, OPTED_IN))
    await report.guard('injector down', async () => {
      injector = await downFacts(report, cluster, helm, OPTED_IN, injector)
    })
    await report.guard('change of mode', () => changeOfModeFacts(report, cluster, helm, OPTED_IN))
  } finally {
    await injector.stop()
  }
  await removalFacts(report, cluster, helm, OPTED_IN)
  return pods
}
