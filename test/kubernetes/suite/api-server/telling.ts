/** What people are told: warnings, Events, refused policies; and what the injector counts. */
import type { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import { until } from '../until.ts'
import type { Injector } from './injector.ts'
import { dry, podNamed } from './optin.ts'

const NAMESPACE = 'webhook-telling'
const POLICY = { 'outrigger.dev/policy': 'true' }

export async function tellingFacts(report: Report, cluster: Cluster, injector: Injector): Promise<void> {
  await cluster.namespace(NAMESPACE, { 'outrigger.dev/inject': 'enabled' })
  await until('injection', async () => (await dry(cluster, podNamed(NAMESPACE))).includes('outrigger-proxy'))
  await workloads(report, cluster)
  await policies(report, cluster)
  await counts(report, cluster, injector)
}

async function workloads(report: Report, cluster: Cluster): Promise<void> {
  const template = {
    metadata: { labels: { app: 'node-agent' } },
    spec: { hostNetwork: true, containers: [{ name: 'app', image: 'app:v1' }] },
  }
  const { warnings } = await cluster.create({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'node-agent', namespace: NAMESPACE },
    spec: { selector: { matchLabels: { app: 'node-agent' } }, template },
  })
  report.includes(
    'a Deployment whose pods get no sidecar: kubectl apply says so at once',
    warnings.join('\n'),
    'no sidecar',
  )
  const event = await until('an Event', async () => {
    const events = await cluster.list('Event', NAMESPACE)
    return events.find(({ reason }) => reason === 'InjectionSkipped')
  })
  report.includes('and an Event on who owns the pods', `${event.involvedObject.kind}: ${event.message}`, 'no sidecar')
  await cluster.delete('Deployment', NAMESPACE, 'node-agent')
}

async function policies(report: Report, cluster: Cluster): Promise<void> {
  const map = (name: string, labels: object, text: string): object => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: NAMESPACE, labels },
    data: { 'shop.yaml': text },
  })
  const good = 'kind: Policy\nname: shop\nmatch: {direction: outbound, service: "*"}\ntimeout: {request: 2s}\n'
  const bad = good.replace('2s', '2')
  const refused = await cluster.create(map('bad', POLICY, bad), { dryRun: true })
  report.includes('a policy ConfigMap with a mistake is refused, with its place', refused.message, 'shop.yaml:4:')
  report.same('a good one is accepted', (await cluster.create(map('good', POLICY, good), { dryRun: true })).status, 201)
  report.same(
    'one without the label is not looked at',
    (await cluster.create(map('bad', {}, bad), { dryRun: true })).status,
    201,
  )
}

/** IfNeeded calls twice for one pod, and dry runs are no pods. */
async function counts(report: Report, cluster: Cluster, injector: Injector): Promise<void> {
  const counted = async (): Promise<number> => {
    const text = await injector.metrics()
    const lines = text.split('\n').filter((line) => /^outrigger_injector_pods_total\{.*result="injected"/.test(line))
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  }
  const before = await counted()
  await dry(cluster, podNamed(NAMESPACE))
  report.same('a dry run is not counted', await counted(), before)
  await cluster.made(podNamed(NAMESPACE))
  report.same('a pod is counted once, though the webhook is called twice', await counted(), before + 1)
  await cluster.delete('Pod', NAMESPACE, 'shop')
}
