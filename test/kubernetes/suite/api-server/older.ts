/** The API of an older release: what the chart's CEL and the injector make of it. */
import { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import { until } from '../until.ts'
import { Helm } from './helm.ts'
import { Injector } from './injector.ts'
import { dry, inForce, podNamed } from './optin.ts'

/** As far back as this API server goes. */
const MINOR = 33
const PLACE = { port: 22_650, services: '127.99.0.0/16', apiArgs: `--emulated-version=1.${MINOR}` }

export async function olderFacts(report: Report): Promise<void> {
  const cluster = await Cluster.start(PLACE)
  try {
    const helm = new Helm(cluster.kubeconfig)
    await helm.install('injector.failurePolicy=Ignore')
    const injector = await Injector.start(cluster)
    await cluster.namespace('shop', { 'outrigger.dev/inject': 'enabled' })
    try {
      await inForce(cluster, 'shop')
      report.same(
        `1.${MINOR}: the sidecar is native`,
        await dry(cluster, podNamed('shop')),
        'outrigger-init outrigger-proxy* app',
      )
      const annotations = { 'outrigger.dev/interception': 'named-port' }
      const named = await dry(cluster, podNamed('shop', {}, {}, { annotations }))
      report.same(`1.${MINOR}: in named-port, too`, named, 'outrigger-proxy* app')
    } finally {
      await injector.stop()
    }
    const refused = await until('the refusal', async () => {
      const said = await dry(cluster, podNamed('shop'))
      return said.includes('the pod has no sidecar') && said
    })
    report.holds(`1.${MINOR}: the validating policy refuses a pod without`, true, refused)
  } finally {
    await cluster.stop()
  }
}
