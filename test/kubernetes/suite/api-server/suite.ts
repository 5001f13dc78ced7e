/** The chart and the injector on a real API server: no node is needed for what happens to a pod before it is placed. */
import { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import type { Suite } from '../suite.ts'
import { missing } from '../tools.ts'
import { type Collected, compare } from './collected.ts'
import { olderFacts } from './older.ts'
import { policyMode } from './policy-mode.ts'
import { renderFacts } from './render.ts'
import { webhookMode } from './webhook-mode.ts'

const BINARIES = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler']
/** The first of five ports, and ClusterIPs: apart from what the tools themselves would take. */
const PLACE = { port: 22_640, services: '127.97.0.0/16' }

export const apiServer: Suite = {
  name: 'api-server',
  shows: 'the chart installed, and pods injected by the webhook and by the admission policy',
  lacks: () => missing('up.sh', BINARIES, ['helm', 'kubeconform']),
  async run(report: Report) {
    const cluster = await Cluster.start(PLACE)
    try {
      await report.guard('rendering', () => renderFacts(report, cluster))
      let webhook: Collected = new Map()
      await report.guard('mode webhook', async () => {
        webhook = await webhookMode(report, cluster)
      })
      await report.guard('mode policy', async () => compare(report, webhook, await policyMode(report, cluster)))
    } finally {
      await cluster.stop()
    }
    await report.guard('an older API', () => olderFacts(report))
  },
}
