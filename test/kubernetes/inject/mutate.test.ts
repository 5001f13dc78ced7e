import t from 'tap'
import { mutate } from '../../../src/kubernetes/inject/mutate.ts'
import { readSettings } from '../../../src/kubernetes/inject/load-settings.ts'
import type { Settings } from '../../../src/kubernetes/inject/settings.ts'
import { kubeletMinor, layoutOf, minorOf } from '../../../src/kubernetes/inject/native.ts'
import { type Container, type Pod, placed } from '../../../src/kubernetes/inject/pod.ts'
import { statusOf } from '../../../src/kubernetes/inject/status.ts'
import { withoutInjection } from '../../../src/kubernetes/inject/strip.ts'
import { workloadName } from '../../../src/kubernetes/inject/workload.ts'
import { applyPatch } from '../../support/fake-api.ts'
import { NAMESPACE, pod, SERVER, settings } from '../../support/pods.ts'

const PLAIN = settings()

function result(input: Pod, its = PLAIN, namespace = NAMESPACE, server = SERVER): Pod {
  const { patch, outcome, message } = mutate(input, namespace, its, server)
  if (outcome !== 'injected') throw new Error(`${outcome}: ${message}`)
  return applyPatch(input, patch) as Pod
}

function container(of: Pod, name = 'outrigger-proxy'): Container {
  return placed(of).find((one) => one.container.name === name)?.container as Container
}

function annotated(annotations: Record<string, string>, spec: object = {}): Pod {
  const all = Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`outrigger.dev/${key}`, value]))
  return pod(spec, { annotations: all })
}

t.test('mutate() leaves alone what must be left alone, and says why', async (t) => {
  const app = { name: 'app', image: 'x' }
  const cases: [string, Pod, RegExp | undefined][] = [
    ['opted_out', pod({}, { labels: { 'outrigger.dev/inject': 'disabled' } }), undefined],
    ['own_component', pod({}, { labels: { 'outrigger.dev/component': 'injector' } }), undefined],
    ['host_network', pod({ hostNetwork: true }), /hostNetwork/],
    ['mirror_pod', pod({}, { annotations: { 'kubernetes.io/config.mirror': 'x' } }), /static pod/],
    ['windows', pod({ os: { name: 'windows' } }), /Windows/],
    ['windows', pod({ nodeSelector: { 'kubernetes.io/os': 'windows' } }), /Windows/],
    ['other_mesh', pod({ containers: [app, { name: 'istio-proxy' }] }), /'istio-proxy' of another mesh/],
    ['other_mesh', pod({ initContainers: [{ name: 'linkerd-proxy' }] }), /'linkerd-proxy'/],
    ['foreign_proxy', pod({ containers: [app, { name: 'outrigger-proxy' }] }), /no injector of ours/],
  ]
  for (const [reason, input, said] of cases) {
    const { outcome, reason: why, patch, warnings, events } = mutate(input, NAMESPACE, PLAIN, SERVER)
    t.match({ outcome, why, patch }, { outcome: 'skipped', why: reason, patch: [] }, reason)
    t.equal(warnings.length, said === undefined ? 0 : 1)
    if (said !== undefined) t.match([warnings[0], events[0]], [said, { reason: 'InjectionSkipped', message: said }])
  }
})

t.test("A container may be called as a property of JavaScript's objects is", async (t) => {
  const probe = { httpGet: { path: '/h', port: 'constructor' } }
  const ports = [{ name: 'constructor', containerPort: 8080 }]
  const input = pod({ containers: [{ name: 'constructor', image: 'x', ports, livenessProbe: probe }] })
  for (const interception of ['redirect', 'named-port']) {
    const out = result(input, settings(`interception: ${interception}\n`))
    t.match(out.metadata.annotations?.['outrigger.dev/status'], '"probes":{"constructor":{"livenessProbe":')
    t.same(withoutInjection(out), input, interception)
  }
  t.notOk('livenessProbe' in Object, 'nothing of a pod stays in the process')
})

