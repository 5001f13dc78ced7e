import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { readSettings } from '../../src/kubernetes/inject/load-settings.ts'
import { program } from '../kubernetes/suite/tools.ts'
import { CHART, names, read, VALUES, yaml } from './chart.ts'

const helm = program('helm')
const skip =
  helm === undefined ? 'needs helm: on PATH, or built by get-suites.sh of the tools beside this project' : false

function template(...args: readonly string[]): {
  readonly status: number | null
  readonly out: string
  readonly err: string
} {
  const command = ['template', 'outrigger', CHART, '--namespace', 'mesh', '--kube-version', '1.36.0', ...args]
  const { status, stdout, stderr } = spawnSync(helm as string, command, { encoding: 'utf8' })
  return { status, out: stdout, err: stderr }
}

t.test('every mode renders, twice the same', { skip }, async (t) => {
  for (const path of VALUES) {
    const values = ['--values', join(CHART, path)]
    const { status, out, err } = template(...values)
    t.equal(status, 0, err)
    t.equal(template(...values).out, out, path)
  }
})

t.test('values that do not go together are refused with a sentence', { skip }, async (t) => {
  const sentences: readonly (readonly [sentence: string, ...args: string[]])[] = [
    [
      'injection.mode: policy needs Kubernetes 1.36, where MutatingAdmissionPolicy is v1; this is v1.35.2.',
      'injection.mode=policy',
      '--kube-version=1.35.2',
    ],
    ['validatingPolicy.enabled: true needs Kubernetes 1.30', 'injection.mode=webhook', '--kube-version=1.29.0'],
    ['has no use with injection.mode: policy', 'injection.mode=policy,certs.mode=cert-manager'],
    ['cannot be had with injection.mode: policy', 'injection.mode=policy,injection.nativeSidecar=false'],
    ['injection.mode: both needs Kubernetes 1.36', 'injection.mode=both', '--kube-version=1.35.2'],
    ["10250 is the kubelet's", 'injector.hostNetwork=true,injector.port=10250'],
    ["19002 is the injector's own admin port", 'injector.port=19002'],
    [
      'needs certs.provided.secretName and certs.provided.caBundle',
      'certs.mode=provided,certs.provided.secretName=tls',
    ],
    ['certs.provided is set, but certs.mode is self', 'certs.provided.secretName=tls'],
    ['policy.namespaces is empty', 'policy.inline=kind: Policy'],
    ['policy.inline is empty', 'policy.namespaces={shop}'],
    ['discovery.mode: endpointslice needs discovery.namespaces', 'discovery.mode=endpointslice'],
    ['have no use with discovery.mode: dns', 'discovery.namespaces={shop}'],
    ['proxy.opaquePorts: 8400-8300 is no port', 'proxy.opaquePorts={25,8400-8300}'],
    ['proxy.skipInboundPorts: 70000-70001 is no port', 'proxy.skipInboundPorts={70000-70001}'],
    ['proxy.ports must be four different ports', 'proxy.ports.inbound=19001'],
    ["additional properties 'injektor' not allowed", 'injektor.replicas=2'],
  ]
  for (const [sentence, set, ...more] of sentences) {
    const { status, err } = template('--set', set as string, ...more)
    t.not(status, 0, sentence)
    t.ok(err.includes(sentence), err)
  }
})

t.test(
  'a label of the values stands once, also where it is one of ours, and the selector still finds the pods',
  { skip },
  async (t) => {
    const key = (name: string) => `app\\.kubernetes\\.io/${name}`
    const set = [
      `commonLabels.${key('part-of')}=shop`,
      `commonLabels.${key('name')}=mine`,
      `podLabels.${key('component')}=mine`,
      `podLabels.${key('version')}=1.0`,
      `grafana.labels.${key('part-of')}=grafana`,
      'podAnnotations.kubectl\\.kubernetes\\.io/default-container=mine',
    ]
    const { out, err, status } = template(
      '--set',
      'grafana.dashboards=true',
      ...set.flatMap((one) => ['--set-string', one]),
    )
    t.equal(status, 0, err)
    const documents = parseAllDocuments(out)
    t.same(
      documents.flatMap(({ errors }) => errors.map(({ message }) => message)),
      [],
    )
    const objects = documents.flatMap((document) => document.toJS() ?? [])
    const { metadata, spec } = objects.find(({ kind }) => kind === 'Deployment')
    t.match(metadata.labels, { 'app.kubernetes.io/part-of': 'shop' })
    t.match(spec.template.metadata.labels, { ...spec.selector.matchLabels, 'app.kubernetes.io/version': '1.0' })
    t.match(objects.find((one) => one.metadata.name === 'outrigger-dashboard-outrigger').metadata.labels, {
      'app.kubernetes.io/part-of': 'grafana',
      grafana_dashboard: '1',
    })
  },
)

