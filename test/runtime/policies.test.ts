/** Each policy once through a whole sidecar: what the client sees of it. What they do exactly is tested beside them. */
import t from 'tap'
import { answer, ask, eventually, field, get, metric, post, settled, state, told } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { session, unary } from '../support/grpc-call.ts'
import { turn } from '../support/raw.ts'
import { answering, type Script, startRawOrigin } from '../support/raw-origin.ts'
import { HI, OK, policy, scene } from '../support/scene.ts'

const SILENT: Script = async (peer) => {
  for (;;) await peer.request()
}

function status(code: number, more = ''): string {
  return `HTTP/1.1 ${code} X\r\n${more}Content-Length: 6\r\n\r\ntheirs`
}

/** Fails so often, then says hi. */
function failing(times: number, text = status(503)): Script {
  let left = times
  return answering(() => (left-- > 0 ? text : OK))
}

const FAST = 'backoff: {base: 1ms, max: 1ms}, budget: {percent: 100%, window: 10s, minPerSecond: 10}'

t.test('timeout.request: 504 request_timeout, and the upstream connection ends', async (t) => {
  const clock = new FakeClock()
  const { client, origin } = await scene(t, SILENT, { clock, yaml: policy('timeout: {request: 1s}') })
  const connection = await client()
  connection.send(get('/'))
  await eventually('the request', () => origin.requests.length === 1)
  clock.advance(990)
  t.equal(connection.text, '')
  clock.advance(20)
  const got = await answer(connection)
  t.equal(got.status, 504)
  t.equal(field(got, 'x-outrigger-reason'), 'request_timeout')
  t.equal(field(got, 'proxy-status'), 'outrigger; error=http_response_timeout; details="request_timeout"')
  t.match(told(got), { reason: 'request_timeout', service: 'origin' })
  await (await origin.peer(0)).untilEnded()
})

t.test('timeout.request holds after the head, too: the answer breaks off visibly', async (t) => {
  const clock = new FakeClock()
  const { client } = await scene(
    t,
    async (peer) => {
      await peer.request()
      peer.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')
    },
    { clock, yaml: policy('timeout: {request: 1s}') },
  )
  const connection = await client()
  connection.send(get('/'))
  await connection.until('abc')
  clock.advance(1010)
  await connection.untilEnded()
  t.ok(connection.text.endsWith('\r\n\r\nabc'))
})

t.test('timeout.request does not cut an event stream', async (t) => {
  const clock = new FakeClock()
  const { client, origin } = await scene(
    t,
    async (peer) => {
      await peer.request()
      peer.send(
        'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n6\r\ndata:1\r\n',
      )
    },
    { clock, yaml: policy('timeout: {request: 1s}') },
  )
  const connection = await client()
  connection.send(get('/'))
  await connection.until('data:1')
  clock.advance(60_000)
  await turn()
  ;(await origin.peer(0)).send('6\r\ndata:2\r\n0\r\n\r\n')
  await connection.until('data:2')
})

t.test('timeout.perTry: the first attempt is given up, the last may run to the deadline', async (t) => {
  const clock = new FakeClock()
  const { client, origin } = await scene(t, SILENT, {
    clock,
    yaml: policy(`timeout: {request: 2s, perTry: 500ms}\nretry: {max: 1, when: [per_try_timeout], ${FAST}}`),
  })
  const connection = await client()
  connection.send(get('/'))
  await eventually('the first', () => origin.requests.length === 1)
  t.equal(field(origin.requests[0]!, 'x-outrigger-timeout-ms'), '500')
  t.equal(field(origin.requests[0]!, 'x-outrigger-deadline-ms'), '2000')
  clock.advance(520)
  await eventually('the second', () => origin.requests.length === 2)
  t.equal(field(origin.requests[1]!, 'x-outrigger-attempt'), '2')
  clock.advance(1_000)
  t.equal(connection.text, '')
  ;(await origin.peer(1)).send(OK)
  const got = await answer(connection)
  t.equal(got.status, 200)
  t.equal(field(got, 'x-outrigger-attempts'), '2')
})

t.test('retry: a GET that fails is asked again, and the client sees only the last answer', async (t) => {
  const { port, origin, proxy } = await scene(t, failing(2), { yaml: policy(`retry: {max: 2, ${FAST}}`) })
  const got = await ask(port, get('/'))
  t.equal(got.status, 200)
  t.equal(field(got, 'x-outrigger-attempts'), '3')
  t.strictSame(
    origin.requests.map((one) => field(one, 'x-outrigger-attempt')),
    ['1', '2', '3'],
  )
  t.equal(new Set(origin.requests.map((one) => field(one, 'x-request-id'))).size, 1)
  t.equal(await metric(proxy, 'outrigger_attempts_total', 'attempt="retry"'), 2)
})

