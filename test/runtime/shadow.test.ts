import t from 'tap'
import { answer, ask, eventually, field, get, metric, post, state } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { answering, type Script } from '../support/raw-origin.ts'
import { HI, OK, policy, type Scene, scene } from '../support/scene.ts'

const HOLDING: Script = async (peer) => {
  for (;;) await peer.request()
}
const FAILING = answering(() => 'HTTP/1.1 503 X\r\nContent-Length: 6\r\n\r\ntheirs')

function decided({ proxy }: Scene, block: string, decision: string): Promise<number> {
  const labels = [`policy="${block}"`, `decision="${decision}"`, 'mode="shadow"']
  return metric(proxy, 'outrigger_policy_decisions_total', ...labels)
}

t.test('timeout in shadow mode tells what had run out, once per kind, and ends nothing', async (t) => {
  const clock = new FakeClock()
  const yaml = policy('timeout: {mode: shadow, request: 1s, perTry: 200ms, idle: 300ms}')
  const world = await scene(t, HOLDING, { clock, yaml })
  const client = await world.client()
  client.send(get('/'))
  await eventually('the request', () => world.origin.requests.length === 1)
  t.equal(field(world.origin.requests[0]!, 'x-outrigger-timeout-ms'), undefined)
  clock.advance(250)
  t.equal(await decided(world, 'timeout', 'per_try_timeout'), 1)
  clock.advance(10_000)
  t.equal(client.text, '')
  ;(await world.origin.peer(0)).send(OK)
  t.equal((await answer(client)).status, 200)
  t.equal(await decided(world, 'timeout', 'stream_idle_timeout'), 1)
  t.equal(await decided(world, 'timeout', 'request_timeout'), 0)
})

t.test('timeout in shadow mode: what is in time is not told', async (t) => {
  const clock = new FakeClock()
  const world = await scene(t, HI, { clock, yaml: policy('timeout: {mode: shadow, request: 1s, perTry: 200ms}') })
  t.equal((await ask(world.port, get('/'))).status, 200)
  clock.advance(5000)
  t.equal(await metric(world.proxy, 'outrigger_policy_decisions_total'), 0)
})

t.test('bulkhead in shadow mode counts slots as if at work, and everybody passes', async (t) => {
  const clock = new FakeClock()
  const yaml = policy('bulkhead: {mode: shadow, maxConcurrent: 1, maxQueue: 1, maxQueueWait: 200ms}')
  const world = await scene(t, HOLDING, { clock, yaml })
  const clients = [await world.client(), await world.client(), await world.client()]
  for (const [i, client] of clients.entries()) {
    client.send(get(`/${i}`))
    await eventually('the request', () => world.origin.requests.length === i + 1)
  }
  t.equal(await decided(world, 'bulkhead', 'bulkhead_full'), 1)
  t.match((await state(world.proxy)).bulkheads, [{ mode: 'shadow', inflight: 3, limit: 1, queued: 1 }])
  t.equal(await metric(world.proxy, 'outrigger_shadow_bulkhead_inflight'), 3)
  t.equal(await metric(world.proxy, 'outrigger_bulkhead_inflight'), 0)
  clock.advance(220)
  t.equal(await decided(world, 'bulkhead', 'bulkhead_queue_timeout'), 1)
  for (let i = 0; i < 3; i++) (await world.origin.peer(i)).send(OK)
  for (const client of clients) t.equal((await answer(client)).status, 200)
  t.match((await state(world.proxy)).bulkheads, [{ inflight: 0, queued: 0 }])
  clients[0]!.send(get('/again'))
  await eventually('the request', () => world.origin.requests.length === 4)
  t.equal(await decided(world, 'bulkhead', 'bulkhead_full'), 1, 'the slot is free again')
})

t.test('breaker in shadow mode opens, says whom it would have refused, and refuses nobody', async (t) => {
  const block = 'breaker: {mode: shadow, scope: service, window: {type: count, size: 10, minimumCalls: 2}}'
  const world = await scene(t, FAILING, { yaml: policy(block) })
  for (let i = 0; i < 5; i++) t.equal(field(await ask(world.port, get('/')), 'x-outrigger-reason'), undefined)
  t.equal(world.origin.requests.length, 5)
  t.equal(await decided(world, 'breaker', 'circuit_open'), 3)
  t.match((await state(world.proxy)).breakers, [{ mode: 'shadow', id: 'origin~shadow', state: 'open', calls: 2 }])
  t.equal(await metric(world.proxy, 'outrigger_shadow_circuit_state', 'state="open"', 'mode="shadow"'), 1)
  t.equal(await metric(world.proxy, 'outrigger_shadow_circuit_transitions_total', 'to="open"'), 1)
  t.equal(await metric(world.proxy, 'outrigger_circuit_state'), 0)
  t.equal(await metric(world.proxy, 'outrigger_circuit_transitions_total'), 0)
})

