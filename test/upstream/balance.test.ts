import t from 'tap'
import { ask, eventually, field, get, state } from '../support/ask.ts'
import { startProxy } from '../support/proxy.ts'
import { FakeClock } from '../support/fake-clock.ts'
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
async function farm(
  t: Test,
  scripts: readonly Script[],
  algorithm: string,
  weights: readonly number[],
  more = '',
  clock?: FakeClock,
) {
  const origins = await Promise.all(scripts.map((script) => startRawOrigin(script)))
  for (const origin of origins) t.teardown(() => origin.close())
  const endpoints = origins.map(({ port }, i) => `- {address: "127.0.0.1:${port}", weight: ${weights[i] ?? 1}}`)
  const proxy = await startProxy(
    `kind: Sidecar\nname: test\naccessLog: {format: none}\n---\nkind: Service\nname: farm\nloadBalancing: {algorithm: ${algorithm}${algorithm === 'hash' ? ', hashOn: "header:x-user"' : ''}}\nendpoints:\n${endpoints.join('\n')}\n${more}`,
    { random: new Seeded(7), ...(clock === undefined ? {} : { clock }) },
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
  for (const algorithm of ['ewma', 'roundRobin', 'leastRequest', 'random', 'hash']) {
    const { port, counts } = await farm(t, [failing, failing, HI], algorithm, [], retry)
    for (let i = 0; i < 5; i++) {
      t.equal((await ask(port, get('/', 'Host: farm', `X-User: u${i}`))).status, 200, algorithm)
    }
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

t.test(
  'ewma, which nobody has to ask for, spares an endpoint that is slow, and takes it again when it is not',
  async (t) => {
    const clock = new FakeClock()
    let slow = 400
    const taking = (ms: () => number): Script =>
      answering(() => {
        clock.advance(ms())
        return OK
      })
    const { port, counts } = await farm(
      t,
      [taking(() => slow), taking(() => 10), taking(() => 10)],
      'ewma',
      [],
      '',
      clock,
    )
    await send(port, 300)
    const [first] = counts() as [number]
    t.ok(first >= 1 && first <= 6, `${counts()}`)
    slow = 10
    // What it was fades while it is not asked.
    clock.advance(60_000)
    await send(port, 300)
    const after = counts()[0]! - first
    t.ok(after > 40 && after < 180, `${counts()}`)
  },
)

t.test('ewma does not take a fast failure for a fast answer', async (t) => {
  const clock = new FakeClock()
  const failing = answering(() => 'HTTP/1.1 500 No\r\nContent-Length: 3\r\n\r\nhi!')
  const well = answering(() => {
    clock.advance(20)
    return OK
  })
  const { port, counts } = await farm(t, [failing, well, well], 'ewma', [], '', clock)
  await send(port, 300)
  t.ok(counts()[0]! <= 4, `${counts()}`)
})

t.test('hash sends a user to one endpoint, also on other connections and beside others', async (t) => {
  const { port, origins } = await farm(t, [HI, HI, HI, HI], 'hash', [])
  const users = Array.from({ length: 24 }, (_, i) => `u${i}`)
  for (let round = 0; round < 3; round++) {
    for (const user of users) t.equal((await ask(port, get(`/${user}`, 'Host: farm', `x-USER: ${user}`))).status, 200)
  }
  const homes = users.map((user) =>
    origins.filter(({ requests }) => requests.some(({ start }) => start.includes(`/${user} `))),
  )
  t.ok(homes.every(({ length }) => length === 1))
  t.ok(new Set(homes.flat()).size >= 3, 'not all of them at one')
})
