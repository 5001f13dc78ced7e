/** helm upgrade, rollback and uninstall, while pods are created. */
import type { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import { until } from '../until.ts'
import { type Helm, RELEASE_NAMESPACE } from './helm.ts'
import { caBundles } from './injector.ts'
import { Load } from './load.ts'
import { dry, podNamed } from './optin.ts'

const NAME = 'outrigger-injector'
const OURS = 'labelSelector=app.kubernetes.io%2Fpart-of%3Doutrigger'
const LEFT = ['Deployment', 'Service', 'ConfigMap', 'ServiceAccount'] as const
const EVERYWHERE = [
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
  'MutatingAdmissionPolicy',
  'ValidatingAdmissionPolicy',
] as const

export async function releaseFacts(report: Report, cluster: Cluster, helm: Helm, namespace: string): Promise<void> {
  const timeout = async (): Promise<number> =>
    (await cluster.get('MutatingWebhookConfiguration', undefined, NAME)).object.webhooks[0].timeoutSeconds
  const level = async (): Promise<string> =>
    /logLevel: (\w+)/.exec(
      (await cluster.get('ConfigMap', RELEASE_NAMESPACE, `${NAME}-config`)).object.data['config.yaml'],
    )![1] as string
  const checksum = async (): Promise<string> =>
    (await cluster.get('Deployment', RELEASE_NAMESPACE, NAME)).object.spec.template.metadata.annotations[
      'checksum/config'
    ]
  const state = async (): Promise<unknown> => [await timeout(), await level()]
  const revision = async (): Promise<number> =>
    JSON.parse(await helm.release('status', 'outrigger', '--output', 'json')).version

  const [bundles, before, first] = [await caBundles(cluster), await checksum(), await revision()]
  report.same('install: two webhooks for pods, two that validate', bundles.length, 4)
  const load = new Load(cluster, namespace)
  try {
    await helm.install('injector.timeoutSeconds=7', 'proxy.logLevel=debug')
    report.same('upgrade: the objects are as the new values say', await state(), [7, 'debug'])
    report.holds('upgrade: a new config makes new pods of the injector', (await checksum()) !== before)
    report.same('upgrade: the CA in the webhooks is left alone', await caBundles(cluster), bundles)
    await helm.release('rollback', 'outrigger', String(first))
    report.same('rollback: the objects are as they were', await state(), [5, 'info'])
    report.same('rollback: so are the pods of the injector', await checksum(), before)
    report.same('rollback: the CA in the webhooks is left alone', await caBundles(cluster), bundles)
  } finally {
    const { pods, bad } = await load.end()
    const fact = `upgrade and rollback: of ${pods} pods created meanwhile none was refused, and each had its sidecar`
    report.holds(fact, bad.length === 0, bad)
  }
  const second = await helm.run('install', 'another', '--namespace', 'another', '--create-namespace', helm.chart)
  report.includes('a second release is refused by helm', second.err, 'invalid ownership metadata')
  await helm.run('uninstall', 'another', '--namespace', 'another')
}

export async function removalFacts(report: Report, cluster: Cluster, helm: Helm, namespace: string): Promise<void> {
  await helm.uninstall()
  const bare = async (): Promise<boolean> => (await dry(cluster, podNamed(namespace))) === 'app'
  report.holds('uninstall: pods that opted in start without a sidecar', await until('a bare pod', bare))
  const there = [
    ...(await Promise.all(LEFT.map((kind) => cluster.list(kind, RELEASE_NAMESPACE, OURS)))),
    ...(await Promise.all(EVERYWHERE.map((kind) => cluster.list(kind, undefined, OURS)))),
  ].flat()
  report.same(
    'uninstall: nothing of the chart is left',
    there.map(({ metadata }) => metadata.name),
    [],
  )
  const secrets = await cluster.list('Secret', RELEASE_NAMESPACE)
  const names = secrets.map(({ metadata }) => metadata.name)
  report.same("uninstall: the injector's own Secret is left, as docs/kubernetes.md says", names, [
    'outrigger-injector-ca',
  ])
  await cluster.delete('Secret', RELEASE_NAMESPACE, 'outrigger-injector-ca')
}
