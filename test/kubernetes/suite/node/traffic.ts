/** A pod that runs, and where its connections go: in and out, IPv4 and IPv6, by address, by Service and by name. */
import type { Cluster } from '../cluster.ts'
import { shape } from '../api-server/looks.ts'
import type { Report } from '../report.ts'
import { until } from '../until.ts'
import { APP_PORT, OTHER_PORT, OUTSIDE, PROXY, SHOP } from './objects.ts'
import { addresses, appStatus, Driven, fetchOnce, proxyStatus, ready, seenBy } from './pods.ts'

const ADMIN_PORT = 19_002

// biome-ignore lint/suspicious/noExplicitAny: objects of the API
type Json = any

interface Logged {
  readonly direction: string
  readonly path: string
  readonly upstream: string
}

export async function trafficFacts(report: Report, cluster: Cluster): Promise<void> {
  const [pod] = await ready(cluster, SHOP, 'caller')
  const [outside] = await ready(cluster, OUTSIDE, 'echo')
  report.same('the pod has its sidecar', shape(pod), 'outrigger-init outrigger-proxy* own app')
  const states = [proxyStatus(pod), appStatus(pod)].map(({ ready, restartCount }) => [ready, restartCount])
  const both = [true, 0]
  report.same('it is Ready: sidecar and application, neither of them started twice', states, [both, both])
  const init = await log(cluster, pod, 'own')
  report.same("the pod's own init container reaches a Service by its name", JSON.parse(init).status, 200)
  const first = await logged(cluster, pod, 'outbound', '/from-init')
  report.holds('and does so through the sidecar, which runs before it', first !== undefined, first)
  for (const { family, host } of addresses(pod)) await inbound(report, cluster, pod, family, host)
  for (const { family, host } of addresses(outside)) await outbound(report, cluster, pod, family, host)
  await services(report, cluster, pod, outside)
}

async function inbound(report: Report, cluster: Cluster, pod: Json, family: string, host: string): Promise<void> {
  for (const port of [APP_PORT, OTHER_PORT]) {
    const path = `/in-${family}-${port}`
    const seen = seenBy(await fetchOnce(`http://${host}:${port}${path}`))
    const { upstream } = await logged(cluster, pod, 'inbound', path)
    report.same(
      `${family} in: the sidecar read ${port} of the pod as where the connection was going`,
      upstream,
      `${host}:${port}`,
    )
    const found = [seen.port, seen.via.includes('outrigger'), seen.client !== '', bare(seen.peer)]
    report.same(`${family} in: there the application got it, from the sidecar`, found, [port, true, true, bare(host)])
  }
  const { status } = await fetchOnce(`http://${host}:${ADMIN_PORT}/readyz`)
  report.same(`${family} in: the admin port is left out`, status, 200)
}

async function outbound(report: Report, cluster: Cluster, pod: Json, family: string, host: string): Promise<void> {
  const path = `/out-${family}`
  const name = 'no-such-name.example'
  // A name that means nothing to anybody: the address alone can have led it there.
  const seen = seenBy(await new Driven(pod).ask(`http://${host}:${OTHER_PORT}${path}`, name))
  const { upstream } = await logged(cluster, pod, 'outbound', path)
  const fact = `${family} out: the sidecar read the address and port the application had asked for`
  report.same(fact, upstream, `${host}:${OTHER_PORT}`)
  report.same(`${family} out: and brought the request there`, [seen.port, seen.host], [OTHER_PORT, name])
}

async function services(report: Report, cluster: Cluster, pod: Json, outside: Json): Promise<void> {
  const { spec } = (await cluster.get('Service', OUTSIDE, 'echo')).object
  for (const ip of spec.clusterIPs) {
    const host = ip.includes(':') ? `[${ip}]` : ip
    const { pod: name } = seenBy(await new Driven(pod).ask(`http://${host}/`))
    report.same(
      `out: a Service by its address ${host.includes(':') ? 'of IPv6' : 'of IPv4'}`,
      name,
      outside.metadata.name,
    )
  }
  const back = seenBy(await fetchOnce(`http://${addresses(outside)[0]!.host}:${APP_PORT}/`))
  report.same('a pod that did not opt in has no sidecar', back.via, '')
}

function log(cluster: Cluster, pod: Json, container: string): Promise<string> {
  const path = `${cluster.path('Pod', pod.metadata.namespace)}/${pod.metadata.name}/log?container=${container}`
  return cluster.ask('GET', path).then(({ object }) => (typeof object === 'string' ? object : JSON.stringify(object)))
}

/** The line of the sidecar's access log about that path. */
function logged(cluster: Cluster, pod: Json, direction: string, path: string): Promise<Logged> {
  return until(`a line about ${path}`, async () => {
    const lines = (await log(cluster, pod, PROXY)).split('\n').filter((line) => line.startsWith('{'))
    const records: Logged[] = lines.map((line) => JSON.parse(line))
    return records.find((record) => record.direction === direction && record.path === path)
  })
}

/** An address as it is written alone: sockets of both families say `::ffff:10.0.0.1`. */
const bare = (host: string): string => host.replace(/^::ffff:/, '').replace(/^\[(.*)\]$/, '$1')