t.test("A container that runs as the sidecar's uid is refused", async (t) => {
  for (const spec of [
    { securityContext: { runAsUser: 19765 } },
    { containers: [{ name: 'app', securityContext: { runAsUser: 19765 } }] },
    { initContainers: [{ name: 'app', securityContext: { runAsUser: 19765 } }] },
  ]) {
    t.match(mutate(pod(spec), NAMESPACE, PLAIN, SERVER), {
      outcome: 'denied',
      reason: 'uid_clash',
      message: /'app' runs as uid 19765/,
    })
  }
  const own = {
    securityContext: { runAsUser: 19765 },
    containers: [{ name: 'app', securityContext: { runAsUser: 1 } }],
  }
  t.equal(mutate(pod(own), NAMESPACE, PLAIN, SERVER).outcome, 'injected', "a container's own word wins")
  const openshift = { annotations: { 'openshift.io/sa.scc.uid-range': '1000650000/10000' } }
  const shifted = result(pod(), PLAIN, openshift)
  t.equal(container(shifted).securityContext?.runAsUser, 1_000_650_001)
  t.ok(container(shifted, 'outrigger-init').args?.includes('--proxy-uid=1000650001'))
})

t.test('Annotations: each key for itself, the pod over its namespace over the file', async (t) => {
  const namespace = { annotations: { 'outrigger.dev/cpu': '100m/500m', 'outrigger.dev/log-level': 'warn' } }
  const out = result(
    annotated({
      'log-level': 'debug',
      name: 'till',
      protocol: '9090=tcp',
      'skip-inbound': '9100,8300-8400',
      'skip-outbound': '3306',
      'skip-outbound-cidrs': '',
      memory: '256Mi',
      policy: 'till-policy',
      'app-prestop-sleep': '0s',
    }),
    PLAIN,
    namespace,
  )
  const { args = [], resources, env = [] } = container(out)
  t.ok(args.includes('--name=till') && args.includes('--log-level=debug'))
  t.same(resources, { requests: { cpu: '100m', memory: '256Mi' }, limits: { cpu: '500m', memory: '256Mi' } })
  t.equal(
    env.find(({ name }) => name === 'APP_PORTS')?.value,
    '[{"port":8080,"name":"http"},{"port":9090,"protocol":"tcp"}]',
  )
  const init = container(out, 'outrigger-init').args ?? []
  for (const arg of ['--skip-inbound=19002,9100,8300-8400', '--skip-outbound=3306', '--skip-outbound-cidrs='])
    t.ok(init.includes(arg), arg)
  t.match(out.spec.volumes, [{ configMap: { name: 'till-policy', optional: true } }])
  t.equal(container(out, 'app').lifecycle, undefined)
  const legacy = result(annotated({ 'native-sidecar': 'false', 'app-ports': '1,2' }))
  t.equal(legacy.spec.containers?.[0]?.name, 'outrigger-proxy')
  t.match(container(legacy).env?.find(({ name }) => name === 'APP_PORTS')?.value, '[{"port":1},{"port":2}]')
  t.notOk(container(result(annotated({ interception: 'none' })), 'outrigger-init'), 'no rules, no init container')
})

t.test('An annotation that cannot be read refuses the pod, all of them in one message', async (t) => {
  const input = annotated({ cpu: 'lots', 'skip-inbound': '70000', 'app-prestop-sleep': '5' })
  const { outcome, reason, message } = mutate(
    input,
    { annotations: { 'outrigger.dev/interception': 'magic' } },
    PLAIN,
    SERVER,
  )
  t.match({ outcome, reason }, { outcome: 'denied', reason: 'bad_annotation' })
  t.match(message, /interception of the namespace must be redirect, named-port or none, found 'magic'/)
  t.match(message, /cpu of the pod must be REQUEST or REQUEST\/LIMIT, found 'lots'/)
  t.match(message, /skip-inbound of the pod.*70000.*app-prestop-sleep of the pod/)
})

