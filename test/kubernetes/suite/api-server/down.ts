/** The injector is gone: what becomes of pods, with and without the validating policy. */
import type { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import { until } from '../until.ts'
import type { Helm } from './helm.ts'
import { Injector } from './injector.ts'
import { inForce, dry, podNamed } from './optin.ts'

const SILENT = 'webhook-silent'

/** Gives the injector that works in the end. */
export async function downFacts(
  report: Report,
  cluster: Cluster,
  helm: Helm,
  namespace: string,
  injector: Injector,
): Promise<Injector> {
  const out = podNamed(namespace, { 'outrigger.dev/inject': 'disabled' })
  const others = async (state: string): Promise<void> => {
    report.same(`${state}: a pod that opted out is created`, await dry(cluster, out), 'app')
    report.same(`${state}: a pod of a namespace that is silent is created`, await dry(cluster, podNamed(SILENT)), 'app')
    report.same(`${state}: a pod of kube-system is created`, await dry(cluster, podNamed('kube-system')), 'app')
  }
  const said = (part: string): Promise<string> =>
    until(part, async () => {
      const text = await dry(cluster, podNamed(namespace))
      return text.includes(part) && text
    })

  await injector.die()
  const failed = await said('failed calling webhook')
  report.includes('down, failurePolicy Fail: a pod that opted in is refused', failed, 'namespace.inject.outrigger.dev')
  await others('down, failurePolicy Fail')
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'down', namespace } }
  const template = { metadata: { labels: { app: 'down' } }, spec: { containers: [{ name: 'app', image: 'app:v1' }] } }
  await cluster.made({ ...owner, spec: { selector: { matchLabels: { app: 'down' } }, template } })
  await until('FailedCreate', async () => {
    const events = await cluster.list('Event', namespace, 'fieldSelector=reason%3DFailedCreate')
    return events.some(({ message }) => message.includes('failed calling webhook'))
  })
  report.holds('down, failurePolicy Fail: a Deployment is accepted, and its ReplicaSet says why it has no pods', true)

  await helm.install('injector.failurePolicy=Ignore')
  const denied = await said('ValidatingAdmissionPolicy')
  report.includes(
    'down, failurePolicy Ignore: the validating policy refuses instead',
    denied,
    'the pod has no sidecar though',
  )
  report.includes('down, failurePolicy Ignore: and says who asked for it', denied, 'its namespace has the label')
  await others('down, failurePolicy Ignore')

  await helm.install('injector.failurePolicy=Ignore', 'validatingPolicy.enabled=false')
  const bare = await until('a bare pod', async () => (await dry(cluster, podNamed(namespace))) === 'app')
  report.holds('down, Ignore, without the validating policy: the pod starts without its sidecar', bare)

  await helm.install()
  const again = await Injector.start(cluster)
  await inForce(cluster, namespace)
  report.holds('up again: pods are injected', true)
  const recovered = async (): Promise<boolean> =>
    (await cluster.list('Pod', namespace, 'labelSelector=app%3Ddown')).length > 0
  await until('the pod of the Deployment', recovered, 90_000)
  report.holds('up again: the Deployment gets its pod by itself', true)
  await cluster.delete('Deployment', namespace, 'down')
  return again
}
