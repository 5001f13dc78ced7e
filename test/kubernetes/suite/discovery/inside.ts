/** What `suite.ts` starts in a network namespace: a cluster, a sidecar with the rights that the chart gives, and load. */
import { Cluster } from '../cluster.ts'
import { Report } from '../report.ts'
import { apiServerFacts } from './api-server-facts.ts'
import { churnFacts } from './churn-facts.ts'
import { quietFacts } from './quiet-facts.ts'
import { rightsFacts } from './rights-facts.ts'
import { sliceFacts } from './slice-facts.ts'
import { World } from './world.ts'

const PLACE = { port: 22_730, services: '127.100.0.0/16' }

const report = new Report((line) => console.log(line))
const cluster = await Cluster.start(PLACE)
try {
  await report.guard('the facts', async () => {
    const world = await World.open(cluster)
    try {
      await rightsFacts(report, world)
      await churnFacts(report, world)
      await sliceFacts(report, world)
      await quietFacts(report, world)
      await apiServerFacts(report, world)
    } finally {
      report.same('the sidecar stops with 0', await world.close(), 0)
    }
  })
} finally {
  await cluster.stop()
}
process.send?.({ held: report.held, failed: report.failed }, () => process.exit(0))
