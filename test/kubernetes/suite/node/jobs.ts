import type { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import { until } from '../until.ts'
import { job, SHOP } from './objects.ts'
import { appStatus, proxyStatus } from './pods.ts'

/** A Job ends with its application, though a sidecar never ends by itself. */
export async function jobFacts(report: Report, cluster: Cluster): Promise<void> {
  await cluster.made(job(SHOP, 'once', 'http://echo.outside/from-job'))
  const started = performance.now()
  const end = async (): Promise<string | undefined> => {
    const { conditions = [] } = (await cluster.get('Job', SHOP, 'once')).object.status
    return conditions.find(({ type }: { type: string }) => type === 'Complete' || type === 'Failed')?.type
  }
  const type = await until('the end of the Job', end, 120_000)
  const took = ((performance.now() - started) / 1000).toFixed(1)
  report.same(`a Job whose application asks a Service and ends is complete (${took} s)`, type, 'Complete')
  const [pod] = await cluster.list('Pod', SHOP, 'labelSelector=job-name%3Donce')
  const [proxy, app] = [proxyStatus(pod), appStatus(pod)].map(({ state }) => state.terminated)
  const later = (Date.parse(proxy.finishedAt) - Date.parse(app.finishedAt)) / 1000
  report.same(`its sidecar has ended with 0, after it (${later} s)`, [proxy.exitCode, later >= 0], [0, true])
}