t.test('labels and annotations that are left empty are none', { skip }, async (t) => {
  const empty = [
    'commonLabels',
    'podLabels',
    'podAnnotations',
    'grafana.labels',
    'podMonitor.labels',
    'prometheusRule.labels',
  ]
  const on = ['grafana.dashboards=true', 'podMonitor.enabled=true', 'prometheusRule.enabled=true']
  const { err, status } = template('--set', [...on, ...empty.map((name) => `${name}=null`)].join(','))
  t.equal(status, 0, err)
})

t.test('a name that YAML would take for a number is a name', { skip }, async (t) => {
  const numbers = [
    'policy.configMapName=123',
    'imagePullSecrets={456}',
    'policy.namespaces={2024}',
    'policy.inline=kind: Policy',
  ]
  const { out, err, status } = template(...numbers.flatMap((one) => ['--set-string', one]))
  t.equal(status, 0, err)
  const objects = parseAllDocuments(out).flatMap((document) => document.toJS() ?? [])
  const find = (kind: string, name: string) => objects.find((one) => one.kind === kind && one.metadata.name === name)
  t.same(find('ConfigMap', '123')?.metadata.namespace, '2024')
  t.same(find('Deployment', 'outrigger-injector').spec.template.spec.imagePullSecrets, [{ name: '456' }])
  const config = Object.values(find('ConfigMap', 'outrigger-injector-config').data)[0] as string
  t.same(readSettings(config).issues, [])
})

t.test('a digest wins over a tag, and hostNetwork moves the port', { skip }, async (t) => {
  const digest = `sha256:${'0'.repeat(64)}`
  const { out } = template(
    '--set',
    `image.tag=1.2.3,image.digest=${digest},image.registry=r.test,injector.hostNetwork=true`,
  )
  t.ok(out.includes(`image: "r.test/outrigger@${digest}"`))
  t.ok(out.includes('init: "r.test/outrigger-init:0.1.0"'))
  t.ok(out.includes('--listen=[::]:10260'))
})

t.test('both is the webhook with all it needs and the policy, the very one of mode policy', { skip }, async (t) => {
  const objects = (mode: string) =>
    parseAllDocuments(template('--set', `injection.mode=${mode}`).out).flatMap((document) => document.toJS() ?? [])
  const name = ({ kind, metadata }: { kind: string; metadata: { name: string } }) => `${kind} ${metadata.name}`
  const [webhook, policy, both] = [objects('webhook'), objects('policy'), objects('both')]
  t.same(new Set(both.map(name)), new Set([...webhook, ...policy].map(name)))
  const mutating = (all: { kind: string }[]) => all.filter(({ kind }) => kind.startsWith('MutatingAdmissionPolicy'))
  t.equal(mutating(both).length, 3)
  t.same(mutating(both), mutating(policy))
  const same = (all: { kind: string }[]) => all.filter(({ kind }) => kind === 'MutatingWebhookConfiguration')
  t.same(same(both), same(webhook))
})

t.test('a value is never taken for CEL', { skip }, async (t) => {
  const { out } = template('--set', 'injection.mode=policy', '--set-string', 'proxy.env.NOTE="} + [JSONPatch{')
  t.ok(out.includes('name: "NOTE", value: "\\"} + [JSONPatch{"'))
})

t.test("the injector's file is one that the injector takes", { skip }, async (t) => {
  for (const path of VALUES.filter((path) => !path.includes('policy'))) {
    const { out } = template('--values', join(CHART, path), '--show-only', 'templates/injector-config.yaml')
    const { settings, issues } = readSettings(parse(out).data['config.yaml'])
    t.same(issues, [], path)
    t.ok(settings, path)
  }
})

t.test('dashboards and rules are those of the plain files', { skip }, async (t) => {
  const { out } = template('--values', join(CHART, 'ci/everything-values.yaml'))
  const objects = parseAllDocuments(out).map((document) => document.toJS())
  const all = (kind: string): { data: Record<string, string>; spec: unknown }[] =>
    objects.filter((object) => object.kind === kind)
  const dashboards = Object.assign({}, ...all('ConfigMap').map(({ data }) => data)) as Record<string, string>
  for (const name of names('dashboards', '.json')) {
    t.same(JSON.parse(dashboards[name] ?? 'null'), JSON.parse(read(`dashboards/${name}`)), name)
  }
  const rules = names('rules', '.yaml').map((name) => yaml(`rules/${name}`))
  t.ok(rules.length > 1)
  t.same(
    all('PrometheusRule').map(({ spec }) => spec),
    rules,
  )
})