t.test('retry in shadow mode says where it would have retried, or why not, and what that costs', async (t) => {
  const budget = 'budget: {percent: 0%, window: 10s, minPerSecond: 0.2}'
  const world = await scene(t, FAILING, { yaml: policy(`retry: {mode: shadow, max: 3, when: [5xx], ${budget}}`) })
  for (let i = 0; i < 3; i++) t.equal((await ask(world.port, get('/'))).status, 503)
  t.equal((await ask(world.port, post('/', 'x'))).status, 503)
  t.equal(world.origin.requests.length, 4)
  t.equal(await decided(world, 'retry', 'retry'), 2)
  t.equal(await decided(world, 'retry', 'budget'), 1)
  t.equal(await decided(world, 'retry', 'not_idempotent'), 1)
  t.equal(await metric(world.proxy, 'outrigger_retry_skipped_total'), 0)
  t.equal(await metric(world.proxy, 'outrigger_retry_budget_remaining'), 0)
})

t.test('fallback in shadow mode says what it would have served', async (t) => {
  const yaml = policy('mode: shadow\nfallback: [{when: [5xx], use: static, status: 200, body: ours}]')
  const world = await scene(t, FAILING, { yaml })
  t.equal((await ask(world.port, get('/'))).body.toString(), 'theirs')
  t.equal(await decided(world, 'fallback', 'static'), 1)
  t.equal(await metric(world.proxy, 'outrigger_fallback_total'), 0)
})

t.test('what a less specific policy enforces stays enforced beside a block in shadow mode', async (t) => {
  const wide = 'kind: Policy\nname: wide\nmatch: {direction: outbound, service: "*"}\nretry: {max: 1, when: [5xx]}\n'
  const yaml = `${wide}---\n${policy('retry: {mode: shadow, max: 3, when: [5xx]}')}`
  const world = await scene(t, FAILING, { yaml })
  t.equal((await ask(world.port, get('/'))).status, 503)
  t.equal(world.origin.requests.length, 2)
  t.equal(await decided(world, 'retry', 'retry'), 1, 'and one more would have been made')
})

t.test('two equally specific policies are no tie where one of them only watches', async (t) => {
  const other = policy('bulkhead: {mode: shadow, maxConcurrent: 1}').replace('name: p', 'name: q')
  const world = await scene(t, HI, { yaml: `${policy('bulkhead: {maxConcurrent: 9}')}---\n${other}` })
  t.equal((await ask(world.port, get('/'))).status, 200)
  t.match((await state(world.proxy)).bulkheads, [{ limit: 9 }, { limit: 1, mode: 'shadow' }])
})

t.test('a block that only watched begins anew when it is enforced', async (t) => {
  const block = (mode: string) =>
    policy(`breaker: {mode: ${mode}, scope: service, window: {type: count, size: 10, minimumCalls: 2}}`)
  const world = await scene(t, FAILING, { yaml: block('shadow') })
  for (let i = 0; i < 3; i++) await ask(world.port, get('/'))
  const file = `${world.proxy.folder}/policy.yaml`
  const { readFileSync, writeFileSync } = await import('node:fs')
  writeFileSync(file, readFileSync(file, 'utf8').replace('mode: shadow', 'mode: enforce'))
  t.equal(world.proxy.reload(), true)
  t.match((await state(world.proxy)).breakers, [])
  t.equal((await ask(world.port, get('/'))).status, 503)
  t.match((await state(world.proxy)).breakers, [{ id: 'origin', state: 'closed', calls: 1 }])
})

t.test('A block in shadow mode watches the requests that its headers or methods name, and no others', async (t) => {
  for (const [match, named, other] of [
    ['{headers: {x-tenant: gold}}', get('/', 'X-Tenant: gold'), get('/')],
    ['{path: "/v1/**", methods: [PUT]}', post('/v1/a', 'a').replace('POST', 'PUT'), get('/v1/a')],
  ] as const) {
    // Whichever comes first: what it meets is worked out once, and must not be what the other meets.
    for (const first of [named, other]) {
      const yaml = [
        'kind: Policy\nname: all\nmatch: {direction: outbound, service: origin, routes: [{path: "/**"}, {path: "/v1/**"}]}\ntimeout: {request: 5s}\n',
        `kind: Policy\nname: some\nmatch: {direction: outbound, service: origin, routes: [${match}]}\nmode: shadow\nrateLimit: {rate: 1/h, burst: 1}\n`,
      ]
      const world = await scene(t, HI, { clock: new FakeClock(), yaml: yaml.join('---\n') })
      await ask(world.port, first)
      for (const text of [named, named, named, other, other]) await ask(world.port, text)
      t.equal(await decided(world, 'rateLimit', 'limited'), first === named ? 3 : 2, match)
    }
  }
})
