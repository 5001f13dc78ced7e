import t from 'tap'
import { ask, eventually, field, get, state } from '../support/ask.ts'
import { startProxy } from '../support/proxy.ts'
import { connect } from '../support/raw.ts'
import { answering, type RawOrigin, type Script, startRawOrigin } from '../support/raw-origin.ts'
import { HI, OK } from '../support/scene.ts'
import { Seeded } from '../support/seeded.ts'

type Test = { teardown(fn: () => unknown): unknown }

interface Farm {
  readonly port: number
  readonly origins: readonly RawOrigin[]
  counts(): number[]
  proxy: Awaited<ReturnType<typeof startProxy>>
}

/** A Service over several origins, each with its weight. */
async function farm(t: Test, scripts: readonly Script[], algorithm: string, weights: readonly number[], more = '') {
  const origins = await Promise.all(scripts.map((script) => startRawOrigin(script)))
  for (const origin of origins) t.teardown(() => origin.close())
  const endpoints = origins.map(({ port }, i) => `- {address: "127.0.0.1:${port}", weight: ${weights[i] ?? 1}}`)
  const proxy = await startProxy(
    `kind: Sidecar\nname: test\naccessLog: {format: none}\n---\nkind: Service\nname: farm\nloadBalancing: {algorithm: ${algorithm}}\nendpoints:\n${endpoints.join('\n')}\n${more}`,
    { random: new Seeded(7) },
  )
  t.teardown(() => proxy.stop())
  const counts = (): number[] => origins.map(({ requests }) => requests.length)
  return { port: proxy.outbound, origins, counts, proxy } satisfies Farm
}

const GET = get('/', 'Host: farm')

async function send(port: number, count: number): Promise<void> {
  const client = await connect(port)
  client.send(GET.repeat(count))
  await client.when('all', () => client.text.split('hi!').length > count, 8000)
  client.destroy()
}

t.test('Round robin goes in turn', async (t) => {
  const { port, counts } = await farm(t, [HI, HI, HI], 'roundRobin', [])
  for (let i = 1; i <= 3; i++) {
    await send(port, 3)
    t.strictSame(counts(), [i, i, i])
  }
})

t.test('Round robin gives each endpoint its weight, evenly spread', async (t) => {
  const { port, counts } = await farm(t, [HI, HI, HI], 'roundRobin', [5, 3, 2])
  await send(port, 10)
  t.strictSame(counts(), [5, 3, 2])
  await send(port, 90)
  t.strictSame(counts(), [50, 30, 20])
})

t.test('Chance gives each endpoint its weight, nearly', async (t) => {
  const { port, counts } = await farm(t, [HI, HI], 'random', [3, 1])
  await send(port, 400)
  const [first, second] = counts() as [number, number]
  t.equal(first + second, 400)
  t.ok(first > 270 && first < 330, `${first} of 400`)
})

t.test('Least request spares an endpoint that is slow', async (t) => {
  const silent: Script = async (peer) => void (await peer.request())
  const { port, counts, proxy } = await farm(t, [silent, HI], 'leastRequest', [])
  const stuck = []
  while ((await state(proxy)).endpoints.every(({ inflight }) => inflight === 0)) {
    const client = await connect(port)
    stuck.push(client)
    t.teardown(() => client.destroy())
    client.send(GET)
    await client.when('an answer, or nothing', () => client.text.includes('hi!'), 100).catch(() => {})
  }
  const before = counts()[1] as number
  await send(port, 100)
  t.strictSame(counts(), [1, before + 100])
})

t.test('Least request weighs what is in flight by weight', async (t) => {
  const silent: Script = async (peer) => void (await peer.request().then(() => peer.request()))
  const { port, proxy } = await farm(t, [silent, silent], 'leastRequest', [3, 1])
  for (let i = 1; i <= 12; i++) {
    const client = await connect(port)
    t.teardown(() => client.destroy())
    client.send(GET)
    await eventually('it', async () => {
      return (await state(proxy)).endpoints.reduce((sum, { inflight }) => sum + inflight, 0) === i
    })
  }
  const [heavy, light] = (await state(proxy)).endpoints.map(({ inflight }) => inflight) as [number, number]
  t.ok(heavy >= 7 && light >= 1, `${heavy} and ${light}`)
})

t.test('A retry goes to another endpoint first', async (t) => {
  const failing = answering(() => 'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n')
  const retry =
    '---\nkind: Policy\nname: p\nmatch: {direction: outbound, service: farm}\nretry: {max: 2, backoff: {base: 1ms, max: 1ms}, budget: {percent: 100%, minPerSecond: 100}}\n'
  for (const algorithm of ['roundRobin', 'leastRequest', 'random']) {
    const { port, counts } = await farm(t, [failing, failing, HI], algorithm, [], retry)
    for (let i = 0; i < 5; i++) t.equal((await ask(port, GET)).status, 200, algorithm)
    t.equal(counts()[2], 5)
  }
})

t.test('When every endpoint was tried, they are tried again', async (t) => {
  const script: Script = async (peer) => {
    for (let i = 0; ; i++) {
      await peer.request()
      peer.send(i === 0 ? 'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n' : OK)
    }
  }
  const retry =
    '---\nkind: Policy\nname: p\nmatch: {direction: outbound, service: farm}\nretry: {max: 2, backoff: {base: 1ms, max: 1ms}, budget: {percent: 100%, minPerSecond: 100}}\n'
  const { port, counts } = await farm(t, [script, script], 'roundRobin', [], retry)
  const got = await ask(port, GET)
  t.equal(got.status, 200)
  t.equal(field(got, 'x-outrigger-attempts'), '3')
  t.strictSame(counts().sort(), [1, 2])
})