t.test('retry: exhausted, the last real answer is passed on untouched', async (t) => {
  const { port, origin } = await scene(t, failing(9, status(503, 'X-Theirs: 1\r\n')), {
    yaml: policy(`retry: {max: 2, ${FAST}}`),
  })
  const got = await ask(port, get('/'))
  t.equal(got.status, 503)
  t.equal(got.body.toString(), 'theirs')
  t.equal(field(got, 'x-theirs'), '1')
  t.equal(field(got, 'x-outrigger-reason'), undefined)
  t.equal(field(got, 'x-outrigger-attempts'), '3')
  t.equal(origin.requests.length, 3)
})

t.test('retry: a POST is not asked again, but where nothing was sent', async (t) => {
  const { port, origin, proxy } = await scene(t, failing(9), {
    yaml: `${policy(`retry: {max: 2, ${FAST}}`, '{direction: outbound, service: "*"}')}---\nkind: Service\nname: down\nendpoints: ["127.0.0.1:1"]\n`,
  })
  t.equal((await ask(port, post('/', 'abc'))).status, 503)
  t.equal(origin.requests.length, 1)
  t.equal(await metric(proxy, 'outrigger_retry_skipped_total', 'reason="not_idempotent"'), 1)
  const got = await ask(port, post('/', 'abc', 'Host: down'))
  t.equal(got.status, 502)
  t.equal(field(got, 'x-outrigger-attempts'), '3')
})

t.test('retry: the body is sent again, byte by byte the same', async (t) => {
  const { port, origin } = await scene(t, failing(1), { yaml: policy(`retry: {max: 1, ${FAST}}`) })
  const body = Array.from({ length: 5000 }, (_, i) => `${i}`).join()
  t.equal((await ask(port, post('/', body).replace('POST', 'PUT'))).status, 200)
  t.strictSame(
    origin.requests.map((one) => one.body.toString() === body),
    [true, true],
  )
})

t.test('retry: a body over maxBodyBytes is streamed, and its failure passed on', async (t) => {
  const { port, origin, proxy } = await scene(t, failing(1), {
    yaml: policy(`retry: {max: 1, maxBodyBytes: 1KiB, ${FAST}}`),
  })
  const got = await ask(port, post('/', 'x'.repeat(50_000)).replace('POST', 'PUT'))
  t.equal(got.status, 503)
  t.equal(origin.requests[0]?.body.length, 50_000)
  t.equal(await metric(proxy, 'outrigger_retry_skipped_total', 'reason="body_too_large"'), 1)
  t.equal(await metric(proxy, 'outrigger_replay_buffer_bytes'), 0)
})

t.test('retry: the budget ends a storm', async (t) => {
  const { port, origin, proxy } = await scene(t, failing(99), {
    clock: new FakeClock(),
    yaml: policy(
      'retry: {max: 3, backoff: {base: 1ms, max: 1ms, jitter: none}, budget: {percent: 0%, window: 10s, minPerSecond: 0}}',
    ),
  })
  t.equal((await ask(port, get('/'))).status, 503)
  t.equal(origin.requests.length, 1)
  t.equal(await metric(proxy, 'outrigger_retry_skipped_total', 'reason="budget"'), 1)
})

t.test('retry: Retry-After beyond the deadline is passed on, not waited for', async (t) => {
  const { port, origin } = await scene(t, failing(1, status(503, 'Retry-After: 60\r\n')), {
    yaml: policy(`timeout: {request: 2s}\nretry: {max: 1, ${FAST}}`),
  })
  const got = await ask(port, get('/'))
  t.equal(got.status, 503)
  t.equal(field(got, 'retry-after'), '60')
  t.equal(origin.requests.length, 1)
})

