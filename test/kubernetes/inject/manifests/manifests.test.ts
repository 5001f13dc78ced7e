import t from 'tap'
import { parse, parseAllDocuments, stringify } from 'yaml'
import type { KubernetesObject } from '../../../../src/kubernetes/api/object.ts'
import { type InjectOptions, injectObject } from '../../../../src/kubernetes/inject/manifests/inject-object.ts'
import { rewrite } from '../../../../src/kubernetes/inject/manifests/rewrite.ts'
import { uninjectObject } from '../../../../src/kubernetes/inject/manifests/uninject-object.ts'
import { randomPod, SERVER, settings } from '../../../support/pods.ts'
import { Seeded } from '../../../support/seeded.ts'

const LABEL: InjectOptions = { set: new Map() }
const ANNOTATED: InjectOptions = { set: new Map([['log-level', 'debug']]) }
const MANUAL: InjectOptions = { set: new Map(), manual: { settings: settings(), server: SERVER } }

const inject = (text: string, options = LABEL): string =>
  rewrite(text, (object) => injectObject(object, options).object)
const uninject = (text: string): string => rewrite(text, (object) => uninjectObject(object).object)

const STREAM = `# Orders and what they need.
apiVersion: v1
kind: Service
metadata: {name:   orders}   # spaced on purpose
spec:
    ports: [ {port: 80} ]
---
# The workload.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders # its name
spec:
  replicas: 2
  template:
    metadata:
      labels:
        app: 'orders'   # quoted
    spec:
      containers:
      # the one that matters
      - name: app
        image: "app:1"
        ports:
        - containerPort: 8080  # http
        readinessProbe:
          httpGet: {path: /ready, port: 8080}
---
...
---

# Nothing but a comment.
`

t.test('The label is all that is added, and the rest stays to the byte', async (t) => {
  const out = inject(STREAM)
  t.equal(out, STREAM.replace('# quoted\n', '# quoted\n        outrigger.dev/inject: enabled\n'))
  t.equal(inject(out), out, 'once is enough')
  t.equal(uninject(out), STREAM)
})

t.test('The whole sidecar keeps comments, quotes, order and layout', async (t) => {
  const out = inject(STREAM, MANUAL)
  const [service = '', workload = ''] = out.split('---\n')
  t.equal(service, STREAM.split('---\n')[0])
  for (const kept of [
    '# The workload.\n',
    'name: orders # its name\n',
    "app: 'orders'   # quoted\n",
    '      # the one that matters\n      - name: app\n',
    'image: "app:1"\n',
    '- containerPort: 8080  # http\n',
  ]) {
    t.match(workload, kept)
  }
  const pod = parse(workload).spec.template
  t.match(pod.spec.initContainers[1].args, ['run', '--name=orders'])
  t.equal(pod.metadata.name, undefined)
  t.match(workload, 'path: /app-health/app/readyz')
  t.equal(uninject(out), STREAM, 'and can be taken out again')
})

t.test('uninject is the inverse of inject, to the byte, for every kind and any pod', async (t) => {
  const kinds: Record<string, (pod: object) => object> = {
    Pod: (pod) => pod,
    Deployment: (template) => ({ metadata: { name: 'w' }, spec: { template } }),
    CronJob: (template) => ({
      metadata: { name: 'w' },
      spec: { schedule: '@hourly', jobTemplate: { spec: { template } } },
    }),
  }
  const random = new Seeded(7)
  for (let i = 0; i < 45; i++) {
    const [kind, make] = random.pick(Object.entries(kinds))
    const { metadata, spec } = randomPod(() => random.fraction())
    const bare = kind !== 'Pod' && Object.keys(metadata).length === 0
    const object = { apiVersion: 'v1', kind, ...make(bare ? { spec } : { metadata, spec }) }
    const json = random.chance(0.2)
    const text = json
      ? `${JSON.stringify(object, null, 2)}\n`
      : stringify(object, { lineWidth: 0, indentSeq: random.chance(0.5), indent: random.pick([2, 4]) })
    for (const options of [LABEL, ANNOTATED, MANUAL]) {
      const injected = inject(text, options)
      if (injected === text) t.fail(`nothing was done to\n${text}`)
      const back = uninject(injected)
      if (back !== text) t.equal(back, text, `${i} ${kind}`)
    }
  }
})

