/** Pods of every shape that injection looks at: what is added to each must not depend on who adds it. */

// biome-ignore lint/suspicious/noExplicitAny: pods as they are written
type Pod = any

const app = (more: object = {}): object => ({ name: 'app', image: 'app:v1', ...more })

function pod(name: string, spec: object, metadata: object = {}): Pod {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, ...metadata }, spec: { containers: [app()], ...spec } }
}

const annotated = (name: string, annotations: Record<string, string>, spec: object = {}): Pod =>
  pod(name, spec, {
    annotations: Object.fromEntries(Object.entries(annotations).map(([key, text]) => [`outrigger.dev/${key}`, text])),
  })

function owned(name: string, owner: { kind: string; name: string }, labels: Record<string, string> = {}): Pod {
  const apiVersion = owner.kind === 'Job' ? 'batch/v1' : 'apps/v1'
  const reference = { apiVersion, ...owner, uid: '00000000-0000-4000-8000-000000000000', controller: true }
  return pod(name, {}, { labels, ownerReferences: [reference] })
}

const WEB = app({
  ports: [
    { name: 'http', containerPort: 8080 },
    { name: 'grpc', containerPort: 9090, protocol: 'TCP' },
    { name: 'dns', containerPort: 53, protocol: 'UDP' },
    { containerPort: 8081 },
  ],
  readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 3 },
  livenessProbe: { tcpSocket: { port: 9090 } },
  startupProbe: { exec: { command: ['true'] } },
})
const METRICS = {
  name: 'metrics',
  image: 'metrics:v1',
  ports: [
    { name: 'metrics', containerPort: 9100 },
    { name: 'again', containerPort: 8080 },
  ],
  lifecycle: { preStop: { httpGet: { path: '/stop', port: 'metrics' } } },
}
const HOOKED = {
  name: 'hooked',
  image: 'hooked:v1',
  ports: [{ name: 'hook', containerPort: 7000 }],
  lifecycle: { postStart: { tcpSocket: { port: 'hook' } } },
  livenessProbe: { grpc: { port: 7000 } },
}
const SIDECAR = {
  name: 'helper',
  image: 'helper:v1',
  restartPolicy: 'Always',
  ports: [{ name: 'helper', containerPort: 7100 }],
  startupProbe: { httpGet: { port: 'helper' } },
}
const FIRST = { name: 'first', image: 'first:v1', ports: [{ name: 'once', containerPort: 6000 }] }
const everything = { containers: [WEB, METRICS, HOOKED], initContainers: [FIRST, SIDECAR] }
const exactly = (cpu: string, memory: string): object => ({ resources: { limits: { cpu, memory } } })

/** 400 ports: what an expression in CEL may cost is bounded. */
const large = {
  containers: Array.from({ length: 20 }, (_, at) => ({
    name: `part-${at}`,
    image: 'part:v1',
    ports: Array.from({ length: 20 }, (_, port) => ({
      name: `p-${at}-${port}`,
      containerPort: 2000 + 100 * at + port,
    })),
    env: Array.from({ length: 50 }, (_, n) => ({ name: `VARIABLE_${n}`, value: 'x'.repeat(50) })),
    readinessProbe: { httpGet: { port: `p-${at}-19` } },
  })),
  initContainers: Array.from({ length: 10 }, (_, at) => ({ name: `first-${at}`, image: 'first:v1' })),
}

/** Of the pods below those that get no sidecar. */
export const LEFT_ALONE = ['host-network', 'windows', 'windows-by-selector', 'other-mesh']

