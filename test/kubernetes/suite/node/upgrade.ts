/** The sidecar alone restarted, under a pod that stays: by a new image, and by a crash. */
import type { Cluster } from '../cluster.ts'
import type { Report } from '../report.ts'
import { until } from '../until.ts'
import { Gap } from './gap.ts'
import { NEXT_IMAGE } from './images.ts'
import { APP_PORT, PROXY, SHOP } from './objects.ts'
import { addresses, appStatus, Driven, fetchOnce, isReady, proxyStatus, ready } from './pods.ts'

/** s */
const LONGEST_GAP = 3
const CLIENTS = 8
/** Until a restarted sidecar must be back, ms. */
const BACK = 60_000

// biome-ignore lint/suspicious/noExplicitAny: objects of the API
type Json = any

export async function upgradeFacts(report: Report, cluster: Cluster): Promise<void> {
  const [pod] = await ready(cluster, SHOP, 'one')
  const client = new Driven((await ready(cluster, SHOP, 'caller'))[0])
  await client.load('http://one.shop/', CLIENTS)
  const gap = new Gap(`http://${addresses(pod)[0]!.host}:${APP_PORT}/`)
  await gap.steady()
  const { restartCount } = proxyStatus(pod)
  const index = pod.spec.initContainers.findIndex(({ name }: Json) => name === PROXY)
  const patch = [{ op: 'replace', path: `/spec/initContainers/${index}/image`, value: NEXT_IMAGE }]
  const { message } = await cluster.ask('PATCH', place(cluster, pod), patch, 'application/json-patch+json')
  if (message !== '') throw new Error(message)
  const started = performance.now()
  const after = await restarted(cluster, pod, restartCount + 1)
  const took = ((performance.now() - started) / 1000).toFixed(1)
  await gap.steady()
  const seconds = await gap.end()
  const counts = await client.end()
  report.same('upgrade in place: the sidecar runs from the new image', proxyStatus(after).image, NEXT_IMAGE)
  stayed(report, 'upgrade in place', pod, after)
  report.note(
    `from the patch to a Ready pod: ${took} s; ${gap.asked - gap.answered} of ${gap.asked} connections failed`,
  )
  const fact = `upgrade in place: new connections failed for ${seconds.toFixed(2)} s, at most ${LONGEST_GAP}`
  report.holds(fact, seconds > 0 && seconds <= LONGEST_GAP)
  const { requests, slowest } = counts
  const lost = `upgrade in place: of ${requests} requests by meshed clients that retry connect failures none failed (slowest ${slowest} ms)`
  report.holds(lost, counts.failed === 0 && requests > 100, counts)
}

export async function killFacts(report: Report, cluster: Cluster): Promise<void> {
  const [pod] = await ready(cluster, SHOP, 'one')
  const { restartCount, containerID } = proxyStatus(pod)
  const url = `http://${addresses(pod)[0]!.host}:${APP_PORT}/`
  const gap = new Gap(url)
  await gap.steady()
  await cluster.kill(containerID)
  const after = await restarted(cluster, pod, restartCount + 1)
  await gap.steady()
  const seconds = await gap.end()
  const { exitCode } = proxyStatus(after).lastState.terminated
  report.same(`the sidecar, killed, comes back (connections failed for ${seconds.toFixed(2)} s)`, exitCode, 137)
  stayed(report, 'killed', pod, after)
  const { status, text } = await fetchOnce(url)
  const through = status === 200 && JSON.parse(text).via.includes('outrigger')
  report.holds('killed: the rules lead to the new one', through, text)
}

const place = (cluster: Cluster, pod: Json): string => `${cluster.path('Pod', SHOP)}/${pod.metadata.name}`

function restarted(cluster: Cluster, pod: Json, count: number): Promise<Json> {
  const ask = async (): Promise<Json> => {
    const now = (await cluster.ask('GET', place(cluster, pod))).object
    const { restartCount, ready } = proxyStatus(now)
    return restartCount === count && ready && isReady(now) && now
  }
  return until(`start ${count + 1} of the sidecar`, ask, BACK)
}

function stayed(report: Report, what: string, before: Json, after: Json): void {
  const states = [before, after].map((pod) => [pod.metadata.uid, appStatus(pod).containerID, pod.status.podIPs])
  report.same(`${what}: pod, application and addresses are the same`, states[1], states[0])
}
