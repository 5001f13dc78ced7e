/** Fallbacks through a whole sidecar: what clients of HTTP/1.1 and HTTP/2 see, what is counted, what a reload keeps. */
import { readFileSync, writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { answer, ask, eventually, field, get, metric, post, request, settled, state, told } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { freePort } from '../support/free-port.ts'
import { startProxy } from '../support/proxy.ts'
import type { Message } from '../support/read-message.ts'
import { answering, type RawOrigin, type Script, startRawOrigin } from '../support/raw-origin.ts'
import { HI, OK, policy, scene } from '../support/scene.ts'
import { fixedRandom } from '../support/stubs.ts'

const GET_ONLY = '{direction: outbound, service: origin, routes: [{methods: [GET, HEAD]}]}'
const CACHED = 'fallback: [{when: [any], use: cached, maxStale: 1m}]'

/** Answers well until told to fail. */
class Moody {
  failing = false
  readonly script: Script = answering(({ target }) => {
    if (this.failing) return 'HTTP/1.1 503 Down\r\nContent-Length: 4\r\n\r\ndown'
    const body = `live ${target}`
    return `HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  })
}

function text(message: Message): string {
  return message.body.toString()
}

async function otherService(
  t: Test,
  script: Script,
  name = 'other',
  more = '',
): Promise<{ origin: RawOrigin; yaml: string }> {
  const origin = await startRawOrigin(script)
  t.teardown(() => origin.close())
  return { origin, yaml: `kind: Service\nname: ${name}\nendpoints: ["127.0.0.1:${origin.port}"]\n${more}` }
}

t.test('the last good answer, with its age, counted as the failure it is', async (t) => {
  const clock = new FakeClock()
  const mood = new Moody()
  const { port, proxy } = await scene(t, mood.script, { clock, yaml: policy(CACHED, GET_ONLY) })
  t.equal(text(await ask(port, get('/a'))), 'live /a')
  mood.failing = true
  clock.advance(5000)
  const got = await ask(port, get('/a'))
  t.equal(got.status, 200)
  t.equal(text(got), 'live /a')
  t.equal(field(got, 'age'), '5')
  t.equal(field(got, 'etag'), '"1"')
  t.equal(field(got, 'x-outrigger-fallback'), 'cached')
  t.equal(field(got, 'cache-status'), 'outrigger; fwd=stale; fwd-status=503; detail="503"')
  t.equal(field(got, 'x-outrigger-reason'), '503')
  t.equal((await ask(port, get('/b'))).status, 503, 'nothing is kept of that')
  t.equal((await ask(port, post('/a', 'x'))).status, 503, 'not for a write')
  t.equal(text(await ask(port, get('/a', 'If-None-Match: "1"'))), 'live /a', 'the whole answer to a condition')
  const head = await ask(port, request('HEAD /a'))
  t.same([head.status, field(head, 'content-length')], [200, '7'])
  t.equal(await metric(proxy, 'outrigger_fallback_total', 'kind="cached"', 'reason="503"'), 3)
  const failed = ['http_response_status_code="200"', 'error_type="503"', 'direction="outbound"']
  t.equal(await metric(proxy, 'http_server_request_duration_seconds_count', ...failed), 3)
  t.match((await state(proxy)).caches, [{ service: 'origin', policy: 'p', entries: 1, hits: 3 }])
  t.equal(await metric(proxy, 'outrigger_fallback_cache_entries'), 1)
})

t.test('to a client of HTTP/2, also behind an open breaker', async (t) => {
  const mood = new Moody()
  const breaker = 'breaker: {scope: service, window: {type: count, size: 2, minimumCalls: 2}, failureRate: 100%}'
  const { port, proxy } = await scene(t, mood.script, {
    service: 'protocol: http1',
    yaml: policy(`${breaker}\n${CACHED}`, GET_ONLY),
  })
  const session = http2.connect(`http://127.0.0.1:${port}`)
  t.teardown(() => session.destroy())
  const call = (path: string, method = 'GET') =>
    new Promise<{ headers: http2.IncomingHttpHeaders; body: string }>((resolve, reject) => {
      const stream = session.request({ ':path': path, ':method': method, ':authority': 'origin' })
      let headers: http2.IncomingHttpHeaders = {}
      let body = ''
      stream.on('response', (fields) => {
        headers = fields
      })
      stream.on('data', (chunk: Buffer) => {
        body += chunk
      })
      stream.on('error', reject)
      stream.on('close', () => resolve({ headers, body }))
      stream.end()
    })
  t.equal((await call('/a')).body, 'live /a')
  mood.failing = true
  await call('/a')
  await call('/a')
  const { headers, body } = await call('/a')
  t.equal(body, 'live /a')
  t.match(headers, {
    ':status': 200,
    'x-outrigger-fallback': 'cached',
    'x-outrigger-reason': 'circuit_open',
    'cache-status': 'outrigger; hit; detail="circuit_open"',
    'content-length': '7',
  })
  t.match((await call('/a', 'HEAD')).headers, { ':status': 200, 'content-length': '7' })
  t.equal((await call('/b')).headers[':status'], 503)
  t.equal(await metric(proxy, 'http_server_request_duration_seconds_count', 'error_type="circuit_open"'), 3)
})

t.test('a copy has the Date of its own time, and one that was old when it came is as old as it says', async (t) => {
  const clock = new FakeClock()
  const moment = (ms: number) => new Date(clock.wallTime() + ms).toUTCString()
  const date: Record<string, string> = {
    '/minute': `Date: ${moment(-60_000)}\r\n`,
    '/hour': `Date: ${moment(-3_600_000)}\r\n`,
  }
  let failing = false
  const script = answering(({ target }) =>
    failing
      ? 'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'
      : `HTTP/1.1 200 OK\r\n${date[target] ?? ''}Content-Length: 3\r\n\r\nhi!`,
  )
  const cached = 'fallback: [{when: [any], use: cached, maxStale: 10m}]'
  const { port } = await scene(t, script, { clock, yaml: policy(cached, GET_ONLY) })
  const came = moment(0)
  for (const path of ['/now', '/minute', '/hour']) t.equal((await ask(port, get(path))).status, 200)
  failing = true
  clock.advance(5000)
  const [now, minute] = [await ask(port, get('/now')), await ask(port, get('/minute'))]
  t.same([field(now, 'age'), field(now, 'date')], ['5', came])
  t.equal(field(minute, 'age'), '65')
  t.equal((await ask(port, get('/hour'))).status, 503, 'older than maxStale')
})

t.test('a GET under way does not bring back what was taken away in the meantime', async (t) => {
  for (const [taking, gone] of [
    [request('DELETE /a'), 'HTTP/1.1 204 Gone\r\n\r\n'],
    [get('/a'), 'HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n'],
  ] as const) {
    const answers = [OK, 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsome', gone]
    let asked = 0
    const script = answering(() => answers[asked++] ?? 'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n')
    const { port, client, origin } = await scene(t, script, { service: 'protocol: http1', yaml: policy(CACHED) })
    t.equal(text(await ask(port, get('/a'))), 'hi!')
    const slow = await client()
    slow.send(get('/a'))
    await slow.until('some')
    await ask(port, taking)
    ;(await origin.peer(0)).send('body')
    t.equal(text(await answer(slow)), 'somebody')
    t.equal((await ask(port, get('/a'))).status, 503)
  }
})

t.test('an answer that is replaced costs no connection where it is whole already', async (t) => {
  const down = answering(() => 'HTTP/1.1 503 Down\r\nContent-Length: 4\r\n\r\ndown')
  const other = await otherService(t, down)
  for (const entries of [
    '[{when: [any], use: static, body: ours}]',
    '[{when: [connect_failure], use: service, service: other}, {when: [any], use: static, body: ours}]',
  ]) {
    const { port, origin, proxy } = await scene(t, down, {
      service: 'protocol: http1',
      yaml: `${other.yaml}---\n${policy(`fallback: ${entries}`, GET_ONLY)}`,
    })
    for (let i = 0; i < 5; i++) {
      t.equal(text(await ask(port, get('/a'))), 'ours')
      await settled(proxy)
    }
    t.same([origin.requests.length, origin.peers.length], [5, 1])
  }
})

t.test('a client that stops reading a copy is let go of, as it is with the answer of an upstream', async (t) => {
  const clock = new FakeClock()
  const body = 'x'.repeat(200_000)
  let failing = false
  const script = answering(() =>
    failing
      ? 'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'
      : `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  const { port, proxy } = await scene(t, script, { clock, service: 'protocol: http1', yaml: policy(CACHED, GET_ONLY) })
  t.equal((await ask(port, get('/a'))).status, 200)
  failing = true
  const session = http2.connect(`http://127.0.0.1:${port}`)
  t.teardown(() => session.destroy())
  // Nobody reads, so its window stays used up.
  const stream = session.request({ ':path': '/a', ':authority': 'origin' })
  let closed = false
  stream.on('error', () => {})
  stream.on('close', () => {
    closed = true
  })
  await settled(proxy)
  for (let i = 0; i < 58; i++) {
    clock.advance(5000)
    await settled(proxy)
  }
  t.equal(closed, false)
  for (let i = 0; i < 4; i++) {
    clock.advance(5000)
    await settled(proxy)
  }
  await eventually('the reset', () => closed)
  t.equal(await metric(proxy, 'outrigger_fallback_total', 'kind="cached"'), 1)
})

t.test('copies outlive a reload that leaves their block alone, and go with one that changes it', async (t) => {
  const mood = new Moody()
  const { port, proxy, origin } = await scene(t, mood.script, { yaml: policy(CACHED, GET_ONLY) })
  await ask(port, get('/a'))
  mood.failing = true
  const put = (blocks: string) => {
    const head = 'kind: Sidecar\nname: test\naccessLog: {format: none}\n'
    const service = `kind: Service\nname: origin\nendpoints: ["127.0.0.1:${origin.port}"]\n`
    writeFileSync(join(proxy.folder, 'policy.yaml'), [head, service, policy(blocks, GET_ONLY)].join('---\n'))
    t.ok(proxy.reload())
  }
  put(`timeout: {request: 5s}\n${CACHED}`)
  t.equal(field(await ask(port, get('/a')), 'x-outrigger-fallback'), 'cached')
  put(CACHED.replace('1m', '2m'))
  t.equal((await ask(port, get('/a'))).status, 503)
  t.match((await state(proxy)).caches, [{ entries: 0, bytes: 0 }])
})

t.test('limits.maxCacheBytes: 0B keeps nothing', async (t) => {
  const mood = new Moody()
  const sidecar = 'limits: {maxCacheBytes: 0B}'
  const { port } = await scene(t, mood.script, { sidecar, yaml: policy(CACHED, GET_ONLY) })
  t.equal((await ask(port, get('/a'))).status, 200)
  mood.failing = true
  t.equal((await ask(port, get('/a'))).status, 503)
})

t.test('inbound, the application’s own last good answer', async (t) => {
  const mood = new Moody()
  const inbound = '{direction: inbound, routes: [{methods: [GET]}]}'
  const { port } = await scene(t, mood.script, { inbound: true, yaml: policy(CACHED, inbound) })
  await ask(port, get('/a'))
  mood.failing = true
  t.equal(text(await ask(port, get('/a'))), 'live /a')
})

t.test(
  'a body of small pieces that waited for a slot is repeated whole, where another service might get it as well',
  async (t) => {
    let release = () => {}
    const released = new Promise<void>((resolve) => (release = resolve))
    let puts = 0
    const script: Script = async (peer) => {
      for (;;) {
        const { target } = await peer.request()
        if (target === '/slow') await released
        peer.send(target === '/slow' || ++puts > 1 ? OK : 'HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n')
      }
    }
    const other = await otherService(t, HI)
    const blocks =
      'fallback: [{when: [upstream_reset], use: service, service: other}]\nretry: {max: 1}\n' +
      'bulkhead: {maxConcurrent: 1, maxQueue: 1}'
    const yaml = [policy(blocks), other.yaml].join('---\n')
    // The dice make the pause before a retry 0.
    const { client, origin, proxy } = await scene(t, script, { yaml, clock: new FakeClock(), random: fixedRandom(0) })
    const slow = await client()
    slow.send(get('/slow'))
    await origin.peer(0)
    const waits = await client()
    const pieces = Array.from({ length: 100 }, (_, i) => `piece ${String(i).padStart(2, '0')};`)
    const chunks = pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')
    waits.send(`PUT /a HTTP/1.1\r\nHost: origin\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`)
    await eventually('it waits', async () => (await state(proxy)).bulkheads[0]?.queued === 1)
    release()
    t.equal((await answer(waits, 0, 'PUT')).status, 200)
    t.same(
      origin.requests.map((message) => text(message)),
      ['', pieces.join(''), pieces.join('')],
    )
  },
)

t.test('another service is asked, by the policies of its own', async (t) => {
  const mood = new Moody()
  mood.failing = true
  const other = await otherService(t, HI)
  const yaml = [
    policy('fallback: [{when: [5xx], use: service, service: other}]'),
    other.yaml,
    'kind: Policy\nname: q\nmatch: {direction: outbound, service: other}\nbulkhead: {maxConcurrent: 7}\n',
  ].join('---\n')
  const { port, proxy, origin } = await scene(t, mood.script, { yaml })
  const got = await ask(port, request('PUT /a?b=c', ['X-Mine: 1'], 'body'))
  t.equal(text(got), 'hi!')
  t.equal(field(got, 'x-outrigger-fallback'), 'service')
  t.equal(field(got, 'x-outrigger-fallback-service'), 'other')
  t.equal(field(got, 'x-outrigger-reason'), '503')
  t.equal(field(got, 'x-outrigger-attempts'), '2')
  const [sent] = other.origin.requests
  t.equal(sent?.start, 'PUT /a?b=c HTTP/1.1')
  t.equal(text(sent as Message), 'body')
  t.match([field(sent as Message, 'x-mine'), field(sent as Message, 'host')], ['1', 'origin'])
  t.match((await state(proxy)).bulkheads, [{ service: 'other', limit: 7 }])
  t.equal((await ask(port, post('/a', 'x'))).status, 503, 'a write that may have been carried out')
  t.equal(other.origin.requests.length, 1)
  t.equal(origin.requests.length, 2)
  for (const [destination, outcome] of [
    ['origin', '5xx'],
    ['other', 'success'],
  ]) {
    const labels = [`destination="${destination}"`, `outcome="${outcome}"`]
    t.equal(await metric(proxy, 'outrigger_attempts_total', ...labels), destination === 'origin' ? 2 : 1)
  }
  t.equal(await metric(proxy, 'outrigger_fallback_total', 'kind="service"', 'reason="503"'), 1)
  const failed = ['destination="origin"', 'http_response_status_code="200"', 'error_type="503"']
  t.equal(await metric(proxy, 'http_server_request_duration_seconds_count', ...failed), 1)
})

t.test(
  'a write that provably went nowhere goes to the other one, body and all; when that fails, the next',
  async (t) => {
    const other = await otherService(t, HI)
    const closed = await startRawOrigin(HI)
    const { port: nobody } = closed
    await closed.close()
    const list = (first: string) =>
      `fallback:\n- {when: [connect_failure], use: service, service: ${first}}\n- {when: [any], use: static, status: 599}`
    const gone = (name: string) => `kind: Service\nname: ${name}\nendpoints: ["127.0.0.1:${nobody}"]\n`
    const at = (service: string, first: string) =>
      policy(list(first), `{direction: outbound, service: ${service}}`).replace('name: p', `name: for-${service}`)
    const yaml = [other.yaml, gone('gone'), gone('lost'), at('gone', 'other'), at('lost', 'gone2'), gone('gone2')]
    const { port } = await scene(t, HI, { yaml: yaml.join('---\n') })
    const got = await ask(port, post('/a', 'body', 'Host: gone'))
    t.equal(text(got), 'hi!')
    t.equal(text(other.origin.requests[0] as Message), 'body')
    t.equal((await ask(port, post('/a', 'body', 'Host: lost'))).status, 599)
  },
)

t.test('a POST that was retried in vain goes to another service where nothing of any attempt was sent', async (t) => {
  const other = await otherService(t, HI)
  const yaml = [
    other.yaml,
    `kind: Service\nname: gone\nendpoints: ["127.0.0.1:${await freePort()}"]\n`,
    policy(
      'retry: {max: 2, budget: {minPerSecond: 10}, backoff: {base: 1ms, max: 1ms}}\nfallback: [{when: [any], use: service, service: other}]',
      '{direction: outbound, service: gone}',
    ),
  ]
  const { port } = await scene(t, HI, { yaml: yaml.join('---\n') })
  t.equal(text(await ask(port, post('/a', 'body', 'Host: gone'))), 'hi!')
  t.equal(other.origin.requests.length, 1)
  t.equal(field(other.origin.requests[0] as Message, 'x-outrigger-attempt'), '4')
})

t.test('a POST that our own limit refused goes to another service: nothing of it was sent', async (t) => {
  const other = await otherService(t, HI)
  const limited = policy(
    'rateLimit: {rate: 1/m, burst: 1}\nfallback: [{when: [rate_limited], use: service, service: other}]',
  )
  const { port, origin } = await scene(t, HI, { service: 'protocol: http1', yaml: `${other.yaml}---\n${limited}` })
  t.equal(field(await ask(port, post('/a', 'x')), 'x-outrigger-fallback'), undefined)
  t.equal(field(await ask(port, post('/a', 'x')), 'x-outrigger-fallback-service'), 'other')
  t.same([origin.requests.length, other.origin.requests.length], [1, 1])
})

t.test('its timeout is its own, and it is told so', async (t) => {
  const clock = new FakeClock()
  const silent: Script = async (peer) => {
    for (;;) await peer.request()
  }
  const other = await otherService(t, silent, 'other', 'sidecar: true\n')
  const blocks = 'timeout: {request: 1s}\nfallback: [{when: [timeout], use: service, service: other, timeout: 300ms}]'
  const { port, origin } = await scene(t, silent, { clock, yaml: [policy(blocks), other.yaml].join('---\n') })
  const answer = ask(port, get('/'))
  await eventually('the request', () => origin.requests.length === 1)
  clock.advance(1010)
  await eventually('the other request', () => other.origin.requests.length === 1)
  t.equal(field(other.origin.requests[0] as Message, 'x-outrigger-timeout-ms'), '300')
  clock.advance(320)
  const got = await answer
  t.equal(got.status, 504)
  t.equal(told(got).reason, 'request_timeout', 'the first failure, as it was')
})

t.test('a service that is asked has fallbacks of its own; an inbound request may ask one', async (t) => {
  const mood = new Moody()
  mood.failing = true
  const other = await otherService(t, mood.script)
  const yaml = [
    policy('fallback: [{when: [any], use: service, service: other}]', '{direction: inbound}'),
    other.yaml,
    'kind: Policy\nname: q\nmatch: {direction: outbound, service: other}\nfallback: [{when: [any], use: static, status: 299}]\n',
  ].join('---\n')
  const { port, proxy } = await scene(t, mood.script, { inbound: true, yaml })
  const got = await ask(port, get('/'))
  t.equal(got.status, 299)
  t.equal(await metric(proxy, 'outrigger_fallback_total', 'direction="inbound"', 'kind="service"'), 1)
  t.equal(await metric(proxy, 'outrigger_fallback_total', 'destination="other"', 'kind="static"'), 1)
})

t.test('in a policy that only watches, failures pass and are counted', async (t) => {
  const mood = new Moody()
  const { port, proxy } = await scene(t, mood.script, { yaml: policy(`mode: shadow\n${CACHED}`, GET_ONLY) })
  await ask(port, get('/a'))
  mood.failing = true
  t.equal((await ask(port, get('/a'))).status, 503)
  const labels = ['policy="fallback"', 'decision="cached"', 'mode="shadow"']
  t.equal(await metric(proxy, 'outrigger_policy_decisions_total', ...labels), 1)
  t.equal(await metric(proxy, 'outrigger_fallback_total'), 0)
})

t.test('an answer that is whole and good costs nothing of it: the one of the origin, byte by byte', async (t) => {
  const { port } = await scene(
    t,
    answering(() => OK),
    { yaml: policy(CACHED, GET_ONLY) },
  )
  const got = await ask(port, get('/'))
  t.equal(text(got), 'hi!')
  t.notOk(field(got, 'x-outrigger-fallback'))
  t.notOk(field(got, 'cache-status'))
})

t.test('the access log has one line, with the reason and every attempt, the other service’s too', async (t) => {
  const mood = new Moody()
  mood.failing = true
  const other = await otherService(t, HI)
  const origin = await startRawOrigin(mood.script)
  t.teardown(() => origin.close())
  const file = join(t.testdir(), 'access.log')
  const yaml = [
    `kind: Sidecar\nname: test\naccessLog: {output: ${file}}\n`,
    `kind: Service\nname: origin\nendpoints: ["127.0.0.1:${origin.port}"]\n`,
    other.yaml,
    policy('fallback: [{when: [any], use: service, service: other}]'),
  ]
  const proxy = await startProxy(yaml.join('---\n'))
  t.teardown(() => proxy.stop())
  await ask(proxy.outbound, get('/a'))
  const lines = await eventually('a line', () => readFileSync(file, 'utf8').trim())
  const [line] = lines.split('\n').map((text) => JSON.parse(text) as Record<string, unknown>)
  t.match(line, { status: 200, reason: '503', service: 'origin', upstream: `127.0.0.1:${other.origin.port}` })
  t.match(JSON.stringify(line), /"attempts":2|"attempts":\[.*503.*200.*\]/)
})

t.test(
  'a service that only fallbacks ask is counted, though nobody asked it for long and somebody scrapes meanwhile',
  async (t) => {
    const clock = new FakeClock()
    const mood = new Moody()
    mood.failing = true
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const held: Script = async (peer) => {
      await peer.request()
      await released
      peer.send(OK)
    }
    const other = await otherService(t, held)
    const yaml = [policy('fallback: [{when: [5xx], use: service, service: other}]'), other.yaml].join('---\n')
    const { port, proxy } = await scene(t, mood.script, { clock, yaml, sidecar: 'metrics: {idle: 1m}' })
    clock.advance(61_000)
    const answer = ask(port, get('/'))
    await eventually('the other request', () => other.origin.requests.length === 1)
    const attempts = () => metric(proxy, 'outrigger_attempts_total', 'destination="other"')
    t.equal(await attempts(), 0, 'it is under way')
    release()
    t.equal(text(await answer), 'hi!')
    t.equal(await attempts(), 1)
    const durations = () => metric(proxy, 'http_client_request_duration_seconds_count', 'destination="other"')
    t.equal(await durations(), 1)
    clock.advance(61_000)
    t.equal(await durations(), 0, 'idle')
  },
)
