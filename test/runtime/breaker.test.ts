import t from 'tap'
import { answer, ask, eventually, field, get, metric, postAdmin, state, told } from '../support/ask.ts'
import { HEADERS, REFUSED_STREAM } from '../../src/http2/frames.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { http2Client, http2RawOrigin, request, reset } from '../support/http2-raw.ts'
import { services, startProxy } from '../support/proxy.ts'
import { answering, startRawOrigin } from '../support/raw-origin.ts'
import { fixedRandom } from '../support/stubs.ts'
import { HI, OK, policy, scene } from '../support/scene.ts'

const BAD = 'HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n'

const BREAKER =
  'breaker: {scope: SCOPE, window: {type: count, size: 10, minimumCalls: 4}, failureRate: 50%, open: {base: 5s, max: 20s, jitter: 0%}, halfOpen: {probes: 2, maxWait: 10s}}'

function breaker(scope: string): string {
  return BREAKER.replace('SCOPE', scope)
}

/** An origin whose health the test decides. */
function patient() {
  const health = { sick: true }
  return { health, script: answering(() => (health.sick ? BAD : OK)) }
}

t.test('A breaker opens, refuses with Retry-After, probes, and closes again', async (t) => {
  const clock = new FakeClock()
  const { health, script } = patient()
  const { port, origin, proxy } = await scene(t, script, {
    clock,
    random: fixedRandom(),
    yaml: policy(breaker('service')),
  })
  for (let i = 0; i < 4; i++) t.equal((await ask(port, get('/'))).status, 500)
  t.match((await state(proxy)).breakers, [{ state: 'open', forced: 'auto' }])
  clock.advance(800)
  const refused = await ask(port, get('/'))
  t.equal(refused.status, 503)
  t.equal(field(refused, 'x-outrigger-reason'), 'circuit_open')
  t.equal(field(refused, 'retry-after'), '5')
  t.match(told(refused), { reason: 'circuit_open', service: 'origin', retryAfter: 4.2 })
  t.equal(origin.requests.length, 4)
  health.sick = false
  clock.advance(4300)
  t.equal((await ask(port, get('/'))).status, 200)
  t.match((await state(proxy)).breakers, [{ state: 'half_open' }])
  t.equal((await ask(port, get('/'))).status, 200)
  t.match((await state(proxy)).breakers, [{ state: 'closed', calls: 0 }])
  t.equal(await metric(proxy, 'outrigger_circuit_transitions_total', 'to="open"'), 1)
  t.equal(await metric(proxy, 'outrigger_circuit_state', 'state="closed"'), 1)
  t.ok(
    proxy.log.some((line) => /circuit|breaker/.test(line) && line.includes('origin')),
    'and the log says so',
  )
})

t.test('A probe that fails opens it for longer', async (t) => {
  const clock = new FakeClock()
  const { script } = patient()
  const { port, origin } = await scene(t, script, { clock, random: fixedRandom(), yaml: policy(breaker('service')) })
  for (let i = 0; i < 4; i++) await ask(port, get('/'))
  clock.advance(5100)
  t.equal((await ask(port, get('/'))).status, 500)
  t.equal(field(await ask(port, get('/')), 'x-outrigger-reason'), 'circuit_open', 'one of two is half')
  t.equal(origin.requests.length, 5)
  clock.advance(5100)
  t.equal(field(await ask(port, get('/')), 'x-outrigger-reason'), 'circuit_open')
  clock.advance(5000)
  t.equal((await ask(port, get('/'))).status, 500)
})

t.test('Half-open lets exactly so many through at once', async (t) => {
  const clock = new FakeClock()
  let answers = true
  const { port, origin, client } = await scene(
    t,
    async (peer) => {
      for (;;) {
        await peer.request()
        if (answers) peer.send(BAD)
      }
    },
    { clock, random: fixedRandom(), yaml: policy(breaker('service')) },
  )
  for (let i = 0; i < 4; i++) await ask(port, get('/'))
  clock.advance(5100)
  answers = false
  const probes = [await client(), await client()]
  for (const probe of probes) probe.send(get('/'))
  await eventually('two probes', () => origin.requests.length === 6)
  t.equal(field(await ask(port, get('/')), 'x-outrigger-reason'), 'circuit_open')
  probes[0]?.destroy()
  await eventually('a permit is back', async () => {
    const one = await client()
    one.send(get('/'))
    await eventually('something', () => origin.requests.length === 7 || one.text !== '')
    return origin.requests.length === 7
  })
})

t.test('The admin port forces a breaker open, closed, and lets go of it', async (t) => {
  const { port, origin, proxy } = await scene(t, HI, { yaml: policy(breaker('service')) })
  await ask(port, get('/'))
  const { id } = (await state(proxy)).breakers[0]!
  t.equal((await postAdmin(proxy, `/breakers/${id}`, '{"force":"open"}')).status, 200)
  const refused = await ask(port, get('/'))
  t.equal(field(refused, 'x-outrigger-reason'), 'circuit_open')
  t.match((await state(proxy)).breakers, [{ forced: 'open' }])
  await postAdmin(proxy, `/breakers/${id}`, '{"force":"auto"}')
  t.equal((await ask(port, get('/'))).status, 200)
  t.equal(origin.requests.length, 2)
})

