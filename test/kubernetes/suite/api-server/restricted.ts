/** Pod Security `restricted`: what it says to each interception. */
import type { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import { until } from '../until.ts'
import { RELEASE_NAMESPACE } from './helm.ts'
import { shape } from './looks.ts'
import { dry, podNamed } from './optin.ts'

const LABELS = { 'outrigger.dev/inject': 'enabled', 'pod-security.kubernetes.io/enforce': 'restricted' }
const SPEC = {
  securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    {
      name: 'app',
      image: 'app:v1',
      ports: [{ name: 'http', containerPort: 8080 }],
      readinessProbe: { httpGet: { port: 'http' } },
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    },
  ],
}

/** Interception is `redirect` as long as this runs, and is chosen by annotation, so that both are seen side by side. */
export async function restrictedFacts(report: Report, cluster: Cluster, mode: string): Promise<void> {
  const namespace = `${mode}-restricted`
  await cluster.namespace(namespace, LABELS)
  const refused = await until('the refusal', async () => {
    const said = await dry(cluster, podNamed(namespace, {}, SPEC))
    return said.includes('violates PodSecurity') && said
  })
  report.includes(`${mode}: restricted refuses redirect, and names who`, refused, 'container "outrigger-init"')
  const annotations = { 'outrigger.dev/interception': 'named-port' }
  const { object: pod, message } = await cluster.create(podNamed(namespace, {}, SPEC, { annotations }))
  report.same(`${mode}: restricted accepts named-port`, message === '' ? shape(pod) : message, 'outrigger-proxy* app')
  const [proxy] = pod.spec.initContainers
  const [app] = pod.spec.containers
  const names = (ports: readonly { name: string; containerPort: number }[]): string[] =>
    ports.map(({ name, containerPort }) => `${name}=${containerPort}`)
  report.same(`${mode}: the name has moved to the sidecar`, names(proxy.ports), ['http=19100', 'outrigger-admin=19002'])
  report.same(`${mode}: and the application's port has another`, names(app.ports), ['app-0=8080'])
  report.same(`${mode}: its probe goes where it went`, app.readinessProbe.httpGet.port, 8080)
}

/** The API server says of every pod of a namespace what it would violate, when it is asked to enforce more there. */
export async function ownPodsFacts(report: Report, cluster: Cluster): Promise<void> {
  const pods = async (): Promise<boolean> => (await cluster.list('Pod', RELEASE_NAMESPACE)).length === 2
  await until('two pods of the injector', pods)
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
  const path = `${cluster.path('Namespace', undefined)}/${RELEASE_NAMESPACE}?dryRun=All`
  const { status, warnings } = await cluster.ask(
    'PATCH',
    path,
    { metadata: { labels } },
    'application/merge-patch+json',
  )
  report.same("the injector's own two pods are in keeping with restricted", [status, warnings], [200, []])
}
