import type { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import type { Counts } from './load.ts'
import { OUTSIDE, SHOP } from './objects.ts'
import { Driven, ready } from './pods.ts'

const REPLICAS = 2
const CLIENTS = 8

/** A Deployment made anew pod by pod while it is asked, by clients with a sidecar and by others without: nobody retries. */
export async function rollingFacts(report: Report, cluster: Cluster): Promise<void> {
  const before = await ready(cluster, SHOP, 'web', REPLICAS)
  const [meshed] = await ready(cluster, SHOP, 'caller')
  const [stranger] = await ready(cluster, OUTSIDE, 'stranger')
  const clients = [meshed, stranger].map((pod) => new Driven(pod))
  for (const client of clients) {
    await client.load('http://web.shop/', CLIENTS)
    await client.load('http://web.shop:81/', CLIENTS, 'http2')
  }
  const started = performance.now()
  await restart(cluster, 'web')
  const after = await replaced(cluster, 'web', before)
  const took = ((performance.now() - started) / 1000).toFixed(1)
  report.note(`rolling restart of ${after.length} pods: ${took} s`)
  for (const [protocol, name] of [
    ['http1', 'HTTP/1.1'],
    ['http2', 'HTTP/2'],
  ] as const) {
    const [inside, outside] = await Promise.all(clients.map((client) => client.end(protocol)))
    told(report, `${name} requests by clients with a sidecar`, inside!)
    told(report, `${name} requests by clients without one`, outside!)
  }
}

function told(report: Report, what: string, counts: Counts): void {
  const { requests, failed, refused, slowest } = counts
  const again = refused === 0 ? '' : `, ${refused} asked again that nobody had worked on`
  const fact = `rolling restart: of ${requests} ${what} none was lost (slowest ${slowest} ms${again})`
  report.holds(fact, failed === 0 && requests > 300, counts)
}

/** As `kubectl rollout restart` does it. */
async function restart(cluster: Cluster, name: string): Promise<void> {
  const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() }
  const patch = { spec: { template: { metadata: { annotations } } } }
  const path = `${cluster.path('Deployment', SHOP)}/${name}`
  const { message } = await cluster.ask('PATCH', path, patch, 'application/strategic-merge-patch+json')
  if (message !== '') throw new Error(message)
}

/** Until none of `before` is there, and as many others are ready. */
async function replaced(cluster: Cluster, name: string, before: readonly object[]): Promise<object[]> {
  const old = new Set(before.map((pod) => uid(pod)))
  for (;;) {
    const pods = await ready(cluster, SHOP, name, before.length)
    if (pods.every((pod) => !old.has(uid(pod)))) return pods
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a pod of the API
const uid = (pod: any): string => pod.metadata.uid
