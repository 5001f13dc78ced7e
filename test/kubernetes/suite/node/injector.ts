import { Load } from '../api-server/load.ts'
import { type Helm, RELEASE_NAMESPACE } from '../api-server/helm.ts'
import type { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import { IMAGE_VALUES } from './images.ts'
import { SHOP } from './objects.ts'

const PODS = 'labelSelector=outrigger.dev%2Fcomponent%3Dinjector'

/** The injector's own pods made anew, one after the other, while pods are created. */
export async function injectorFacts(report: Report, cluster: Cluster, helm: Helm): Promise<void> {
  const uids = async (): Promise<string[]> => {
    const pods = await cluster.list('Pod', RELEASE_NAMESPACE, PODS)
    return pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.uid)
  }
  const before = await uids()
  const load = new Load(cluster, SHOP)
  try {
    await helm.install(...IMAGE_VALUES, 'injector.logLevel=debug')
    await settled(helm)
  } finally {
    const { pods, bad } = await load.end()
    const after = await uids()
    const anew = after.length === 2 && after.every((uid) => !before.includes(uid))
    report.holds('helm upgrade: the injector runs as two other pods', anew, { before, after })
    const fact = `helm upgrade: of ${pods} pods created meanwhile none was refused, and each had its sidecar`
    report.holds(fact, bad.length === 0, bad)
  }
}

/** Until the release's pods are those of its last revision and ready. */
export function settled(helm: Helm): Promise<string> {
  return helm.release('upgrade', 'outrigger', helm.chart, '--reuse-values', '--wait', '--timeout', '2m')
}
