/** Who takes part, and what becomes of whom: the same facts whoever injects. */
import type { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import { until } from '../until.ts'
import { MESHED, type Pod, shape } from './looks.ts'

const INJECT = 'outrigger.dev/inject'

export const podNamed = (namespace: string, labels: object = {}, spec: object = {}, metadata: object = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'shop', namespace, labels, ...metadata },
  spec: { containers: [{ name: 'app', image: 'app:v1' }], ...spec },
})

/** What comes out of a dry run: the pod's shape, or the refusal. */
export async function dry(cluster: Cluster, pod: Pod): Promise<string> {
  const { object, message } = await cluster.create(pod, { dryRun: true })
  return message === '' ? shape(object) : message
}

/** Until pods of an opted-in namespace come out with their sidecar: nothing takes effect at once. */
export function inForce(cluster: Cluster, namespace: string): Promise<unknown> {
  return until('injection', async () => (await dry(cluster, podNamed(namespace))).includes('outrigger-proxy*'))
}

export async function optInFacts(report: Report, cluster: Cluster, mode: string): Promise<void> {
  const [on, silent, off] = [`${mode}-on`, `${mode}-silent`, `${mode}-off`]
  await cluster.namespace(on, { [INJECT]: 'enabled' })
  await cluster.namespace(silent)
  await cluster.namespace(off, { [INJECT]: 'disabled' })
  await inForce(cluster, on)
  const [enabled, disabled] = [{ [INJECT]: 'enabled' }, { [INJECT]: 'disabled' }]
  const facts: readonly (readonly [fact: string, pod: Pod, wanted: string])[] = [
    ['a pod of a namespace that opted in', podNamed(on), MESHED],
    ['a pod that opted in itself, too', podNamed(on, enabled), MESHED],
    ['a pod that opted out of it', podNamed(on, disabled), 'app'],
    ['a pod of a silent namespace', podNamed(silent), 'app'],
    ['a pod that opted in, in a silent namespace', podNamed(silent, enabled), MESHED],
    ['a pod of a namespace that opted out, though it opted in', podNamed(off, enabled), 'app'],
    ['a pod of our own', podNamed(on, { 'outrigger.dev/component': 'injector' }), 'app'],
    ['a pod in kube-system', podNamed('kube-system', enabled), 'app'],
    ['a pod in the namespace of the release', podNamed('outrigger-system', enabled), 'app'],
    ['a pod with hostNetwork', podNamed(on, {}, { hostNetwork: true }), 'app'],
    ['a pod for Windows', podNamed(on, {}, { os: { name: 'windows' } }), 'app'],
  ]
  for (const [fact, pod, wanted] of facts) {
    report.same(
      `${mode}: ${fact}: ${wanted === 'app' ? 'stays as it is' : 'is injected'}`,
      await dry(cluster, pod),
      wanted,
    )
  }
  report.same(`${mode}: a dry run leaves nothing`, (await cluster.get('Pod', on, 'shop')).status, 404)
  await refusals(report, cluster, mode, on)
}

async function refusals(report: Report, cluster: Cluster, mode: string, namespace: string): Promise<void> {
  const refused = (pod: Pod): Promise<string> =>
    until('a refusal', async () => {
      const { message } = await cluster.create(pod, { dryRun: true })
      return message !== '' && message
    })
  const clash = await refused(podNamed(namespace, {}, { securityContext: { runAsUser: 19_765 } }))
  const named = clash.includes('19765') && /\bapp\b/.test(clash)
  report.holds(`${mode}: a container that runs as the sidecar's user is refused, and both are named`, named, clash)
  const annotations = { 'outrigger.dev/log-level': 'loud' }
  const bad = await refused(podNamed(namespace, {}, {}, { annotations }))
  const why = 'annotation outrigger.dev/log-level'
  report.includes(`${mode}: an annotation that cannot be read is refused, and says why`, bad, why)
  report.includes(`${mode}: and what stands there`, bad, 'loud')
}
