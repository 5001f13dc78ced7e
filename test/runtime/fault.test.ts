/** Faults through a whole sidecar: what they do to the client, and that everything above the wire meets them. */
import t from 'tap'
import { answer, ask, eventually, field, get, metric, state, told } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { session, unary } from '../support/grpc-call.ts'
import { HI, policy, scene } from '../support/scene.ts'
import { Seeded } from '../support/seeded.ts'

const UNTIL = 'until: 2030-01-01T00:00:00Z'
const BREAKER = 'breaker: {scope: service, window: {type: count, size: 4, minimumCalls: 3}}'

t.test('Aborting half of the attempts under three retries leaves 94 % of the requests', async (t) => {
  const { client, proxy, origin } = await scene(t, HI, {
    random: new Seeded(7),
    yaml: policy(
      `fault: {percent: 50%, abort: {status: 503}, ${UNTIL}}\n` +
        'retry: {max: 3, backoff: {base: 1ms, max: 1ms}, budget: {percent: 100%, minPerSecond: 1000}}',
    ),
  })
  const connection = await client()
  let from = 0
  let ok = 0
  for (let i = 0; i < 200; i++) {
    connection.send(get('/'))
    const got = await answer(connection, from)
    from = got.next
    if (got.status === 200) ok++
    else t.equal(field(got, 'x-outrigger-reason'), 'fault_injected')
  }
  t.ok(ok >= 180 && ok <= 196, `${ok} of 200`)
  t.equal(origin.requests.length, ok)
  const injected = await metric(proxy, 'outrigger_faults_injected_total', 'type="abort"')
  const retried = await metric(proxy, 'outrigger_attempts_total', 'attempt="retry"', 'outcome="success"')
  const givenUp = await metric(proxy, 'outrigger_retry_skipped_total', 'reason="limit"')
  t.equal(givenUp, 200 - ok)
  t.ok(retried > 50 && injected > 120, `${retried} retries succeeded, ${injected} faults`)
})

t.test('What the client sees is marked', async (t) => {
  const { port, proxy } = await scene(t, HI, { yaml: policy(`fault: {percent: 100%, abort: {status: 502}, ${UNTIL}}`) })
  const got = await ask(port, get('/'))
  t.equal(got.status, 502)
  t.match(field(got, 'proxy-status'), 'error=proxy_internal_response; details="fault_injected"')
  t.equal(field(got, 'x-outrigger-reason'), 'fault_injected')
  t.match(told(got), { reason: 'fault_injected', service: 'origin' })
  t.equal(await metric(proxy, 'http_server_request_duration_seconds_count', 'error_type="fault_injected"'), 1)
})

t.test('A gRPC call gets the status that clients make of it, and an HTTP/2 client the same answer', async (t) => {
  const { port } = await scene(t, HI, { yaml: policy(`fault: {percent: 100%, abort: {status: 503}, ${UNTIL}}`) })
  const client = session(t, port)
  const call = await unary(client, '/shop.Orders/Get')
  t.equal(call.status, '14')
  t.ok(call.trailersOnly)
  t.match(call.head, { 'x-outrigger-reason': 'fault_injected' })
  const stream = client.request({ ':path': '/', ':authority': 'origin' })
  t.match(await new Promise((resolve) => stream.on('response', resolve)), { ':status': 503 })
})

t.test('A breaker opens on it, and a fallback answers for it', async (t) => {
  const { port, proxy } = await scene(t, HI, {
    yaml: policy(
      `fault: {percent: 100%, abort: {status: 503}, ${UNTIL}}\n${BREAKER}\n` +
        "fallback: [{when: ['5xx'], use: static, status: 200, body: instead}]",
    ),
  })
  for (let i = 0; i < 3; i++) t.equal((await ask(port, get('/'))).body.toString(), 'instead')
  t.match((await state(proxy)).breakers, [{ state: 'open', failureRatio: 1 }])
  t.equal(field(await ask(port, get('/')), 'x-outrigger-reason'), 'circuit_open')
})

t.test('At the request no other block meets it', async (t) => {
  const { port, proxy } = await scene(t, HI, {
    yaml: policy(
      `fault: {percent: 100%, abort: {status: 503}, at: request, ${UNTIL}}\n${BREAKER}\nretry: {max: 2}\n` +
        "fallback: [{when: ['5xx'], use: static, status: 200, body: instead}]",
    ),
  })
  for (let i = 0; i < 4; i++) t.equal((await ask(port, get('/'))).status, 503)
  t.match((await state(proxy)).breakers, [{ state: 'closed', calls: 0 }])
  t.equal(await metric(proxy, 'outrigger_faults_injected_total', 'type="abort"'), 4)
})

t.test('perTry cuts an injected delay short, and the deadline does', async (t) => {
  for (const [timeout, reason] of [
    ['perTry: 100ms', 'per_try_timeout'],
    ['request: 100ms', 'request_timeout'],
  ] as const) {
    const clock = new FakeClock()
    const { client, proxy, origin } = await scene(t, HI, {
      clock,
      yaml: policy(`fault: {percent: 100%, delay: 10s, ${UNTIL}}\ntimeout: {${timeout}}`),
    })
    const connection = await client()
    connection.send(get('/'))
    const delayed = () => metric(proxy, 'outrigger_faults_injected_total', 'type="delay"')
    await eventually('the delay', async () => (await delayed()) === 1)
    clock.advance(150)
    const got = await answer(connection)
    t.equal(got.status, 504)
    t.equal(field(got, 'x-outrigger-reason'), reason)
    t.equal(origin.requests.length, 0)
  }
})

t.test('A delay in time only delays, and past its end there is none', async (t) => {
  const clock = new FakeClock()
  const { client, proxy } = await scene(t, HI, {
    clock,
    inbound: true,
    yaml: policy(
      'fault: {percent: 100%, delay: 200ms, at: request, until: 2027-01-15T08:00:01Z}',
      '{direction: inbound}',
    ),
  })
  const connection = await client()
  connection.send(get('/'))
  const delayed = () => metric(proxy, 'outrigger_faults_injected_total', 'type="delay"')
  await eventually('the delay', async () => (await delayed()) === 1)
  clock.advance(220)
  const got = await answer(connection)
  t.equal(got.status, 200)
  clock.advance(1000)
  connection.send(get('/'))
  t.equal((await answer(connection, got.next)).status, 200)
  t.equal(await delayed(), 1)
})
