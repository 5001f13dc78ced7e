import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ApiError } from '../../../src/kubernetes/api/api-error.ts'
import { CHECKS, runChecks } from '../../../src/kubernetes/check/checks.ts'
import { failed, jsonReport, junitReport, severityOf, shortReport } from '../../../src/kubernetes/check/report.ts'
import { kubectlReader, type Reader } from '../../../src/kubernetes/check/reader.ts'
import { takeSnapshot } from '../../../src/kubernetes/check/snapshot.ts'
import { mutate } from '../../../src/kubernetes/inject/mutate.ts'
import type { Pod } from '../../../src/kubernetes/inject/pod.ts'
import { checkTexts } from '../../../src/runtime/check-config.ts'
import { Authority } from '../../support/certificates.ts'
import { applyPatch } from '../../support/fake-api.ts'
import { IMAGES, NAMESPACE, pod, SERVER, settings } from '../../support/pods.ts'

const NOW = Date.parse('2026-06-01T00:00:00Z')
const ADMISSION = '/apis/admissionregistration.k8s.io/v1'
const SYSTEM = 'namespaces/outrigger-system'
const FUTURE = { notAfter: new Date(NOW + 400 * 86_400_000) }
const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** What the API server has; a path that is not there is an empty list. */
class World implements Reader {
  readonly objects = new Map<string, unknown>()
  readonly forbidden = new Set<string>()
  admit: (object: Pod) => Pod = (object) => meshed(object)