t.test('Forced closed, it lets through whatever comes back', async (t) => {
  const { port, origin, proxy } = await scene(
    t,
    answering(() => BAD),
    { yaml: policy(breaker('service')) },
  )
  await ask(port, get('/'))
  await postAdmin(proxy, `/breakers/${(await state(proxy)).breakers[0]!.id}`, '{"force":"closed"}')
  for (let i = 0; i < 9; i++) t.equal((await ask(port, get('/'))).status, 500)
  t.equal(origin.requests.length, 10)
})

t.test('Scope route: one route open, the other goes on', async (t) => {
  const script = answering(({ target }) => (target.startsWith('/bad') ? BAD : OK))
  const routes = '{direction: outbound, service: origin, routes: [{path: "/bad/**"}, {path: "/good/**"}]}'
  const { port, proxy } = await scene(t, script, { yaml: policy(breaker('route'), routes) })
  for (let i = 0; i < 4; i++) await ask(port, get('/bad/1'))
  t.equal(field(await ask(port, get('/bad/2')), 'x-outrigger-reason'), 'circuit_open')
  t.equal((await ask(port, get('/good/1'))).status, 200)
  t.strictSame((await state(proxy)).breakers.map((one) => one.state).sort(), ['closed', 'open'])
})

t.test('Scope endpoint: the sick one is passed by, and when all are sick it is circuit_open', async (t) => {
  const sick = [true, false]
  const origins = await Promise.all(sick.map((_, i) => startRawOrigin(answering(() => (sick[i] ? BAD : OK)))))
  for (const origin of origins) t.teardown(() => origin.close())
  const endpoints = origins.map(({ port }) => `"127.0.0.1:${port}"`).join(', ')
  const proxy = await startProxy(
    `kind: Sidecar\nname: test\naccessLog: {format: none}\n---\nkind: Service\nname: origin\nloadBalancing: {algorithm: roundRobin}\nendpoints: [${endpoints}]\n---\n${policy(breaker('endpoint'))}`,
  )
  t.teardown(() => proxy.stop())
  const statuses: number[] = []
  for (let i = 0; i < 8; i++) statuses.push((await ask(proxy.outbound, get('/'))).status)
  t.strictSame(statuses, [500, 200, 500, 200, 500, 200, 500, 200])
  for (let i = 0; i < 6; i++) t.equal((await ask(proxy.outbound, get('/'))).status, 200)
  t.equal(origins[0]?.requests.length, 4)
  const found = (await state(proxy)).breakers
  t.strictSame(found.map((one) => one.state).sort(), ['closed', 'open'])
  sick[1] = true
  await eventually('it too', async () => (await ask(proxy.outbound, get('/'))).status === 503)
  t.equal(field(await ask(proxy.outbound, get('/')), 'x-outrigger-reason'), 'circuit_open')
})

t.test('A breaker that opens ends the retries', async (t) => {
  const { port, origin } = await scene(
    t,
    answering(() => BAD),
    {
      yaml: policy(
        `${breaker('service')}\nretry: {max: 10, when: ['5xx'], backoff: {base: 1ms, max: 1ms}, budget: {percent: 100%, minPerSecond: 100}}`,
      ),
    },
  )
  const got = await ask(port, get('/'))
  t.equal(origin.requests.length, 4)
  t.equal(got.status, 503)
  t.equal(field(got, 'x-outrigger-reason'), 'circuit_open')
  t.equal(field(got, 'x-outrigger-attempts'), '4')
})

t.test('A client that leaves early counts neither way', async (t) => {
  const { client, origin, proxy } = await scene(t, async (peer) => void (await peer.request()), {
    yaml: policy(breaker('service')),
  })
  for (let i = 0; i < 6; i++) {
    const connection = await client()
    connection.send(get('/'))
    await eventually('it', () => origin.requests.length === i + 1)
    connection.destroy()
    await (await origin.peer(i)).untilEnded()
  }
  t.match((await state(proxy)).breakers, [{ state: 'closed', calls: 0 }])
})

t.test('An answer that breaks off after its head is a failure', async (t) => {
  const { client, proxy } = await scene(
    t,
    async (peer) => {
      await peer.request()
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc').halfClose()
    },
    { yaml: policy(breaker('service')) },
  )
  for (let i = 0; i < 4; i++) {
    const connection = await client()
    connection.send(get('/'))
    await connection.untilEnded()
  }
  t.match((await state(proxy)).breakers, [{ state: 'open' }])
  const connection = await client()
  connection.send(get('/'))
  t.equal((await answer(connection)).status, 503)
})

t.test(
  'An upstream that refuses every stream opens it: once for each request, by the attempt on a connection of its own',
  async (t) => {
    const refuses = await http2RawOrigin(t, (peer) => {
      peer.onFrame = ({ type, id }) => void (type === HEADERS && peer.send(reset(id, REFUSED_STREAM)))
    })
    const blocks = policy(`${breaker('service')}\noutlier: {consecutive: 3}`)
    const proxy = await startProxy(services({ origin: refuses.port }, blocks), { clock: new FakeClock() })
    t.teardown(() => proxy.stop())
    const client = await http2Client(t, proxy.outbound)
    const ask = async (id: number) => {
      client.send(request(id))
      return client.status(id)
    }
    for (let i = 0; i < 3; i++) t.equal(await ask(2 * i + 1), 502)
    t.match(await state(proxy), { breakers: [{ state: 'closed', calls: 3 }], outliers: [{ consecutive: 3, calls: 3 }] })
    t.equal(await ask(7), 502)
    t.match(await state(proxy), { breakers: [{ state: 'open' }] })
    t.equal(await ask(9), 503)
  },
)
