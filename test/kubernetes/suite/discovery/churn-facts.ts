/** Pods come, become ready, end and go while requests run. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Report } from '../report.ts'
import { ENDING, NOT_YET, READY } from './slices.ts'
import { PORT, type World } from './world.ts'

const ROUNDS = 40

export async function churnFacts(report: Report, world: World): Promise<void> {
  const { slice, load } = world
  load.told()
  const began = performance.now()
  for (let round = 0; round < ROUNDS; round++) {
    const pod = await world.newPod()
    await slice.set(pod.address, NOT_YET)
    await slice.set(pod.address, READY)
    await world.knows(pod.address)
    await pause(100)
    const [oldest = ''] = slice.endpoints.keys()
    await slice.set(oldest, ENDING)
    await world.forgot(oldest)
    await slice.set(oldest, undefined)
    await world.podIsGone(oldest)
  }
  const { requests, by, errors } = load.told()
  const perSecond = Math.round((requests * 1000) / (performance.now() - began))
  report.note(`${requests} requests, ${perSecond} a second; ${by.size} pods answered`)
  report.same(`${ROUNDS} pods came and ${ROUNDS} went under load: no client error`, errors, {})
  report.same('every pod that came was asked', by.size, ROUNDS + 3)

  const pods = [...slice.endpoints.keys()]
  for (const address of pods) slice.endpoints.set(address, ENDING)
  await slice.store()
  await pause(500)
  load.told()
  await pause(500)
  report.same('all end and still serve: all are known', await world.known(), inOrder(pods))
  const all = load.told()
  report.same('all end and still serve: they go on answering', [all.by.size, all.errors], [pods.length, {}])
  for (const address of pods) slice.endpoints.set(address, READY)
  await slice.store()
}

function inOrder(addresses: readonly string[]): string[] {
  return addresses.map((address) => `${address}:${PORT}`).sort()
}
