/** The injector and the commands of a cluster on a real API server, with no chart: what the API itself makes of them. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { IMAGES } from '../../../support/pods.ts'
import { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import type { Suite } from '../suite.ts'
import { missing } from '../tools.ts'
import { until } from '../until.ts'
import { NAME, rights, SYSTEM, webhooks } from './objects.ts'
import { command, kubectl, make, metrics, type Running, startInjector, value } from './processes.ts'

const BINARIES = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl']
/** Apart from what the tools and the other suites take. */
const PLACE = { port: 22_670, services: '127.98.0.0/16' }
const SHOP = 'shop'

// biome-ignore lint/suspicious/noExplicitAny: objects of the API
type Json = any

export const injector: Suite = {
  name: 'injector',
  shows: 'two injectors with the rights that the docs list, a change of CA, and inject, check and diag against the API',
  lacks: () => missing('up.sh', BINARIES, []),
  async run(report: Report) {
    const folder = mkdtempSync(join(tmpdir(), 'outrigger-injector-suite-'))
    const cluster = await Cluster.start(PLACE)
    try {
      await report.guard('the facts', () => facts(report, cluster, folder))
    } finally {
      await cluster.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

async function facts(report: Report, cluster: Cluster, folder: string): Promise<void> {
  await cluster.namespace(SYSTEM)
  for (const object of rights()) await make(cluster, object)
  const config = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `${NAME}-config`, namespace: SYSTEM },
    data: { 'config.yaml': IMAGES },
  }
  await cluster.made(config)
  await cluster.namespace(SHOP, { 'outrigger.dev/inject': 'enabled' })
  const pre = await command(cluster, ['check', '--pre', '--system-namespace', SYSTEM])
  report.holds(
    'check --pre: nothing failed',
    pre.code === 0 && pre.out.includes('√ OC001') && !pre.out.includes('×'),
    pre.out + pre.err,
  )
  for (const object of webhooks()) await cluster.made(object)
  const first = await startInjector(cluster, folder, 'one', true)
  const second = await startInjector(cluster, folder, 'two', false)
  try {
    await pods(report, cluster, first.admin)
    await policies(report, cluster)
    await workloads(report, cluster)
    await manual(report, cluster, folder)
    await commands(report, cluster, folder)
    await rotation(report, cluster, second)
  } finally {
    for (const { process } of [first, second]) {
      process.kill('SIGTERM')
      report.same('an injector stops with 0', (await process.ended).code, 0)
    }
  }
}

async function pods(report: Report, cluster: Cluster, admin: string): Promise<void> {
  const probe = { httpGet: { path: '/h', port: 'http' } }
  const pod = (name: string): Json => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: SHOP },
    spec: {
      containers: [
        { name: 'app', image: 'app:1', ports: [{ name: 'http', containerPort: 8080 }], readinessProbe: probe },
      ],
    },
  })
  await until(
    'injection',
    async () => (await cluster.create(pod('dry'), { dryRun: true })).object.spec?.initContainers?.length === 2,
  )
  const before = await metrics(admin)
  const { spec, metadata } = await cluster.made(pod('orders'))
  report.same(
    'a pod has its init container, then its native sidecar',
    spec.initContainers.map((one: Json) => [one.name, one.restartPolicy]),
    [
      ['outrigger-init', undefined],
      ['outrigger-proxy', 'Always'],
    ],
  )
  report.same('its probe goes to the sidecar', spec.containers[0].readinessProbe.httpGet, {
    path: '/app-health/app/readyz',
    port: 19_002,
    scheme: 'HTTP',
  })
  report.same('it is called by its own name', spec.initContainers[1].args[1], '--name=orders')
  report.holds(
    'the status remembers the probe',
    metadata.annotations['outrigger.dev/status'].includes('"port":"http"'),
    metadata.annotations,
  )
  const after = await metrics(admin)
  const grown = (name: string): number => value(after, name) - value(before, name)
  report.same(
    'the API server called twice, one pod was counted',
    [
      grown('outrigger_injector_reviews_total{path="/mutate",result="allowed"}'),
      grown('outrigger_injector_pods_total{result="injected",reason="injected"}'),
    ],
    [2, 1],
  )
  const clash = await cluster.create({
    ...pod('clash'),
    spec: { ...pod('').spec, securityContext: { runAsUser: 19_765 } },
  })
  report.includes("the sidecar's uid is refused, in words of ours", clash.message, "container 'app' runs as uid 19765")
}