t.test('Ports and blocks of addresses that the containers could not read refuse the pod', async (t) => {
  const bad = {
    'app-ports': '9000-8000',
    'skip-inbound': '80,8400-8300',
    'skip-outbound': '0',
    'skip-outbound-cidrs': '10.0.0.0/8,10.0.0.0/33',
    protocol: '80=http,70000=tcp',
  }
  const { outcome, message } = mutate(annotated(bad), NAMESPACE, PLAIN, SERVER)
  t.equal(outcome, 'denied')
  t.same(
    Object.keys(bad).filter((name) => !message.includes(`outrigger.dev/${name} of the pod must be`)),
    [],
  )
  for (const cidrs of ['10.0.0', 'fd00:::/8', '::1/129', '1.2.3.4.5']) {
    t.equal(mutate(annotated({ 'skip-outbound-cidrs': cidrs }), NAMESPACE, PLAIN, SERVER).outcome, 'denied', cidrs)
  }
  const good = { 'skip-outbound-cidrs': '10.0.0.7,fd00::/8', 'skip-inbound': '', 'app-ports': '1-2,65535' }
  t.equal(mutate(annotated(good), NAMESPACE, PLAIN, SERVER).outcome, 'injected')
})

t.test(
  "Nothing of a probe is a variable to the kubelet: it would put others' values there, and one dollar for two",
  async (t) => {
    const httpHeaders = [{ name: 'x-key', value: 'a$$b$(POD_NAME)' }]
    const app = { name: 'app', livenessProbe: { httpGet: { port: 80, path: '/$(A)', httpHeaders } } }
    const { env = [] } = container(result(pod({ containers: [app] }))) ?? {}
    const text = env.find(({ name }) => name === 'APP_PROBES')?.value ?? ''
    t.notMatch(text, '$')
    t.match(JSON.parse(text), { 'app/livez': { http: { path: '/$(A)', headers: [['x-key', 'a$$b$(POD_NAME)']] } } })
  },
)

t.test('Redirection asked for where no init image is named is refused', async (t) => {
  const { settings: none } = readSettings('images: {proxy: a}\ninterception: none\n')
  const { outcome, message } = mutate(annotated({ interception: 'redirect' }), NAMESPACE, none as Settings, SERVER)
  t.match([outcome, message], ['denied', /needs an init image/])
})

t.test('Keys that nobody knows, and the label written as an annotation, are warned of', async (t) => {
  const { warnings } = mutate(annotated({ 'skip-inbuond': '1', inject: 'enabled' }), NAMESPACE, PLAIN, SERVER)
  t.same(warnings, [
    "outrigger: no annotation 'outrigger.dev/skip-inbuond' is known (of the pod); did you mean 'skip-inbound'?",
    'outrigger: outrigger.dev/inject of the pod is an annotation and does nothing: it must be a label',
  ])
  const long = mutate(annotated({ ['x'.repeat(150)]: '' }), NAMESPACE, PLAIN, SERVER)
  t.ok(long.warnings.every((warning) => warning.length <= 120))
  t.match(mutate(pod(), undefined, PLAIN, SERVER).warnings, [/the namespace could not be read/])
})

