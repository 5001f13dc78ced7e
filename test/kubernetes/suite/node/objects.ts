/** What the suite puts into the cluster. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { NODE_IMAGE } from '../../../image/build.ts'
import type { Cluster } from '../cluster.ts'

/** Its pods are injected. */
export const SHOP = 'shop'
/** Its pods are not. */
export const OUTSIDE = 'outside'

export const APP_PORT = 8080
export const OTHER_PORT = 9090
/** HTTP/2 with prior knowledge; port 81 of the Service. */
const HTTP2_PORT = 7070
export const PROXY = 'outrigger-proxy'

/** The application's files. */
const APP = Object.fromEntries(
  ['app.ts', 'load.ts'].map((name) => [name, readFileSync(join(import.meta.dirname, name), 'utf8')]),
)
const FOLDER = '/app'
const POLICY = 'outrigger-policy'

// biome-ignore lint/suspicious/noExplicitAny: objects of the API
type Json = any

/** `name: {namespace: …}` and the application in a ConfigMap of each namespace. */
export async function namespaces(cluster: Cluster): Promise<void> {
  await cluster.namespace(SHOP, { 'outrigger.dev/inject': 'enabled' })
  await cluster.namespace(OUTSIDE)
  for (const namespace of [SHOP, OUTSIDE]) {
    await cluster.made({ ...meta('v1', 'ConfigMap', namespace, 'app'), data: APP })
  }
}

function meta(apiVersion: string, kind: string, namespace: string, name: string, labels: object = {}): Json {
  return { apiVersion, kind, metadata: { namespace, name, labels } }
}

function program(name: string, ...more: readonly string[]): Json {
  return {
    name,
    image: NODE_IMAGE,
    imagePullPolicy: 'Never',
    command: ['node', `${FOLDER}/app.ts`, ...more],
    volumeMounts: [{ name: 'app', mountPath: FOLDER }],
  }
}

const VOLUMES = [{ name: 'app', configMap: { name: 'app' } }]

/** A Deployment of the application, and a Service of both families that leads port 80 to it. `first` is an address its init container asks. */
export function application(namespace: string, name: string, replicas: number, first?: string): Json[] {
  const app = {
    ...program('app'),
    ports: [
      { name: 'http', containerPort: APP_PORT },
      { name: 'http2', containerPort: HTTP2_PORT },
    ],
    readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 1 },
  }
  const own = first === undefined ? {} : { initContainers: [program('own', first)] }
  return [
    {
      ...meta('apps/v1', 'Deployment', namespace, name),
      spec: {
        replicas,
        selector: { matchLabels: { app: name } },
        strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        template: { metadata: { labels: { app: name } }, spec: { volumes: VOLUMES, ...own, containers: [app] } },
      },
    },
    {
      ...meta('v1', 'Service', namespace, name),
      spec: {
        ipFamilyPolicy: 'PreferDualStack',
        selector: { app: name },
        ports: [
          { name: 'http', port: 80, targetPort: 'http' },
          { name: 'http2', port: 81, targetPort: 'http2' },
        ],
      },
    },
  ]
}

export function job(namespace: string, name: string, url: string): Json {
  const spec = { restartPolicy: 'Never', volumes: VOLUMES, containers: [program('app', url)] }
  return { ...meta('batch/v1', 'Job', namespace, name), spec: { backoffLimit: 0, template: { spec } } }
}

/** The policies of the namespace's sidecars; labelled, so that the injector reads them when they are written. */
export function policies(namespace: string, text: string): Json {
  const labels = { 'outrigger.dev/policy': 'true' }
  return { ...meta('v1', 'ConfigMap', namespace, POLICY, labels), data: { 'policies.yaml': text } }
}

/** Where `policies` lie. */
export const policiesPath = (cluster: Cluster, namespace: string): string =>
  `${cluster.path('ConfigMap', namespace)}/${POLICY}`
