import t, { type Test } from 'tap'
import type { Injector } from '../../../src/kubernetes/injector/injector.ts'
import type { Pod } from '../../../src/kubernetes/inject/pod.ts'
import { applyPatch, type FakeApi } from '../../support/fake-api.ts'
import { bundle, cluster, open, post, ready, review, startInjector, VALIDATING } from '../../support/injector-scene.ts'
import { pod } from '../../support/pods.ts'

async function scene(
  t: Test,
): Promise<{ api: FakeApi; injector: Injector; ask: (path: string, body: string) => ReturnType<typeof post> }> {
  const api = await cluster(t)
  const injector = await startInjector(t, api)
  await ready(injector)
  return { api, injector, ask: (path, body) => post(injector, bundle(api), path, body) }
}

const metrics = async (injector: Injector): Promise<string> =>
  (await fetch(`http://${injector.adminAddress}/metrics`)).text()

const OWNED = {
  ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'orders-1', uid: 'u', controller: true }],
}

t.test('The injector writes its CA where it is asked from, and only there, then is ready', async (t) => {
  const { api } = await scene(t)
  t.match(bundle(api), /^-----BEGIN CERTIFICATE-----/)
  t.equal(bundle(api, VALIDATING), bundle(api))
  const { webhooks } = api.objects.get(VALIDATING) as unknown as { webhooks: { clientConfig: { caBundle: string } }[] }
  t.equal(webhooks[1]?.clientConfig.caBundle, 'x', "somebody else's")
  t.equal(webhooks[2]?.clientConfig.caBundle, webhooks[0]?.clientConfig.caBundle)
})

t.test('/mutate patches a pod, once more for none, and counts it once', async (t) => {
  const { injector, ask } = await scene(t)
  const first = await ask('/mutate', review(pod()))
  t.match(first, { connection: 'keep-alive', response: { uid: 'u1', allowed: true } })
  const patched = applyPatch(pod(), JSON.parse(Buffer.from(first.response.patch ?? '', 'base64').toString())) as Pod
  t.match(patched.spec.initContainers, [
    { name: 'outrigger-init' },
    { name: 'outrigger-proxy', restartPolicy: 'Always' },
  ])
  const second = await ask('/mutate', review(patched, { uid: 'u2' }))
  t.strictSame(second.response, { uid: 'u2', allowed: true })
  await ask('/mutate', review(pod(), { dryRun: true }))
  await ask('/mutate', review(pod({ hostNetwork: true })))
  const text = await metrics(injector)
  t.match(text, 'outrigger_injector_pods_total{result="injected",reason="injected"} 1\n')
  t.match(text, 'outrigger_injector_pods_total{result="skipped",reason="host_network"} 1\n')
  t.match(text, 'outrigger_injector_reviews_total{path="/mutate",result="allowed"} 4\n')
  t.match(text, /outrigger_injector_cert_not_after_seconds\{certificate="ca"\} \d{10}\n/)
})

t.test('/mutate refuses with a message of its own, and writes an Event on the Deployment', async (t) => {
  const { api, ask } = await scene(t)
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'orders', uid: 'd', controller: true }
  api.put('/apis/apps/v1/namespaces/shop/replicasets/orders-1', { metadata: { ownerReferences: [deployment] } })
  const bad = pod({ securityContext: { runAsUser: 19765 } }, OWNED)
  const { response } = await ask('/mutate', review(bad))
  t.match(response, { allowed: false, status: { message: /outrigger: container 'app' runs as uid 19765/ } })
  await ask('/mutate', review(bad))
  await api.when('POST /api/v1/namespaces/shop/events')
  const events = [...api.objects].filter(([path]) => path.includes('/events/')).map(([, event]) => event)
  t.equal(events.length, 1, 'the same is told once')
  t.match(events[0], {
    type: 'Warning',
    reason: 'InjectionRefused',
    involvedObject: { kind: 'Deployment', name: 'orders' },
  })
})

