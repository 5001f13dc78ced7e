/** What came out of one mode, to be held against the other. */
import type { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import { until } from '../until.ts'
import { alike, differences, type Pod, plain, shape } from './looks.ts'
import { dry, inForce, podNamed } from './optin.ts'
import { LEFT_ALONE, PODS } from './pods.ts'
import { createWorkloads, KINDS, podOf } from './workloads.ts'

/** Pods by what they are called, each as it is compared; a refusal is its text. */
export type Collected = Map<string, Pod>

const INJECT = { 'outrigger.dev/inject': 'enabled' }

/** Everything in the values that a pod shows, otherwise than it is by default: a file of the chart's `ci`. */
export const OTHER_VALUES = 'changed-values.yaml'
export const WITH_OTHER_VALUES = ', with other values'

/** Annotations of namespaces, each with one pod in it. */
const NAMESPACES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  defaults: { 'outrigger.dev/cpu': '70m/2', 'outrigger.dev/log-level': 'debug', 'outrigger.dev/policy': 'of-all' },
  openshift: { 'openshift.io/sa.scc.uid-range': '1000650000/10000' },
}

/** Of every shape, as dry runs, and of four controllers for real; `mode` is part of the namespaces' names. */
export async function collect(cluster: Cluster, mode: string): Promise<Collected> {
  const pods: Collected = new Map()
  const workloads = `${mode}-workloads`
  await cluster.namespace(workloads, INJECT)
  await inForce(cluster, workloads)
  await createWorkloads(cluster, workloads)
  await collectShapes(cluster, `${mode}-shapes`, '', pods)
  for (const [name, annotations] of Object.entries(NAMESPACES)) {
    const namespace = `${mode}-${name}`
    await cluster.namespace(namespace, INJECT, annotations)
    const annotated = podNamed(namespace, {}, {}, { annotations: { 'outrigger.dev/log-level': 'warn' } })
    pods.set(`in namespace ${name}`, await created(cluster, annotated))
  }
  for (const kind of KINDS) pods.set(`${kind} of a controller`, comparable(await podOf(cluster, workloads, kind)))
  for (const kind of ['Deployment', 'StatefulSet', 'Job', 'CronJob']) {
    for (const { metadata } of await cluster.list(kind, workloads)) await cluster.delete(kind, workloads, metadata.name)
  }
  return pods
}

/** `suffix` goes behind the names. */
export async function collectShapes(
  cluster: Cluster,
  namespace: string,
  suffix: string,
  into: Collected,
): Promise<void> {
  await cluster.namespace(namespace, INJECT)
  // With other values the ones before may still be in force.
  const interception = suffix === '' ? 'outrigger-init' : 'outrigger-proxy*'
  await until('injection', async () => (await dry(cluster, podNamed(namespace))).startsWith(interception))
  for (const pod of PODS) {
    const name = pod.metadata.name ?? pod.metadata.generateName
    into.set(`${name}${suffix}`, await created(cluster, inNamespace(pod, namespace)))
  }
}

export function compare(report: Report, webhook: Collected, policy: Collected): void {
  const left = [...webhook].filter(([, pod]) => !shape(pod).includes('outrigger-proxy')).map(([name]) => name)
  const alone = [...LEFT_ALONE, ...LEFT_ALONE.map((name) => `${name}${WITH_OTHER_VALUES}`)]
  report.same(`of ${webhook.size} pods all but these are injected`, left.sort(), alone.sort())
  for (const [name, pod] of webhook) {
    const found = differences(pod, policy.get(name))
    report.holds(
      `the same pod by webhook and by policy: ${name}`,
      found.length === 0,
      found.slice(0, 5).join('\n        '),
    )
  }
}

async function created(cluster: Cluster, pod: Pod): Promise<Pod> {
  const { object, message } = await cluster.create(pod, { dryRun: true })
  return message === '' ? comparable(object) : message
}

/** Only interception `redirect` leads probes through the sidecar, so only there they may differ. */
function comparable(pod: Pod): Pod {
  const redirected = pod.spec.initContainers?.some(({ name }: Pod) => name === 'outrigger-init') === true
  if (redirected) return alike(pod)
  const same = plain(pod)
  delete same.metadata.annotations?.['outrigger.dev/status']
  return same
}

function inNamespace(pod: Pod, namespace: string): Pod {
  return { ...pod, metadata: { ...pod.metadata, namespace } }
}
