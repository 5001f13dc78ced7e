/** A Service whose endpoints need several slices, and one of two families. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Report } from '../report.ts'
import { until } from '../until.ts'
import { Load } from './load.ts'
import { Pod } from './pod.ts'
import { NOT_YET, READY, Slice } from './slices.ts'
import { PORT, SHOP, type World } from './world.ts'

/** One server is every pod of the big Service. */
const BIG_PORT = 9090

export async function sliceFacts(report: Report, world: World): Promise<void> {
  await big(report, world)
  await dual(report, world)
}

async function big(report: Report, world: World): Promise<void> {
  const server = await Pod.start('0.0.0.0', BIG_PORT)
  const slices = [1, 2, 3].map((n) => new Slice(world.cluster, SHOP, 'big', `big-${n}`, BIG_PORT))
  const [first, second, third] = slices as [Slice, Slice, Slice]
  for (let n = 0; n < 250; n++) slices[Math.floor(n / 100)]?.endpoints.set(`10.77.${n < 125 ? 1 : 2}.${n}`, READY)
  for (const slice of slices) await slice.store()
  const count = (wanted: number): Promise<unknown> =>
    until(`${wanted} endpoints`, async () => (await world.known('big')).length === wanted)
  await count(250)
  report.holds('250 endpoints in three slices are known', true)
  const load = new Load(world.outbound, 'big')
  await pause(1000)
  const moved = [...first.endpoints.keys()].slice(0, 50)
  for (const address of moved) third.endpoints.set(address, READY)
  await third.store()
  for (const address of moved) first.endpoints.delete(address)
  await first.store()
  await second.remove()
  await count(150)
  report.holds('50 moved from slice to slice and a slice of 100 removed: 150 are left', true)
  await pause(1000)
  await load.end()
  const { errors, requests } = load.told()
  report.same(`of ${requests} requests meanwhile none failed`, errors, {})
  await first.remove()
  await third.remove()
  await count(0)
  report.holds('all slices removed: none is left', true)
  await server.stop()
}

async function dual(report: Report, world: World): Promise<void> {
  const four = new Slice(world.cluster, SHOP, 'dual', 'dual-4', PORT)
  const six = new Slice(world.cluster, SHOP, 'dual', 'dual-6', PORT, 'IPv6')
  const pods = await Promise.all(['fd77::1', 'fd77::2'].map((address) => Pod.start(address, PORT)))
  for (const { address } of pods) six.endpoints.set(address, READY)
  for (const address of [...world.slice.endpoints.keys()].slice(0, 2)) four.endpoints.set(address, READY)
  await six.store()
  const are = (wanted: readonly string[]): Promise<unknown> =>
    until(wanted.join(), async () => (await world.known('dual')).join() === wanted.join())
  await are(pods.map(({ address }) => `[${address}]:${PORT}`))
  const load = new Load(world.outbound, 'dual')
  await pause(500)
  await four.store()
  await are([...four.endpoints.keys()].map((address) => `${address}:${PORT}`).sort())
  report.holds('two families: IPv4 is taken where there is one', true)
  for (const address of four.endpoints.keys()) four.endpoints.set(address, NOT_YET)
  await four.store()
  await are(pods.map(({ address }) => `[${address}]:${PORT}`))
  report.holds('two families: IPv6 while no pod is ready over IPv4', true)
  await pause(500)
  await load.end()
  const { errors, requests } = load.told()
  report.same(`two families: ${requests} requests, no client error at either change`, errors, {})
  for (const pod of pods) await pod.stop()
}