async function policies(report: Report, cluster: Cluster): Promise<void> {
  const map = (text: string): Json => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'outrigger-policy', namespace: SHOP, labels: { 'outrigger.dev/policy': 'true' } },
    data: { 'a.yaml': text },
  })
  const refused = await until('the judge of policies', async () => {
    const answer = await cluster.create(map('kind: Servcie\nname: x\n'), { dryRun: true })
    return answer.status > 299 && answer
  })
  report.includes('a bad policy is refused with its place', refused.message, 'a.yaml:1:7: error E010')
  const good = await cluster.create(map('kind: Service\nname: x\nhosts: [x]\nendpoints: [10.0.0.1:80]\n'))
  report.same('a good one is stored', good.status, 201)
}

async function workloads(report: Report, cluster: Cluster): Promise<void> {
  const template = {
    metadata: { labels: { app: 'w' } },
    spec: { securityContext: { runAsUser: 19_765 }, containers: [{ name: 'app', image: 'app:1' }] },
  }
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'w', namespace: SHOP },
    spec: { selector: { matchLabels: { app: 'w' } }, template },
  }
  const { warnings, status } = await cluster.create(deployment)
  report.same('a Deployment whose pods will be refused is stored', status, 201)
  report.includes('and whoever applies it is warned', warnings.join('\n'), 'its pods will be refused')
  const event = await until('the Event', async () =>
    (await cluster.list('Event', SHOP)).find(({ reason }: Json) => reason === 'InjectionRefused'),
  )
  report.same(
    'an Event on the Deployment says why',
    [event.involvedObject.kind, event.involvedObject.name],
    ['Deployment', 'w'],
  )
  await cluster.delete('Deployment', SHOP, 'w')
}

/** What `inject --manual` writes is what the API takes, in a namespace that no webhook looks at. */
async function manual(report: Report, cluster: Cluster, folder: string): Promise<void> {
  await cluster.namespace('plain')
  const file = join(folder, 'pod.yaml')
  writeFileSync(
    file,
    'apiVersion: v1\nkind: Pod\nmetadata: {name: hand, namespace: plain}\nspec:\n  containers:\n    - {name: app, image: app:1}\n',
  )
  const { out, err } = await command(cluster, [
    'inject',
    '-f',
    file,
    '--manual',
    '--config',
    join(folder, 'config.yaml'),
  ])
  const written = join(folder, 'injected.yaml')
  writeFileSync(written, out)
  const applied = await kubectl(cluster, ['create', '-f', written, '-o', 'jsonpath={.spec.initContainers[*].name}'])
  report.same('inject --manual: the API takes it', applied, 'outrigger-init outrigger-proxy')
  report.same('inject reports on stderr', err, 'pod plain/hand: injected\n')
}

async function commands(report: Report, cluster: Cluster, folder: string): Promise<void> {
  const { out, code, err } = await command(cluster, ['check', '--system-namespace', SYSTEM, '-o', 'json'])
  const checks: Json[] = code === 1 || code === 0 ? JSON.parse(out).checks : []
  const of = (wanted: string): string =>
    checks
      .filter(({ result }) => result === wanted)
      .map((one) => one.code)
      .join(' ')
  // There is no Deployment and nothing that kube-proxy would send to: the injector is a process of the test.
  report.same('check finds what is missing here, and nothing else', of('error'), 'OC010 OC011')
  report.holds('check tried a pod on the whole way', of('ok').includes('OC014'), out + err)
  const archive = join(folder, 'diag.tar')
  const diag = await command(cluster, ['diag', '-n', SHOP, '--system-namespace', SYSTEM, '-o', archive])
  const held = existsSync(archive) ? readFileSync(archive).toString('latin1') : ''
  report.holds(
    'diag writes an archive with the pod',
    diag.code === 0 && held.includes('pods/orders/pod.json'),
    diag.err,
  )
}

/** CA 90 s, certificates 20 s: both change while pods are created. */
async function rotation(report: Report, cluster: Cluster, { admin }: Running): Promise<void> {
  const ca = async (): Promise<number> =>
    value(await metrics(admin), 'outrigger_injector_cert_not_after_seconds{certificate="ca"}')
  const first = await ca()
  const refused: string[] = []
  let pods = 0
  const until90 = performance.now() + 100_000
  let changed = false
  while (performance.now() < until90) {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { generateName: 'load-', namespace: SHOP },
      spec: { containers: [{ name: 'app', image: 'app:1' }] },
    }
    const { message, object } = await cluster.create(pod, { dryRun: true })
    pods++
    if (message !== '' || object.spec.initContainers?.length !== 2) refused.push(message)
    if (!changed && (await ca()) !== first) {
      changed = true
      report.note(`the CA changed after ${pods} pods`)
    }
  }
  report.holds('the CA changed', changed)
  report.same(`of ${pods} pods none was refused meanwhile`, refused, [])
}