t.test('A Guaranteed pod stays Guaranteed, another keeps our requests', async (t) => {
  const whole = { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m' } }
  const guaranteed = result(
    pod({ containers: [{ name: 'app', resources: whole }], initContainers: [{ name: 'i', resources: whole }] }),
  )
  for (const { container: one } of placed(guaranteed).filter(({ container: { name } }) =>
    name.startsWith('outrigger'),
  )) {
    t.same(one.resources?.requests, one.resources?.limits, one.name)
  }
  const half = result(pod({ containers: [{ name: 'app', resources: { limits: { cpu: '1' } } }] }))
  t.same(container(half).resources, { requests: { cpu: '50m', memory: '96Mi' }, limits: { cpu: '1', memory: '192Mi' } })
})

t.test('A request of the settings that is over their limit raises it', async (t) => {
  const more = settings('proxy: {memory: {request: 512Mi, limit: 192Mi}}\ninit: {cpu: {request: "2", limit: "1"}}\n')
  const out = result(pod(), more)
  t.same(container(out).resources?.limits, { cpu: '1', memory: '512Mi' })
  t.same(container(out, 'outrigger-init').resources, {
    requests: { cpu: '2', memory: '32Mi' },
    limits: { cpu: '2', memory: '128Mi' },
  })
})

t.test('A limit without a request stays, in a Guaranteed pod too', async (t) => {
  const none = settings('proxy: {cpu: {request: "", limit: "1"}}\n')
  t.same(container(result(pod(), none)).resources, {
    requests: { memory: '96Mi' },
    limits: { cpu: '1', memory: '192Mi' },
  })
  const whole = { limits: { cpu: '1', memory: '1Gi' } }
  const guaranteed = result(pod({ containers: [{ name: 'app', resources: whole }] }), none)
  const all = { cpu: '1', memory: '192Mi' }
  t.same(container(guaranteed).resources, { requests: all, limits: all })
})

t.test('The preStop sleep goes where it fits', async (t) => {
  const sleeps = (input: Pod, server = SERVER) =>
    container(result(input, PLAIN, NAMESPACE, server), 'app').lifecycle?.preStop
  t.same(sleeps(pod()), { sleep: { seconds: 5 } })
  t.equal(sleeps(pod(), { minor: 29, oldestKubelet: 29 }), undefined, 'the API does not know it')
  t.match(sleeps(pod({ containers: [{ name: 'app', lifecycle: { preStop: { exec: {} } } }] })), { exec: {} })
  t.equal(sleeps(pod({ terminationGracePeriodSeconds: 6 })), undefined, 'it would take all the time there is')
  const { warnings } = mutate(pod({ terminationGracePeriodSeconds: 6 }), NAMESPACE, PLAIN, SERVER)
  t.same(warnings, ['outrigger: no preStop sleep of 5 s: terminationGracePeriodSeconds is 6'])
})

t.test('A native sidecar needs the API and every kubelet', async (t) => {
  const table: [Parameters<typeof layoutOf>, boolean, RegExp | undefined][] = [
    [['auto', 'redirect', { minor: 29, oldestKubelet: 29 }], true, undefined],
    [['auto', 'redirect', { minor: 29, oldestKubelet: undefined }], true, undefined],
    [['auto', 'redirect', { minor: 28, oldestKubelet: 28 }], false, /API server is 1\.28/],
    [['auto', 'redirect', { minor: 30, oldestKubelet: 27 }], false, /kubelet is 1\.27/],
    [['auto', 'named-port', { minor: 32, oldestKubelet: 32 }], false, /it takes 1\.33/],
    [['auto', 'named-port', { minor: 33, oldestKubelet: 32 }], true, undefined],
    [['always', 'redirect', { minor: 28, oldestKubelet: 28 }], true, undefined],
    [['never', 'redirect', { minor: 36, oldestKubelet: 36 }], false, undefined],
  ]
  for (const [args, native, warning] of table) {
    const layout = layoutOf(...args)
    t.equal(layout.native, native, JSON.stringify(args))
    if (warning === undefined) t.equal(layout.warning, '')
    else t.match(layout.warning, warning)
  }
  t.equal(minorOf({ minor: '36', emulationMinor: '34' }), 34)
  t.equal(minorOf({ minor: '27+' }), 27)
  t.equal(kubeletMinor('v1.29.3-eks-1'), 29)
  t.equal(kubeletMinor('none'), undefined)
})

t.test("workloadName() is the workload's, not the pod's", async (t) => {
  const owned = (kind: string, name: string, labels = {}) =>
    workloadName({
      generateName: 'x-',
      labels,
      ownerReferences: [{ apiVersion: '', kind, name, uid: '', controller: true }],
    })
  t.equal(owned('ReplicaSet', 'orders-5d4f9', { 'pod-template-hash': '5d4f9' }), 'orders')
  t.equal(owned('ReplicaSet', 'orders-5d4f9', { 'rollouts-pod-template-hash': '5d4f9' }), 'orders', 'of a Rollout')
  t.equal(owned('ReplicaSet', 'by-hand'), 'by-hand')
  t.equal(owned('StatefulSet', 'db'), 'db')
  t.equal(owned('Job', 'nightly-28391040'), 'nightly')
  t.equal(owned('Job', 'migrate-2'), 'migrate-2')
  t.equal(workloadName({ name: 'one' }), 'one')
  t.equal(workloadName({ generateName: 'some-' }), 'some')
})

t.test('A pod that `inject --manual` made, or other settings, is left as it is', async (t) => {
  const manual = applyPatch(pod(), mutate(pod(), NAMESPACE, PLAIN, SERVER, { by: 'manual' }).patch) as Pod
  t.match(mutate(manual, NAMESPACE, PLAIN, SERVER), { outcome: 'unchanged', reason: 'manual', patch: [] })
  t.match(mutate(result(pod()), NAMESPACE, settings('proxy: {logLevel: debug}\n'), SERVER), {
    outcome: 'unchanged',
    reason: 'other_settings',
    patch: [],
  })
})

t.test('A status that came along without its sidecar is not believed', async (t) => {
  const { metadata } = result(pod())
  const copied = { ...pod(), metadata } as Pod
  t.match(mutate(copied, NAMESPACE, PLAIN, SERVER), { outcome: 'injected' })
  t.match(container(applyPatch(copied, mutate(copied, NAMESPACE, PLAIN, SERVER).patch) as Pod), {
    name: 'outrigger-proxy',
  })
  const clash = { ...pod({ securityContext: { runAsUser: 19765 } }), metadata } as Pod
  t.match(mutate(clash, NAMESPACE, PLAIN, SERVER), { outcome: 'denied' })
})

t.test(
  'Probes that a copied template brings along are put back before it is injected; who lost them is told',
  async (t) => {
    const probed = pod({
      containers: [
        {
          name: 'app',
          image: 'app:1',
          ports: [{ name: 'http', containerPort: 8080 }],
          readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
        },
      ],
    })
    const live = result(probed)
    const ours = ({ name }: { name: string }) => name.startsWith('outrigger-')
    const copied = {
      metadata: live.metadata,
      spec: { ...live.spec, initContainers: live.spec.initContainers?.filter((one) => !ours(one)) ?? [] },
    } as Pod
    t.match(copied.spec.containers?.[0]?.readinessProbe, { httpGet: { path: '/app-health/app/readyz' } })
    const again = mutate(copied, NAMESPACE, PLAIN, SERVER)
    t.equal(again.outcome, 'injected')
    t.match(again.warnings, [/copied from an injected pod/])
    const made = applyPatch(copied, again.patch) as Pod
    t.match(made.spec.containers?.[0]?.readinessProbe, { httpGet: { path: '/app-health/app/readyz' } })
    t.same(statusOf(made.metadata)?.probes, { app: { readinessProbe: { httpGet: { path: '/ready', port: 'http' } } } })
    const asked = made.spec.initContainers?.find(({ name }) => name === 'outrigger-proxy')?.env
    t.match(asked?.find(({ name }) => name === 'APP_PROBES')?.value, /"app\/readyz":.*"path":"\/ready"/)
    const { annotations: _gone, ...metadata } = copied.metadata
    const lost = mutate({ ...copied, metadata } as Pod, NAMESPACE, PLAIN, SERVER)
    t.match(lost.warnings, [/readinessProbe of container 'app' asks a sidecar, and nobody knows any more what for/])
  },
)