t.test('Lists, JSON, Windows line ends, anchors and merges', async (t) => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: { containers: [{ name: 'app' }] } }
  const list = stringify({ apiVersion: 'v1', kind: 'List', items: [pod, { kind: 'Service', metadata: { name: 's' } }] })
  t.match(parse(inject(list)).items, [
    { metadata: { labels: { 'outrigger.dev/inject': 'enabled' } } },
    { kind: 'Service' },
  ])
  const json = `${JSON.stringify(pod, null, 4)}\n`
  t.same(JSON.parse(inject(json, MANUAL)).kind, 'Pod', 'JSON stays JSON')
  const windows = stringify(pod).replaceAll('\n', '\r\n')
  t.notMatch(inject(windows), /[^\r]\n/)
  const anchored = `kind: Pod
metadata: {name: a}
spec:
  containers:
    - name: one
      livenessProbe: &probe
        httpGet: {path: /, port: 80}
    - name: two
      <<: {image: x}
      livenessProbe: *probe
`
  const [document] = parseAllDocuments(inject(anchored, MANUAL), { merge: true })
  const containers = document?.toJS().spec.containers as {
    image?: string
    livenessProbe: { httpGet: { path: string } }
  }[]
  t.same(
    containers.map(({ livenessProbe }) => livenessProbe.httpGet.path),
    ['/app-health/one/livez', '/app-health/two/livez'],
  )
  t.equal(containers[1]?.image, 'x')
})

t.test('Each object is reported for what it is', async (t) => {
  const object = (kind: string, more: object = {}): KubernetesObject =>
    ({ kind, metadata: { name: 'x' }, ...more }) as never
  const spec = { containers: [{ name: 'app' }] }
  t.match(injectObject(object('Service'), LABEL), { result: 'skipped', why: 'it makes no pods' })
  t.match(injectObject(object('Pod', { spec, metadata: { labels: { 'outrigger.dev/inject': 'disabled' } } }), LABEL), {
    result: 'skipped',
    why: /'disabled'/,
  })
  t.match(injectObject(object('Pod', { spec: { ...spec, hostNetwork: true } }), MANUAL), {
    result: 'skipped',
    why: /hostNetwork/,
  })
  t.match(injectObject(object('Pod', { spec: { ...spec, securityContext: { runAsUser: 19765 } } }), MANUAL), {
    result: 'refused',
    why: /uid 19765/,
  })
  const odd = object('Fleet', { spec: { podTemplate: { spec } } })
  t.match(injectObject(odd, { ...LABEL, path: ['spec', 'podTemplate'] }), { result: 'injected' })
  t.throws(() => inject('a: [\n'), /flow/i)
})

t.test('Fields that hold nothing are as good as absent, and stay where they are', async (t) => {
  const text = `apiVersion: v1
kind: Pod
metadata:
  name: orders
  creationTimestamp: null
  labels:
  annotations:
spec:
  nodeSelector: ~
  containers:
  - name: app
    image: x
    ports:
    resources: {limits: null}
    securityContext:
    livenessProbe: {httpGet: {port: 80, httpHeaders: null}}
  initContainers: null
  volumes:
`
  for (const options of [LABEL, ANNOTATED, MANUAL]) {
    const out = inject(text, options)
    const labels = { 'outrigger.dev/inject': 'enabled', 'outrigger.dev/injected': 'true' }
    t.hasStrict(labels, (parse(out) as KubernetesObject).metadata.labels)
    for (const line of [
      '  creationTimestamp: null\n',
      '  nodeSelector: ~\n',
      '    ports:\n',
      '    securityContext:\n',
    ]) {
      t.ok(out.includes(line), line)
    }
    t.equal(uninject(out), text)
  }
  t.equal(uninject(text), text)
})

t.test('What stood as an alias stands as one again, to the byte', async (t) => {
  const text = `# Orders.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
  annotations: &notes
    team: shop # theirs
spec:
  selector:
    matchLabels: &labels
      app: orders
  template:
    metadata:
      labels: *labels
      annotations: *notes
    spec:
      containers:
        - name: app
          image: x
          livenessProbe: &probe
            httpGet:
              path: /
              port: 8080
          readinessProbe: *probe # the same
        - name: other
          image: y
          livenessProbe: *probe
`
  for (const options of [LABEL, ANNOTATED, MANUAL]) {
    const out = inject(text, options)
    const { template } = (parse(out) as { spec: { template: { metadata: { labels: object } } } }).spec
    t.match(template.metadata.labels, { app: 'orders' })
    t.match(out, '# outrigger: was *labels\n')
    t.same(inject(out, options), out, 'a second time changes nothing')
    t.equal(uninject(out), text)
  }
})

t.test('A byte order mark stays, and a last line without an end', async (t) => {
  const text = '\ufeffapiVersion: v1\nkind: Pod\nmetadata: {name: bom}\nspec: {containers: [{name: a, image: x}]}'
  for (const options of [LABEL, MANUAL]) {
    const out = inject(text, options)
    t.not(out, text)
    t.ok(out.startsWith('\ufeffapiVersion') && !out.endsWith('\n'))
    t.equal(uninject(out), text)
  }
})
