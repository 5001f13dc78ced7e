/** Another webhook, as other meshes and agents bring them: it puts a container and an init container into every pod. */
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Authority } from '../../../support/certificates.ts'
import type { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import { until } from '../until.ts'
import type { Pod } from './looks.ts'
import { everyContainer, shape } from './looks.ts'
import { dry, podNamed } from './optin.ts'

const CONTAINER = {
  name: 'agent',
  image: 'agent:v1',
  ports: [{ name: 'agent', containerPort: 8126 }],
  readinessProbe: { httpGet: { path: '/ready', port: 'agent' } },
}
const INIT = { name: 'agent-init', image: 'agent:v1' }

/** Configurations are asked in the order of their names: before ours, and after. */
const ORDERS = [
  ['before', 'aaa-agent'],
  ['after', 'zzz-agent'],
] as const

export interface Expected {
  readonly mode: string
  readonly namespace: string
  /** Whether the sidecar is told of a container that joins later. */
  readonly told: boolean
}

export async function secondMutatorFacts(report: Report, cluster: Cluster, expected: Expected): Promise<void> {
  const { mode, namespace, told } = expected
  for (const [order, name] of ORDERS) {
    const stop = await start(cluster, name, namespace)
    try {
      await until('the second mutator', async () => (await dry(cluster, podNamed(namespace))).includes('agent'))
      const { object: pod } = await cluster.create(podNamed(namespace), { dryRun: true })
      const what = `${mode}, a second mutator ${order} ours`
      report.same(
        `${what}: nothing is there twice: ${shape(pod)}`,
        everyContainer(pod)
          .map(({ name }) => name)
          .sort(),
        ['agent', 'agent-init', 'app', 'outrigger-init', 'outrigger-proxy'],
      )
      const volumes = pod.spec.volumes.filter(({ name }: Pod) => name === 'outrigger-policy')
      report.same(`${what}: one volume`, volumes.length, 1)
      report.same(`${what}: the sidecar is ${told ? '' : 'not '}told of its port`, knows(pod), told)
    } finally {
      await stop()
    }
  }
  const gone = async (): Promise<boolean> => !(await dry(cluster, podNamed(namespace))).includes('agent')
  await until('the end of the second mutator', gone)
}

function knows(pod: Pod): boolean {
  const proxy = pod.spec.initContainers.find(({ name }: Pod) => name === 'outrigger-proxy')
  const ports = proxy.env.find(({ name }: Pod) => name === 'APP_PORTS').value
  return JSON.parse(ports).some(({ port }: Pod) => port === 8126)
}

async function start(cluster: Cluster, name: string, namespace: string): Promise<() => Promise<void>> {
  const authority = new Authority('second mutator')
  const server = createServer(authority.issue({ names: ['127.0.0.1'] }), async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const review = JSON.parse(text)
    const { uid, object } = review.request
    const patch = Buffer.from(JSON.stringify(additions(object))).toString('base64')
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ ...review, response: { uid, allowed: true, patchType: 'JSONPatch', patch } }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await cluster.made({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name },
    webhooks: [
      {
        name: 'agent.example.test',
        clientConfig: {
          url: `https://127.0.0.1:${port}/`,
          caBundle: Buffer.from(authority.cert).toString('base64'),
        },
        rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        reinvocationPolicy: 'IfNeeded',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  })
  return async () => {
    await cluster.delete('MutatingWebhookConfiguration', undefined, name)
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
}

function additions({ spec }: Pod): object[] {
  const has = (name: string): boolean => everyContainer({ spec }).some((container) => container.name === name)
  const inits = spec.initContainers === undefined ? [{ op: 'add', path: '/spec/initContainers', value: [] }] : []
  return [
    ...(has('agent') ? [] : [{ op: 'add', path: '/spec/containers/-', value: CONTAINER }]),
    ...(has('agent-init') ? [] : [...inits, { op: 'add', path: '/spec/initContainers/0', value: INIT }]),
  ]
}
