/** The API server is killed and comes back while endpoints stay; a token is renewed; rights are taken away. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Report } from '../report.ts'
import { until } from '../until.ts'
import { ApiProcess } from './api-process.ts'
import { statusFor } from './rights-facts.ts'
import { READY } from './slices.ts'
import { SHOP, type World } from './world.ts'

const AWAY = 'endpoints cannot be asked for, the last ones stay'
const AGAIN = 'endpoints are known again'
/** ms that the API server is away. */
const OUTAGE = 20_000

export async function apiServerFacts(report: Report, world: World): Promise<void> {
  const api = new ApiProcess(world.cluster)
  const before = world.token
  await world.renewToken()
  await world.cluster.delete('Secret', SHOP, 'first')
  const place = world.log.length
  const endpoints = await world.known()
  world.load.told()

  await api.stop()
  await pause(OUTAGE)
  report.same(`${OUTAGE / 1000} s without the API server: the endpoints stay`, await world.known(), endpoints)
  const away = world.load.told()
  report.same(`${OUTAGE / 1000} s without the API server: ${away.requests} requests, no client error`, away.errors, {})
  report.same('the log says it once a Service', spoken(world, place, AWAY), ['big', 'dual', 'inventory'])

  await api.start()
  const back = performance.now()
  const pod = await world.newPod()
  await world.slice.set(pod.address, READY)
  await world.knows(pod.address, 60_000)
  report.note(`learned ${((performance.now() - back) / 1000).toFixed(1)} s after the API server was ready again`)
  report.holds('a change made as soon as it is back is learned', true)
  await until('the word', async () => spoken(world, place, AGAIN).length === 3, 60_000)
  report.same('the log says that it is over, once a Service', spoken(world, place, AGAIN), ['big', 'dual', 'inventory'])
  const since = world.load.told()
  report.same(`back again: ${since.requests} requests, no client error`, since.errors, {})
  report.holds(
    'the API server that came back knew no place from before (410): lists were made anew',
    (await lists(world)) >= 3,
  )
  report.same('the token from before is refused, the renewed one is in use', await statusFor(world, before), 401)
  await withoutRights(report, world, api)
}

/** RBAC is asked when a watch begins, so the API server has to end those that run. */
async function withoutRights(report: Report, world: World, api: ApiProcess): Promise<void> {
  const { cluster } = world
  const binding = world.rights.find(({ kind }) => kind === 'RoleBinding')
  const place = world.log.length
  const endpoints = await world.known()
  await cluster.delete('RoleBinding', SHOP, binding.metadata.name)
  // A watch that has lasted is one whose end is followed by a try at once.
  await pause(6000)
  await api.restart()
  const pod = await world.newPod()
  await world.slice.set(pod.address, READY)
  const refused = (): boolean =>
    world.logFrom(place).some((line) => line.includes('"inventory"') && line.includes('is forbidden'))
  await until('the refusal in the log', async () => refused(), 60_000).catch(() => undefined)
  report.note(world.logFrom(place).find((line) => line.includes('is forbidden')) ?? 'no word')
  report.holds('rights taken away: the log says what is forbidden', refused(), world.logFrom(place))
  report.same('rights taken away: the endpoints stay', await world.known(), endpoints)
  await cluster.made(binding)
  await world.knows(pod.address, 60_000)
  report.holds('rights given back: what changed meanwhile is learned', true)
  const { requests, errors } = world.load.told()
  report.same(`rights away and back: ${requests} requests, no client error`, errors, {})
}

/** The Services about which the log said so, in order. */
function spoken(world: World, place: number, what: string): string[] {
  return world
    .logFrom(place)
    .filter((line) => line.includes(what))
    .map((line) => JSON.parse(line).service as string)
    .sort()
}

/** How many lists of one namespace's slices the API server has answered since its start. */
async function lists({ cluster }: World): Promise<number> {
  const { object } = await cluster.ask('GET', 'metrics')
  let sum = 0
  for (const line of String(object).split('\n')) {
    if (!line.startsWith('apiserver_request_total{')) continue
    if (!/code="200"/.test(line) || !/resource="endpointslices"/.test(line)) continue
    if (/verb="LIST"/.test(line) && /scope="namespace"/.test(line)) sum += Number(line.slice(line.lastIndexOf(' ') + 1))
  }
  return sum
}