t.test('Annotations of the namespace hold, also of one made a moment ago', async (t) => {
  const { api, ask } = await scene(t)
  const annotations = { 'outrigger.dev/log-level': 'debug' }
  api.put('/api/v1/namespaces/shop', { metadata: { name: 'shop', annotations } })
  api.endWatches(true)
  api.put('/api/v1/namespaces/new', { metadata: { name: 'new', annotations } })
  const { response } = await ask('/mutate', review(pod(), { namespace: 'new' }))
  t.match(Buffer.from(response.patch ?? '', 'base64').toString(), '--log-level=debug')
  const { response: unknown } = await ask('/mutate', review(pod(), { namespace: 'nowhere' }))
  t.match(unknown, { allowed: true, warnings: [/namespace could not be read/] })
})

t.test('/validate-policy is the loader of the sidecar', async (t) => {
  const { ask } = await scene(t)
  const map = (data: object, more = {}): string => review({ kind: 'ConfigMap', metadata: { name: 'p' }, data, ...more })
  const good = { 'a.yaml': 'kind: Service\nname: inventory\nhosts: [inventory]\nendpoints: [10.0.0.1:80]\n' }
  t.match((await ask('/validate-policy', map(good))).response, { allowed: true })
  const bad = {
    ...good,
    'b.yaml': 'kind: Policy\nname: x\nmatch: {direction: outbound, service: inventroy}\n',
    'c.yml': 'kind: Sidecar\nnme: x\n',
  }
  const { response } = await ask('/validate-policy', map(bad))
  t.match(response, {
    allowed: false,
    status: { message: /b\.yaml:3:\d+: error E040 .*inventroy[\s\S]*c\.yml:2:1: error E020/ },
  })
  const odd = await ask('/validate-policy', map({ ...good, README: '' }, { immutable: true }))
  t.match(odd.response, { allowed: true, warnings: [/immutable/, /key 'README' is not read/] })
})

t.test('/warn-workload tells who applies a workload what its pods will meet, and refuses nothing', async (t) => {
  const { ask } = await scene(t)
  const deployment = (template: object, labels = {}): string =>
    review({ kind: 'Deployment', metadata: { name: 'orders', labels }, spec: { template } })
  const clash = pod({ securityContext: { runAsUser: 19765 } })
  t.match((await ask('/warn-workload', deployment(clash))).response, {
    allowed: true,
    warnings: [/its pods will be refused/],
  })
  const label = { 'outrigger.dev/inject': 'enabled' }
  t.match((await ask('/warn-workload', deployment(pod(), label))).response, {
    allowed: true,
    warnings: [/must be on the template/],
  })
  t.strictSame((await ask('/warn-workload', deployment(pod()))).response, { uid: 'u1', allowed: true })
})

t.test('What is no review is refused', async (t) => {
  const { injector, api } = await scene(t)
  const ask = (path: string, body: string, method?: string) => post(injector, bundle(api), path, body, method)
  t.match(await ask('/mutate', '{'), { status: 400, body: /must be JSON/ })
  t.match(await ask('/mutate', '{"kind":"Pod"}'), { status: 400, body: /AdmissionReview/ })
  t.match(await ask('/other', ''), { status: 404, body: /\/validate-policy/ })
  t.match(await ask('/mutate', '', 'PUT'), { status: 405 })
  t.match(await ask('/mutate', 'x'.repeat(8 * 1024 * 1024 + 1)), { status: 413 })
})

t.test('Large bodies that do not end take a bounded room, and nothing from the reviews of others', async (t) => {
  const { injector, api } = await scene(t)
  const large = Buffer.alloc(7 * 1024 * 1024, 0x20)
  const started = Array.from({ length: 6 }, () => {
    const request = open(injector, bundle(api), '/mutate')
    t.teardown(() => request.destroy())
    request.write(large)
    return new Promise<number | undefined>((resolve) => {
      request.on('response', ({ statusCode }) => resolve(statusCode))
      request.on('error', () => {})
    })
  })
  t.equal(await Promise.race(started), 503)
  t.match(await post(injector, bundle(api), '/mutate', review(pod())), { status: 200 })
})

t.test('A drain finishes the review under way', async (t) => {
  const { injector, api } = await scene(t)
  const before = api.asked.length
  // The namespace is not known, so the review waits for the API server, which is slow.
  api.slow = new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  const asked = post(injector, bundle(api), '/mutate', review(pod(), { namespace: 'slow' }))
  while (!api.asked.slice(before).some((one) => one.includes('namespaces/slow'))) await new Promise(setImmediate)
  const drained = injector.drain()
  t.match(await asked, { connection: 'close', response: { allowed: true } }, 'and sends the client away')
  await drained
})
