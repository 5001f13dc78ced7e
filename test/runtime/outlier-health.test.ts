/** Outlier beside active health checks, through the public door. */
import http from 'node:http'
import t, { type Test } from 'tap'
import { ask, eventually, get, post, state } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { startProxy } from '../support/proxy.ts'
import { fixedRandom } from '../support/stubs.ts'
import { listening } from '../support/tls.ts'

/** An endpoint that says of itself what it is told to, and does its work as well as it is told to. */
async function origin(t: Test) {
  const it = { port: 0, healthy: true, working: true, posts: 0 }
  const server = http.createServer((request, response) => {
    if (request.url === '/healthz') response.writeHead(it.healthy ? 200 : 503).end()
    else {
      if (request.method === 'POST') it.posts++
      response.writeHead(it.working ? 200 : 500).end()
    }
    request.resume()
  })
  it.port = await listening(t, server)
  return it
}

async function farm(t: Test) {
  const origins = [await origin(t), await origin(t), await origin(t)] as const
  const clock = new FakeClock()
  clock.advance(1)
  const text = [
    'kind: Sidecar\nname: test\naccessLog: {format: none}\n',
    `kind: Service\nname: farm\nloadBalancing: {algorithm: roundRobin}\nhealthCheck: {path: /healthz, interval: 5s, timeout: 1s, healthy: 1, unhealthy: 1}\nendpoints: [${origins.map(({ port }) => `"127.0.0.1:${port}"`).join(', ')}]\n`,
    'kind: Policy\nname: p\nmatch: {direction: outbound, service: farm}\noutlier: {jitter: 0%}\n',
  ].join('---\n')
  const proxy = await startProxy(text, { clock, random: fixedRandom() })
  t.teardown(() => proxy.stop())
  const send = async (text: string) => (await ask(proxy.outbound, text)).status
  const read = () => send(get('/', 'Host: farm'))
  const write = () => send(post('/', 'pay', 'Host: farm'))
  const shown = async () => (await state(proxy)).endpoints.map((endpoint) => endpoint.state).join()
  /** Moves the clock, for checks need their time on the wire in between, and writes each time. */
  const until = (states: string) =>
    eventually(
      states,
      async () => {
        clock.advance(250)
        if ((await write()) !== 200) throw new Error('a write failed')
        return (await shown()) === states
      },
      20_000,
    )
  return { origins, proxy, clock, read, write, shown, until }
}

t.test('Where only writes come, a health check brings the endpoint back', async (t) => {
  const { origins, proxy, read, shown, until, clock } = await farm(t)
  origins[0].working = false
  for (let i = 0; i < 15; i++) await read()
  t.equal(await shown(), 'ejected,ready,ready')
  origins[0].working = true
  const start = clock.now()
  await until('ready,ready,ready')
  t.ok(clock.now() - start >= 30_000, 'not before its time is over')
  t.ok(proxy.log.some((line) => /endpoint returned.*"reason":"health_check"/.test(line)))
  t.ok(origins[0].posts <= 1, 'no write asked')
})

t.test('When health checks take the others away, who is ejected comes back: the last one always stays', async (t) => {
  const { origins, proxy, read, until } = await farm(t)
  origins[0].working = false
  for (let i = 0; i < 15; i++) await read()
  origins[0].working = true
  origins[1].healthy = false
  origins[2].healthy = false
  await until('ready,unhealthy,unhealthy')
  t.ok(proxy.log.some((line) => /endpoint returned.*"reason":"too_few_left"/.test(line)))
})