t.test(
  'bulkhead: one over the limit is 503 bulkhead_full at once; a slot lasts until the body has ended',
  async (t) => {
    const { client, port, origin, proxy } = await scene(
      t,
      async (peer, index) => {
        for (;;) {
          await peer.request()
          peer.send(index === 0 ? 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n' : OK)
        }
      },
      { yaml: policy('bulkhead: {maxConcurrent: 1}') },
    )
    const holder = await client()
    holder.send(get('/holder'))
    await holder.until('abc')
    const got = await ask(port, get('/refused'))
    t.equal(got.status, 503)
    t.equal(field(got, 'x-outrigger-reason'), 'bulkhead_full')
    t.match(told(got), { reason: 'bulkhead_full', service: 'origin' })
    t.equal(origin.requests.length, 1)
    t.equal(await metric(proxy, 'outrigger_bulkhead_rejected_total', 'reason="bulkhead_full"'), 1)
    ;(await origin.peer(0)).send('0\r\n\r\n')
    await answer(holder)
    t.match((await state(proxy)).bulkheads, [{ inflight: 0 }])
  },
)

t.test('bulkhead per endpoint: who finds every endpoint full is counted, and who finds another is not', async (t) => {
  const ends = [await startRawOrigin(SILENT), await startRawOrigin(SILENT)]
  for (const end of ends) t.teardown(() => end.close())
  const two = `kind: Service\nname: two\nendpoints: [${ends.map(({ port }) => `"127.0.0.1:${port}"`)}]\n---\n`
  const block = 'bulkhead: {maxConcurrent: 1, per: endpoint}'
  const { client, port, proxy } = await scene(t, HI, {
    yaml: two + policy(block, '{direction: outbound, service: two}'),
  })
  for (const reached of [1, 2]) {
    ;(await client()).send(get('/', 'Host: two'))
    await eventually('the request', () => ends.flatMap(({ requests }) => requests).length === reached)
  }
  t.equal(await metric(proxy, 'outrigger_bulkhead_rejected_total'), 0)
  for (const refused of [1, 2]) {
    t.equal(field(await ask(port, get('/', 'Host: two')), 'x-outrigger-reason'), 'bulkhead_full')
    t.equal(await metric(proxy, 'outrigger_bulkhead_rejected_total', 'reason="bulkhead_full"'), refused)
  }
})

t.test(
  'bulkhead: who waits too long in the queue is 503 bulkhead_queue_timeout; who waited in time is served',
  async (t) => {
    const clock = new FakeClock()
    const { client, origin, proxy } = await scene(t, SILENT, {
      clock,
      yaml: policy('bulkhead: {maxConcurrent: 1, maxQueue: 2, maxQueueWait: 200ms}'),
    })
    const holder = await client()
    holder.send(get('/holder'))
    await eventually('the holder', () => origin.requests.length === 1)
    const early = await client()
    early.send(get('/early'))
    await eventually('the queue', async () => (await state(proxy)).bulkheads[0]?.queued === 1)
    clock.advance(150)
    const late = await client()
    late.send(get('/late'))
    await eventually('the queue', async () => (await state(proxy)).bulkheads[0]?.queued === 2)
    clock.advance(70)
    const got = await answer(early)
    t.equal(got.status, 503)
    t.equal(field(got, 'x-outrigger-reason'), 'bulkhead_queue_timeout')
    ;(await origin.peer(0)).send(OK)
    await eventually('the next', () => origin.requests.length === 2)
    t.equal(origin.requests[1]?.target, '/late')
  },
)

t.test('bulkhead: a wait in the queue is no silence for timeout.idle, which counts from then on', async (t) => {
  const clock = new FakeClock()
  const { client, origin, proxy } = await scene(t, SILENT, {
    clock,
    yaml: policy('bulkhead: {maxConcurrent: 1, maxQueue: 1, maxQueueWait: 10s}\ntimeout: {idle: 1s}'),
  })
  const holder = await client()
  holder.send(get('/holder'))
  await eventually('the holder', () => origin.requests.length === 1)
  const peer = await origin.peer(0)
  peer.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
  const waiting = await client()
  waiting.send(get('/waiting'))
  await eventually('the queue', async () => (await state(proxy)).bulkheads[0]?.queued === 1)
  for (let i = 1; i <= 4; i++) {
    clock.advance(600)
    peer.send('3\r\nabc\r\n')
    await holder.when('a piece', () => holder.text.split('abc').length > i)
  }
  t.equal(waiting.text, '')
  peer.send('0\r\n\r\n')
  await eventually('the next', () => origin.requests.length === 2)
  clock.advance(900)
  await settled(proxy)
  t.equal(waiting.text, '')
  clock.advance(300)
  t.equal(field(await answer(waiting), 'x-outrigger-reason'), 'stream_idle_timeout')
})

t.test('bulkhead: a retry keeps its slot, and is not refused by it', async (t) => {
  const { port } = await scene(t, failing(1), {
    yaml: policy(`bulkhead: {maxConcurrent: 1}\nretry: {max: 1, ${FAST}}`),
  })
  t.equal((await ask(port, get('/'))).status, 200)
})

t.test('fallback: a static answer in place of a refusal, signed, with the path parameters in it', async (t) => {
  const { port, proxy } = await scene(t, HI, {
    yaml: `kind: Service\nname: down\nendpoints: ["127.0.0.1:1"]\n---\nkind: Policy\nname: p\nmatch: {direction: outbound, service: down, routes: [{path: "/v1/{id}", methods: [GET]}]}\nfallback:\n- when: [connect_failure]\n  use: static\n  status: 202\n  contentType: application/json\n  body: '{"id":"\${id}"}'\n  headers: {x-a: b}\n`,
  })
  const got = await ask(port, get('/v1/a%22b', 'Host: down'))
  t.equal(got.status, 202)
  t.strictSame(JSON.parse(got.body.toString()), { id: 'a"b' })
  t.equal(field(got, 'x-a'), 'b')
  t.equal(field(got, 'x-outrigger-fallback'), 'static')
  t.equal(field(got, 'x-outrigger-reason'), 'connect_failure')
  t.match(field(got, 'proxy-status'), 'error=connection_refused; details="connect_failure"')
  t.equal(await metric(proxy, 'outrigger_fallback_total', 'reason="connect_failure"'), 1)
  t.equal((await ask(port, get('/other', 'Host: down'))).status, 502)
})

t.test('fallback: an answer of the upstream that is a failure is replaced whole', async (t) => {
  const { client, origin } = await scene(
    t,
    async (peer) => {
      await peer.request()
      peer.send('HTTP/1.1 500 No\r\nX-Theirs: 1\r\nContent-Length: 1000\r\n\r\npart')
    },
    { yaml: policy("fallback:\n- {when: ['5xx'], use: static, status: 200, contentType: text/plain, body: ours}") },
  )
  const connection = await client()
  connection.send(get('/'))
  const got = await answer(connection)
  t.equal(got.body.toString(), 'ours')
  t.equal(field(got, 'x-theirs'), undefined)
  await (await origin.peer(0)).untilEnded()
  connection.send(get('/'))
  t.equal((await answer(connection, got.next)).status, 200)
})

t.test('Policies hold inbound as well', async (t) => {
  const { port, origin } = await scene(t, failing(1), {
    inbound: true,
    yaml: policy(`retry: {max: 1, ${FAST}}`, '{direction: inbound}'),
  })
  t.equal((await ask(port, get('/'))).status, 200)
  t.equal(origin.requests.length, 2)
})

t.test('A block of the more specific policy takes the place of the general one, and of nothing else', async (t) => {
  const { port, origin } = await scene(t, failing(99), {
    yaml: `${policy(`retry: {max: 2, ${FAST}}\nbulkhead: {maxConcurrent: 1}`, '{direction: outbound, service: "*"}')}---\nkind: Policy\nname: narrow\nmatch: {direction: outbound, service: origin, routes: [{path: /once}]}\nretry: {max: 0}\n`,
  })
  await ask(port, get('/once'))
  t.equal(origin.requests.length, 1)
  await ask(port, get('/more'))
  t.equal(origin.requests.length, 4)
})

t.test('a route may name the host, however it is asked for: in an absolute target, or as :authority', async (t) => {
  const { port, origin } = await scene(t, HI, {
    inbound: true,
    yaml: policy(
      'authorize: {allow: []}',
      '{direction: inbound, routes: [{headers: {Host: Admin.test, x-a: b}}, {headers: {host: "shop.test:81"}}]}',
    ),
  })
  const status = async (...fields: string[]) => (await ask(port, get('/', ...fields))).status
  t.equal(await status('Host: admin.test', 'X-A: b'), 403)
  t.equal(await status('Host: ADMIN.test:9000', 'X-A: b'), 403)
  t.equal(await status('Host: shop.test:81'), 403)
  t.equal((await ask(port, get('http://shop.test:81/', 'Host: shop.test:81'))).status, 403)
  const call = await unary(session(t, port), '/a.B/C', { ':authority': 'admin.test', 'x-a': 'b' })
  t.equal(call.head?.['x-outrigger-reason'], 'denied')
  t.equal(origin.requests.length, 0)
  t.equal(await status('Host: admin.test'), 200)
  t.equal(await status('Host: shop.test', 'X-A: b'), 200)
})
