import { join } from 'node:path'
import t, { type Test } from 'tap'
import { SystemClock, type Timed, type Timer } from '../../../src/core/clock.ts'
import { KubernetesApi } from '../../../src/kubernetes/api/client.ts'
import { openConnection } from '../../../src/kubernetes/api/connection.ts'
import type { KubernetesObject } from '../../../src/kubernetes/api/object.ts'
import { watch } from '../../../src/kubernetes/api/watch.ts'
import { eventually } from '../../support/ask.ts'
import { FakeApi } from '../../support/fake-api.ts'

const SLICES = '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices'
const RANDOM = { fraction: () => 0, word: () => 0 }

/** What a watcher was told, in order, to be waited for. */
class Told {
  readonly lines: string[] = []
  #wake: (() => void)[] = []

  onSync = (items: readonly KubernetesObject[]): void =>
    this.#say(`sync ${items.map(({ metadata }) => metadata.name).join(' ')}`)
  onChange = (type: string, { metadata }: KubernetesObject): void => this.#say(`${type} ${metadata.name}`)
  onError = (): void => this.#say('error')

  #say(line: string): void {
    this.lines.push(line)
    for (const wake of this.#wake.splice(0)) wake()
  }

  async until(count: number): Promise<string[]> {
    while (this.lines.length < count) await new Promise<void>((resolve) => this.#wake.push(resolve))
    return this.lines
  }
}

/** What is waited between tries passes at once. */
class Hurried extends SystemClock {
  /** What was to be waited, ms. */
  readonly delays: number[] = []
  /** What it shows; it stands still until a test moves it. */
  time = 0

  override now(): number {
    return this.time
  }

  override schedule(delay: number, target: Timed) {
    this.delays.push(delay)
    return this.#real.schedule(1, target)
  }

  override cancel(timer: Timer | undefined): void {
    this.#real.cancel(timer)
  }

  readonly #real = new SystemClock()
}

async function scene(t: Test) {
  const folder = t.testdir({ token: 'x' })
  const server = new FakeApi()
  const clock = new Hurried()
  const api = new KubernetesApi(
    openConnection({ url: await server.listen(), tokenFile: join(folder, 'token') }, {}, clock),
  )
  const told = new Told()
  const stop = new AbortController()
  server.put(`${SLICES}/a`, { metadata: { name: 'a' } })
  const ended = watch(api, SLICES, told, {
    clock,
    random: RANDOM,
    signal: stop.signal,
    query: { labelSelector: 'x=y' },
  })
  t.teardown(async () => {
    stop.abort()
    await ended
    await api.close()
    await server.close()
  })
  await server.when(`GET ${SLICES}?labelSelector=x%3Dy&watch=true`)
  const standing = (times: number) =>
    eventually(`watch ${times}`, () => {
      const begun = server.asked.filter((one) => one.includes('watch=true')).length
      return begun === times && server.watches === 1
    })
  return { server, told, stop, ended, clock, standing }
}

t.test('watch() lists, then tells every change', async (t) => {
  const { server, told, stop, ended } = await scene(t)
  server.put(`${SLICES}/b`, { metadata: { name: 'b' } })
  server.put(`${SLICES}/b`, { metadata: { name: 'b' } })
  server.remove(`${SLICES}/a`)
  t.same(await told.until(4), ['sync a', 'ADDED b', 'MODIFIED b', 'DELETED a'])
  t.match(server.asked[1], 'allowWatchBookmarks=true&resourceVersion=101')
  stop.abort()
  await ended
})

t.test('watch() goes on from the last bookmark when the connection is cut, without a new list', async (t) => {
  const { server, told } = await scene(t)
  server.put(`${SLICES}/b`, { metadata: { name: 'b' } })
  server.bookmark()
  server.put('/elsewhere/c', { metadata: { name: 'c' } })
  await told.until(2)
  server.endWatches(true)
  await server.when(`GET ${SLICES}`, 3)
  t.match(server.asked.at(-1), 'resourceVersion=103', 'the bookmark')
  server.put(`${SLICES}/d`, { metadata: { name: 'd' } })
  t.same(
    (await told.until(4)).filter((line) => line !== 'error'),
    ['sync a', 'ADDED b', 'ADDED d'],
  )
})

t.test('watch() lists anew where its place was forgotten (410)', async (t) => {
  const { server, told } = await scene(t)
  server.remove(`${SLICES}/a`)
  server.put(`${SLICES}/z`, { metadata: { name: 'z' } })
  await told.until(3)
  server.forgotten = 1000
  server.version = 2000
  server.endWatches()
  await server.when(`GET ${SLICES}?labelSelector=x%3Dy&limit`, 2)
  t.same(await told.until(4), ['sync a', 'DELETED a', 'ADDED z', 'sync z'])
})

t.test('watch() keeps quiet about what it holds while the API is away, and waits longer and longer', async (t) => {
  const { server, told } = await scene(t)
  server.refuses.set(SLICES, 503)
  server.endWatches(true)
  t.same(await told.until(4), ['sync a', 'error', 'error', 'error'])
  server.refuses.clear()
  await server.when(`GET ${SLICES}?labelSelector=x%3Dy&watch=true`, 4)
  server.put(`${SLICES}/b`, { metadata: { name: 'b' } })
  t.equal((await told.until(5)).at(-1), 'ADDED b')
})

t.test('watch() asks more and more seldom where every watch ends at once, though in good order', async (t) => {
  const { server, told, clock, standing } = await scene(t)
  for (let times = 1; times <= 4; times++) {
    await standing(times)
    server.endWatches()
  }
  await standing(5)
  t.same(clock.delays, [250, 500, 1000, 2000])
  t.same(told.lines, ['sync a'], 'no error: nothing was refused')
})

t.test('watch() begins anew at once when the time of a watch is over, and forgets failures', async (t) => {
  const { server, clock, standing } = await scene(t)
  await standing(1)
  server.endWatches()
  await standing(2)
  clock.time = 240_000
  server.endWatches()
  await standing(3)
  t.same(clock.delays, [250])
  server.endWatches(true)
  await standing(4)
  t.same(clock.delays, [250, 250])
})

t.test('watch() lists anew where its place is refused again and again, with whatever status', async (t) => {
  const { server, told, standing } = await scene(t)
  await standing(1)
  server.refusesWatches = 504
  server.endWatches(true)
  server.put(`${SLICES}/b`, { metadata: { name: 'b' } })
  t.same((await told.until(5)).slice(0, 5), ['sync a', 'error', 'error', 'error', 'sync a b'])
})

t.test('watch() asks more and more seldom where each question waits long for its refusal', async (t) => {
  const { server, clock, standing } = await scene(t)
  await standing(1)
  server.refusesWatches = 429
  const watches = () => server.asked.filter((one) => one.includes('watch=true')).length
  let answer = () => {}
  const queued = () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    server.slow = promise
    answer = resolve
  }
  queued()
  server.endWatches(true)
  for (let times = 2; times <= 5; times++) {
    await eventually(`watch ${times}`, () => watches() === times)
    clock.time += 15_000
    const now = answer
    queued()
    now()
  }
  await eventually('the next', () => watches() === 6)
  answer()
  t.same(clock.delays.slice(0, 5), [250, 500, 1000, 2000, 4000])
})