export const PODS: readonly Pod[] = [
  pod('plain', {}),
  pod('without-name', {}, { name: undefined, generateName: 'shop-' }),
  pod('ports', { containers: [WEB, METRICS] }),
  pod('everything', everything),
  pod('guaranteed', { containers: [app(exactly('500m', '64Mi')), { ...METRICS, ...exactly('1', '128Mi') }] }),
  pod('almost-guaranteed', { containers: [app(exactly('500m', '64Mi')), METRICS] }),
  pod('equal-amounts', {
    containers: [
      app({ resources: { requests: { cpu: '1000m', memory: '1Gi' }, limits: { cpu: '1', memory: '1024Mi' } } }),
    ],
  }),
  pod('short-grace', { terminationGracePeriodSeconds: 6 }),
  pod('just-long-enough', { terminationGracePeriodSeconds: 7 }),
  pod('with-volumes', {
    volumes: [{ name: 'data', emptyDir: {} }],
    imagePullSecrets: [{ name: 'mine' }],
    containers: [app({ volumeMounts: [{ name: 'data', mountPath: '/data' }] })],
  }),
  pod(
    'with-metadata',
    { containers: [METRICS, app()] },
    {
      labels: { app: 'shop', 'outrigger.dev/injected': 'false' },
      annotations: { note: 'kept', 'kubectl.kubernetes.io/default-container': 'app' },
    },
  ),
  owned('of-a-rollout', { kind: 'ReplicaSet', name: 'web-5d4f8c7b9' }, { 'rollouts-pod-template-hash': '5d4f8c7b9' }),
  owned('of-a-deployment', { kind: 'ReplicaSet', name: 'web-5d4f8c7b9' }, { 'pod-template-hash': '5d4f8c7b9' }),
  owned('of-a-replicaset', { kind: 'ReplicaSet', name: 'web-canary' }),
  owned('of-a-job', { kind: 'Job', name: 'import-once' }),
  owned('of-a-cronjob', { kind: 'Job', name: 'nightly-29412345' }),
  owned('of-a-statefulset', { kind: 'StatefulSet', name: 'db' }),
  owned('of-a-daemonset', { kind: 'DaemonSet', name: 'agent' }),
  annotated('name', { name: 'orders' }),
  annotated('app-ports', { 'app-ports': '8080,9000-9002', protocol: '8080=http,5432=tcp' }, { containers: [WEB] }),
  annotated('protocol', { protocol: '9090=grpc' }, { containers: [WEB] }),
  annotated('skips', {
    'skip-inbound': '9100,8300-8400',
    'skip-outbound': '3306',
    'skip-outbound-cidrs': '10.9.0.0/16',
  }),
  annotated('skips-nothing', { 'skip-inbound': '', 'skip-outbound': '', 'skip-outbound-cidrs': '' }),
  annotated('amounts', { cpu: '100m/500m', memory: '128Mi/256Mi' }),
  annotated('requests-alone', { cpu: '200m', memory: '64Mi' }),
  annotated('requests-over-limits', { cpu: '3', memory: '1Gi' }),
  annotated('amounts-of-guaranteed', { cpu: '100m', memory: '64Mi/80Mi' }, { containers: [app(exactly('1', '1Gi'))] }),
  annotated('log-level', { 'log-level': 'debug' }),
  annotated('policy', { policy: 'orders-policy' }),
  annotated('slow-end', { 'app-prestop-sleep': '12s' }),
  annotated('no-sleep', { 'app-prestop-sleep': '0s' }),
  annotated('native', { 'native-sidecar': 'true' }),
  annotated('redirect', { interception: 'redirect' }, everything),
  annotated('named-port', { interception: 'named-port' }, everything),
  annotated('named-port-without-names', { interception: 'named-port' }),
  annotated('none', { interception: 'none' }, { containers: [WEB] }),
  annotated('none-without-ports', { interception: 'none' }),
  pod('large', large),
  annotated('large-named-port', { interception: 'named-port' }, large),
  pod('host-network', { hostNetwork: true }),
  pod('windows', { os: { name: 'windows' } }),
  pod('windows-by-selector', { nodeSelector: { 'kubernetes.io/os': 'windows' } }),
  pod('other-mesh', { containers: [app(), { name: 'istio-proxy', image: 'istio:v1' }] }),
]