  constructor() {
    const service = { name: 'outrigger-injector', namespace: 'outrigger-system' }
    const caBundle = base64(new Authority('ours').issue(FUTURE).cert)
    const namespaceSelector = {
      matchExpressions: [
        { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system', 'outrigger-system'] },
      ],
    }
    const webhooks = [
      {
        name: 'namespace.inject.outrigger.dev',
        failurePolicy: 'Fail',
        namespaceSelector,
        clientConfig: { service, caBundle },
      },
    ]
    const metadata = { name: 'outrigger-injector' }
    this.set('/version', { minor: '36', gitVersion: 'v1.36.2' })
    this.list('/api/v1/nodes', { metadata: { name: 'one' }, status: { nodeInfo: { kubeletVersion: 'v1.36.2' } } })
    this.list('/api/v1/namespaces', { metadata: { name: 'shop', labels: { 'outrigger.dev/inject': 'enabled' } } })
    this.set(`${ADMISSION}/mutatingwebhookconfigurations/outrigger-injector`, { metadata, webhooks })
    this.set(`${ADMISSION}/validatingwebhookconfigurations/outrigger-injector`, { metadata, webhooks: [] })
    this.set(`/apis/apps/v1/${SYSTEM}/deployments/outrigger-injector`, {
      metadata,
      spec: { replicas: 2 },
      status: { readyReplicas: 2 },
    })
    this.list(`/apis/discovery.k8s.io/v1/${SYSTEM}/endpointslices`, {
      metadata,
      endpoints: [{ conditions: { ready: true } }],
    })
    this.set(`/api/v1/${SYSTEM}/configmaps/outrigger-injector-config`, { metadata, data: { 'config.yaml': IMAGES } })
    this.list('/api/v1/configmaps', {
      metadata: { name: 'outrigger-policy', namespace: 'shop' },
      data: { 'a.yaml': 'kind: Service\nname: x\nhosts: [x]\nendpoints: [10.0.0.1:80]\n' },
    })
    this.list('/api/v1/pods', meshed(inShop()))
  }

  set(path: string, object: unknown): void {
    this.objects.set(path, object)
  }

  list(path: string, ...items: unknown[]): void {
    this.objects.set(path, { metadata: {}, items })
  }

  async get<T>(path: string): Promise<T> {
    const plain = path.split('?')[0] as string
    if (this.forbidden.has(plain)) throw new ApiError(403, 'Forbidden', 'no')
    const object =
      this.objects.get(plain) ?? (plain.split('/').at(-1)?.endsWith('s') ? { metadata: {}, items: [] } : undefined)
    if (object === undefined) throw new ApiError(404, 'NotFound', 'no')
    return object as T
  }

  text = (): Promise<string> => Promise.reject(new Error('no check asks for texts'))

  async create<T>(path: string, object: unknown): Promise<T> {
    if (path.includes('selfsubjectaccessreviews')) return { status: { allowed: !this.forbidden.has('install') } } as T
    const made = this.admit(object as Pod)
    return { ...made, metadata: { ...made.metadata, creationTimestamp: new Date(NOW).toISOString() } } as T
  }
}

function inShop(spec: object = {}, metadata: object = {}): Pod {
  return { ...pod(spec, { namespace: 'shop', ...metadata }), status: { phase: 'Running' } } as Pod
}

function meshed(input: Pod): Pod {
  return applyPatch(input, mutate(input, NAMESPACE, settings(), SERVER).patch) as Pod
}

async function results(world: World, pre = false) {
  const options = {
    systemNamespace: 'outrigger-system',
    namespace: '',
    pre,
    now: NOW,
    checkPolicies: (files: readonly { path: string; text: string }[]) => checkTexts(files).issues,
  }
  return runChecks(await takeSnapshot(world, options))
}

/** `OC010 error: …` for what is not good. */
async function found(world: World, pre = false): Promise<string[]> {
  return (await results(world, pre)).flatMap(({ check, findings }) =>
    findings
      .filter(({ severity }) => severity !== 'ok')
      .map(({ severity, subject, message }) => `${check.code} ${severity} ${subject}: ${message}`),
  )
}

t.test('A healthy cluster has nothing but good findings, before and after the installation', async (t) => {
  t.same(await found(new World()), [])
  const before = new World()
  before.objects.delete(`${ADMISSION}/mutatingwebhookconfigurations/outrigger-injector`)
  before.admit = (object) => object
  t.same(await found(before, true), [])
})

t.test('Each check finds what it is for', async (t) => {
  const proxy = (change: object): Pod => {
    const made = structuredClone(meshed(inShop())) as unknown as { spec: { initContainers: object[] } }
    Object.assign(made.spec.initContainers[1] as object, change)
    return made as unknown as Pod
  }
  const mutating = `${ADMISSION}/mutatingwebhookconfigurations/outrigger-injector`
  const webhook = (change: object) => (world: World) => {
    const configuration = structuredClone(world.objects.get(mutating)) as { webhooks: object[] }
    Object.assign(configuration.webhooks[0] as object, change)
    world.set(mutating, configuration)
  }
  const config = (lines: string) => (world: World) =>
    world.set(`/api/v1/${SYSTEM}/configmaps/outrigger-injector-config`, {
      metadata: {},
      data: { 'config.yaml': IMAGES + lines },
    })
  const namespace =
    (labels: object, annotations: object = {}) =>
    (world: World) =>
      world.list('/api/v1/namespaces', {
        metadata: { name: 'shop', labels: { 'outrigger.dev/inject': 'enabled', ...labels }, annotations },
      })
  const inside = { name: 'x', namespace: 'shop' }
  const table: Record<string, [(world: World) => void, RegExp]> = {
    OC001: [(world) => world.set('/version', { minor: '27', gitVersion: 'v1.27.1' }), /error : it is 1\.27/],
    OC002: [
      (world) =>
        world.list('/api/v1/nodes', { metadata: { name: 'old' }, status: { nodeInfo: { kubeletVersion: 'v1.28.0' } } }),
      /warning node old: its kubelet is v1\.28\.0/,
    ],
    OC003: [
      (world) =>
        (world.create = async () =>
          ({ ...meshed(inShop()), metadata: { creationTimestamp: new Date(NOW + 60_000).toISOString() } }) as never),
      /60 s ahead/,
    ],
    OC010: [
      (world) =>
        world.set(`/apis/apps/v1/${SYSTEM}/deployments/outrigger-injector`, { metadata: {}, spec: { replicas: 2 } }),
      /none of 2 replicas/,
    ],
    OC011: [(world) => world.list(`/apis/discovery.k8s.io/v1/${SYSTEM}/endpointslices`), /no ready endpoint/],
    OC012: [
      webhook({ clientConfig: { caBundle: base64(new Authority('x').issue({ notAfter: new Date(NOW + 9e8) }).cert) } }),
      /warning .*holds for 10 more days/,
    ],
    OC013: [webhook({ namespaceSelector: {} }), /asked about pods of kube-system/],
    OC014: [
      (world) => (world.create = () => Promise.reject(new Error('failed calling webhook "x"'))),
      /error namespace shop: failed calling webhook/,
    ],
    OC015: [
      (world) => world.objects.delete(`${ADMISSION}/validatingwebhookconfigurations/outrigger-injector`),
      /there is none/,
    ],
    OC020: [(world) => world.list('/api/v1/pods', inShop()), /error pod shop\/orders: it has none/],
    OC021: [(world) => world.list('/api/v1/pods', proxy({ image: 'old:1' })), /its sidecar is old:1/],
    OC022: [
      (world) => world.list('/api/v1/pods', meshed(inShop()), { ...inShop({ securityContext: { runAsUser: 19765 } }) }),
      /container 'app' does/,
    ],
    OC023: [namespace({}, { 'outrigger.dev/inject': 'enabled' }), /must be a label/],
    OC024: [(world) => world.list('/api/v1/pods', inShop({ hostNetwork: true })), /hostNetwork/],
    OC025: [
      (world) =>
        world.list('/api/v1/pods', {
          ...meshed(inShop()),
          status: {
            phase: 'Running',
            initContainerStatuses: [{ name: 'outrigger-proxy', ready: true, restartCount: 7 }],
          },
        }),
      /restarted 7 times/,
    ],
    OC027: [
      (world) => {
        const probed = inShop({
          containers: [{ name: 'app', image: 'app:1', livenessProbe: { httpGet: { path: '/live', port: 8080 } } }],
        })
        const { metadata, spec } = meshed(probed)
        world.list('/api/v1/pods', { ...probed, metadata, spec: { ...spec, initContainers: [] } })
      },
      /error pod shop\/orders: livenessProbe of container 'app' asks a sidecar, and there is none/,
    ],
    OC028: [
      (world) => {
        const pod = inShop({
          containers: [{ name: 'app', image: 'app:1', readinessProbe: { tcpSocket: { port: 1 } } }],
        })
        const made = structuredClone(meshed(inShop())) as { spec: object }
        Object.assign(made.spec, { containers: pod.spec.containers })
        world.list('/api/v1/pods', made)
      },
      /warning pod shop\/orders: readinessProbe of container 'app' is a TCP probe/,
    ],
    OC030: [
      namespace({ 'pod-security.kubernetes.io/enforce': 'restricted' }),
      /error namespace shop: it enforces 'restricted'/,
    ],
    OC031: [
      (world) =>
        world.list('/api/v1/configmaps', {
          metadata: { name: 'outrigger-policy', namespace: 'shop' },
          data: { 'a.yaml': 'kind: Servcie\nname: x\n' },
        }),
      /error configmap shop\/outrigger-policy: a\.yaml:1:7: E010/,
    ],
    OC032: [
      (world) =>
        world.list('/apis/autoscaling/v2/horizontalpodautoscalers', {
          metadata: inside,
          spec: { metrics: [{ type: 'Resource' }] },
        }),
      /type Resource/,
    ],
    OC033: [
      (world) => {
        config('proxy: {cpu: {limit: ""}}\n')(world)
        world.list('/api/v1/resourcequotas', { metadata: inside, spec: { hard: { 'limits.cpu': '1' } } })
      },
      /limits\.cpu/,
    ],
    OC034: [
      (world) =>
        world.list('/apis/networking.k8s.io/v1/networkpolicies', {
          metadata: inside,
          spec: { policyTypes: ['Ingress'], ingress: [{ ports: [{ port: 80 }] }] },
        }),
      /port 19002/,
    ],
    OC026: [
      (world) => {
        config('interception: named-port\n')(world)
        const named = applyPatch(
          inShop({}, { labels: { app: 'x' } }),
          mutate(inShop({}, { labels: { app: 'x' } }), NAMESPACE, settings('interception: named-port\n'), SERVER).patch,
        )
        world.list('/api/v1/pods', named)
        world.list('/api/v1/services', {
          metadata: inside,
          spec: {
            selector: { app: 'x' },
            ports: [
              { port: 80, targetPort: 8080 },
              { port: 81, targetPort: 'http' },
            ],
          },
        })
      },
      /warning service shop\/x: port 80 goes to the number 8080/,
    ],
  }
  for (const [code, [change, said]] of Object.entries(table)) {
    const world = new World()
    change(world)
    const lines = await found(world)
    t.match(
      lines.find((line) => line.startsWith(code)),
      said,
      code,
    )
  }
  const pre = new World()
  pre.forbidden.add('install')
  t.match(await found(pre, true), [/OC004 error : you may not create mutating/])
  t.match((await found(pre, true)).at(-1), /OC005 warning .*there already/)
  const tested = [...Object.keys(table), 'OC004', 'OC005'].sort()
  t.same(tested, CHECKS.map(({ code }) => code).sort(), 'every check')
})

t.test('What may not be read is skipped, which is no failure', async (t) => {
  const world = new World()
  for (const path of ['/api/v1/pods', '/api/v1/nodes', '/api/v1/configmaps']) world.forbidden.add(path)
  const all = await results(world)
  t.notOk(failed(all))
  const skipped = all.filter(({ findings }) => severityOf(findings) === 'skipped').map(({ check }) => check.code)
  t.same(skipped, ['OC002', 'OC020', 'OC031'])
})

t.test('The report is for people, for programs, for CI', async (t) => {
  const world = new World()
  world.list('/api/v1/pods', inShop())
  const all = await results(world)
  t.match(
    shortReport(all),
    /× OC020 every pod that opted in has its sidecar\n {6}pod shop\/orders: it has none\n {6}→ .*rollout restart/,
  )
  t.match(JSON.parse(jsonReport(all)), { ok: false, checks: [{ code: 'OC001', result: 'ok' }] })
  t.match(junitReport(all), /failures="1">[\s\S]*<failure message="every pod that opted in has its sidecar">/)
})

t.test('kubectlReader() knows what kubectl means, and says when it is not there', async (t) => {
  const folder = t.testdir()
  const kubectl = join(folder, 'kubectl')
  const script =
    '#!/bin/sh\ncase "$*" in\n*gone*) echo "Error from server (NotFound): x" >&2; exit 1;;\n*create*) cat;;\n*) echo "{\\"args\\":\\"$*\\"}";;\nesac\n'
  writeFileSync(kubectl, script)
  chmodSync(kubectl, 0o755)
  const reader = kubectlReader(kubectl, 'there')
  t.same(await reader.get('/version'), { args: '--context there get --raw /version' })
  t.same(await reader.create('/x', { a: 1 }), { a: 1 })
  // Reads end at even places, and each letter has its two bytes around one.
  const long = { ab: 'é'.repeat(200_000) }
  t.ok((await reader.create<typeof long>('/x', long)).ab === long.ab, 'letters are not torn')
  t.match(await reader.get('/gone').catch((error) => error), { status: 404 })
  t.match(
    await kubectlReader(join(folder, 'none'), '')
      .get('/x')
      .catch((error) => error),
    { message: /there is no '.*none' on PATH/ },
  )
})

t.test('Where the API server injects by a policy of its own nobody misses the injector', async (t) => {
  const world = new World()
  const gone = [...world.objects.keys()].filter((path) => /outrigger-injector|endpointslices/.test(path))
  for (const path of gone) world.objects.delete(path)
  t.ok(failed(await results(world)), 'there is neither')
  world.set(`${ADMISSION}/mutatingadmissionpolicies/outrigger-injector`, { metadata: { name: 'outrigger-injector' } })
  const checked = await results(world)
  t.notOk(failed(checked))
  const skipped = checked.filter(({ findings }) =>
    findings.some(({ message }) => /injection\.mode is policy/.test(message)),
  )
  t.same(
    skipped.map(({ check }) => check.code),
    ['OC010', 'OC011', 'OC012', 'OC013', 'OC015'],
  )
})
