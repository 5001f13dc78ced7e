import type { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import { until } from '../until.ts'
import { APP_PORT, policies, policiesPath, SHOP } from './objects.ts'
import { addresses, fetchOnce, proxyStatus, ready } from './pods.ts'

const MERGE = 'application/merge-patch+json'
/** The kubelet brings a changed ConfigMap when it next looks at the pod, ms. */
const SLOW = 150_000

/**
 * What every sidecar of the namespace starts with: `one` is a Service whose connect failures are retried for some seconds. A timeout is
 * one of them: where a Service has no endpoint, its node refuses connections by ICMP, and Linux sends one of these a second.
 */
export const FIRST = `
kind: Service
name: one
hosts: [one.shop]
dns: {name: one.shop.svc.cluster.local, port: 80}
---
kind: Policy
name: retry-connect-failures
match: {direction: outbound, service: one}
retry:
  max: 10
  when: [connect_failure, connect_timeout]
  backoff: {base: 250ms, max: 1s, jitter: equal}
  budget: {percent: 100%, minPerSecond: 100}
timeout: {request: 12s}
`

const SECRET = `
---
kind: Policy
name: who-may
match: {direction: inbound, workload: [one]}
authorize: {allow: [{paths: [/open]}]}
`

export async function policyFacts(report: Report, cluster: Cluster): Promise<void> {
  const [pod] = await ready(cluster, SHOP, 'one')
  const base = `http://${addresses(pod)[0]!.host}:${APP_PORT}`
  const statuses = async (): Promise<number[]> => {
    return [(await fetchOnce(`${base}/open`)).status, (await fetchOnce(`${base}/secret`)).status]
  }
  report.same('policy: both paths are allowed at first', await statuses(), [200, 200])
  await change(report, cluster, 'a policy added to the ConfigMap is in force', FIRST + SECRET, async () => {
    const [open, secret] = await statuses()
    return open === 200 && secret === 403
  })
  await change(report, cluster, 'and taken away again it is not', FIRST, async () => (await statuses())[1] === 200)
  const bad = { data: policies(SHOP, SECRET.replace('allow', 'alow')).data }
  const refused = await cluster.ask('PATCH', policiesPath(cluster, SHOP), bad, MERGE)
  report.includes('policy: a mistake in it is refused when it is written', refused.message, 'alow')
  const { restartCount, containerID } = proxyStatus((await ready(cluster, SHOP, 'one'))[0])
  const same = [proxyStatus(pod).restartCount, proxyStatus(pod).containerID]
  report.same('policy: nothing was restarted for it', [restartCount, containerID], same)
}

async function change(
  report: Report,
  cluster: Cluster,
  fact: string,
  text: string,
  held: () => Promise<boolean>,
): Promise<void> {
  const { data } = policies(SHOP, text)
  const { message } = await cluster.ask('PATCH', policiesPath(cluster, SHOP), { data }, MERGE)
  if (message !== '') throw new Error(message)
  const started = performance.now()
  await until(fact, held, SLOW)
  report.holds(`policy: ${fact} (${((performance.now() - started) / 1000).toFixed(1)} s)`, true)
}
