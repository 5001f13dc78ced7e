import t from 'tap'
import { ask, eventually, field, get, metric, request } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { values } from '../support/read-message.ts'
import { answering } from '../support/raw-origin.ts'
import { HI, policy, scene } from '../support/scene.ts'

const TRUSTING = 'trust: {peers: [127.0.0.0/8]}'

/** What we add ourselves. */
const OURS = ['via', 'x-outrigger-attempt', 'x-outrigger-timeout-ms', 'x-request-id', 'traceparent', 'b3']

t.test('Fields keep their order, case and number, both ways', async (t) => {
  const { port, origin } = await scene(
    t,
    answering(
      () =>
        'HTTP/1.1 200 Fine\r\nX-B: 1\r\nx-a: 2\r\nSet-Cookie: a\r\nX-b: 3\r\nSet-Cookie: b\r\ncontent-length: 3\r\n\r\nhi!',
    ),
  )
  const got = await ask(port, get('/', 'Host: origin', 'X-B: 1', 'x-a:  2 ', 'X-A: 3', 'aCcEpT: */*', 'X-Empty:'))
  const [sent] = origin.requests
  const theirs = sent!.fields.filter((_, i) => !OURS.includes(sent!.fields[i - (i % 2)]!.toLowerCase()))
  t.strictSame(theirs, ['Host', 'origin', 'X-B', '1', 'x-a', '2', 'X-A', '3', 'aCcEpT', '*/*', 'X-Empty', ''])
  t.equal(got.start, 'HTTP/1.1 200 Fine')
  t.strictSame(got.fields.slice(0, 12), [
    'X-B',
    '1',
    'x-a',
    '2',
    'Set-Cookie',
    'a',
    'X-b',
    '3',
    'Set-Cookie',
    'b',
    'content-length',
    '3',
  ])
  t.strictSame(got.fields.slice(12, 13), ['via'])
})

t.test('Hop-by-hop fields, and those Connection names, go out of requests and answers', async (t) => {
  const { port, origin } = await scene(
    t,
    answering(
      () =>
        'HTTP/1.1 200 OK\r\nConnection: X-Secret, keep-alive\r\nKeep-Alive: timeout=5\r\nX-Secret: 1\r\nProxy-Authenticate: Basic\r\nUpgrade: h2c\r\nX-Kept: 1\r\nContent-Length: 3\r\n\r\nhi!',
    ),
  )
  const hop = ['Connection: X-Mine, te', 'X-Mine: 1', 'Keep-Alive: timeout=5', 'TE: gzip', 'Proxy-Connection: x']
  const got = await ask(port, get('/', ...hop, 'Proxy-Authorization: Basic x', 'X-Kept: 1'))
  const [sent] = origin.requests
  for (const name of ['connection', 'x-mine', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'upgrade']) {
    t.equal(field(sent!, name), undefined, `request ${name}`)
  }
  for (const name of ['connection', 'x-secret', 'keep-alive', 'proxy-authenticate', 'upgrade']) {
    t.equal(field(got, name), undefined, `answer ${name}`)
  }
  t.equal(field(sent!, 'x-kept'), '1')
  t.equal(field(got, 'x-kept'), '1')
})

t.test('TE: trailers stays, also where it stands among codings', async (t) => {
  const { port, origin } = await scene(t, HI)
  const said = ['trailers', 'Trailers', 'gzip, trailers', 'trailers , deflate;q=0.5', 'gzip', 'trailersx, x']
  for (const te of said) await ask(port, get('/', `TE: ${te}`, 'Connection: TE'))
  t.strictSame(
    origin.requests.map((request) => field(request, 'te')),
    ['trailers', 'trailers', 'trailers', 'trailers', undefined, undefined],
  )
})

t.test('A framing field that Connection names is not taken out', async (t) => {
  const { port, origin } = await scene(t, HI)
  await ask(port, request('POST /', ['Connection: Content-Length, Host'], 'abc'))
  t.equal(origin.requests[0]?.body.toString(), 'abc')
  t.equal(field(origin.requests[0]!, 'host'), 'origin')
})

t.test('The upstream gets attempt, request id, Via and a trace; the client gets Via', async (t) => {
  const { port, origin } = await scene(t, HI)
  const got = await ask(port, get('/'))
  const [sent] = origin.requests
  t.equal(field(sent!, 'x-outrigger-attempt'), '1')
  t.match(field(sent!, 'x-request-id'), /^[0-9a-f]{32}$/)
  t.match(field(sent!, 'traceparent'), /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/)
  t.match(field(sent!, 'via'), /^1\.1 outrigger-test-/)
  t.match(field(got, 'via'), /^1\.1 outrigger-test-/)
  t.equal(field(got, 'x-outrigger-attempts'), undefined)
  t.equal(field(sent!, 'x-forwarded-for'), undefined, 'outbound nobody is told who asks')
})

t.test('A request id that came is kept, and never doubled', async (t) => {
  for (const inbound of [false, true]) {
    const { port, origin } = await scene(t, HI, { inbound })
    await ask(port, get('/', 'X-Request-Id: mine'))
    t.strictSame(values(origin.requests[0]!, 'x-request-id'), ['mine'])
  }
})

t.test('Via of others is kept, ours comes behind', async (t) => {
  const { port, origin } = await scene(t, HI)
  await ask(port, get('/', 'Via: 1.0 fred, 1.1 outrigger-other-abc'))
  t.match(
    values(origin.requests[0]!, 'via').join(', '),
    /^1\.0 fred, 1\.1 outrigger-other-abc, 1\.1 outrigger-test-\w+$/,
  )
})

t.test('A request that came through this very instance is 508 loop_detected', async (t) => {
  const { port, origin, proxy } = await scene(t, HI)
  const via = field(await ask(port, get('/')), 'via')
  const got = await ask(port, get('/', `Via: 1.1 x, ${via}`))
  t.equal(got.status, 508)
  t.equal(field(got, 'x-outrigger-reason'), 'loop_detected')
  t.match(field(got, 'proxy-status'), 'error=proxy_loop_detected')
  t.equal(origin.requests.length, 1)
  t.equal(await metric(proxy, 'http_server_request_duration_seconds_count', 'error_type="loop_detected"'), 1)
})

t.test('Through two sidecars in line is no loop', async (t) => {
  const { proxy, origin } = await scene(t, HI)
  const outer = await scene(t, HI, {
    yaml: `kind: Service\nname: behind\nhosts: [behind]\nendpoints: ["127.0.0.1:${proxy.outbound}"]\nhostHeader: origin\n`,
  })
  const got = await ask(outer.port, get('/', 'Host: behind'))
  t.equal(got.status, 200)
  t.equal(values(origin.requests[0]!, 'via').length, 2)
})

t.test('Inbound, what strangers say of themselves goes out, and who they are comes in', async (t) => {
  const { port, origin } = await scene(t, HI, { inbound: true })
  const lies = [
    'X-Forwarded-For: 1.2.3.4',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: a',
    'X-Forwarded-Port: 1',
    'Forwarded: for=x',
  ]
  await ask(
    port,
    get('/', 'Host: shop.test', ...lies, 'X-Outrigger-Attempt: 7', 'Proxy-Status: x', 'X-Outrigger-Timeout-Ms: 1'),
  )
  const [sent] = origin.requests
  t.strictSame(values(sent!, 'x-forwarded-for'), ['127.0.0.1'])
  t.strictSame(values(sent!, 'x-forwarded-proto'), ['http'])
  t.strictSame(values(sent!, 'x-forwarded-host'), ['shop.test'])
  t.strictSame(values(sent!, 'x-forwarded-port'), [])
  t.strictSame(values(sent!, 'forwarded'), [])
  t.strictSame(values(sent!, 'x-outrigger-attempt'), ['1'])
  t.strictSame(values(sent!, 'x-outrigger-timeout-ms'), [])
  t.strictSame(values(sent!, 'proxy-status'), [])
})

t.test('Inbound, x-forwarded-proto is what the connection is, whatever the target says', async (t) => {
  const { port, origin } = await scene(t, HI, { inbound: true })
  await ask(port, 'GET https://shop.test/ HTTP/1.1\r\nHost: shop.test\r\n\r\n')
  t.strictSame(values(origin.requests[0]!, 'x-forwarded-proto'), ['http'])
})

t.test('Inbound, what trusted peers say stays, and the chain grows', async (t) => {
  const { port, origin } = await scene(t, HI, { inbound: true, sidecar: TRUSTING })
  await ask(
    port,
    get('/', 'X-Forwarded-For: 1.2.3.4', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: a', 'Forwarded: for=x'),
  )
  const [sent] = origin.requests
  t.strictSame(values(sent!, 'x-forwarded-for'), ['1.2.3.4, 127.0.0.1'])
  t.strictSame(values(sent!, 'x-forwarded-proto'), ['https'])
  t.strictSame(values(sent!, 'x-forwarded-host'), ['a'])
  t.strictSame(values(sent!, 'forwarded'), ['for=x'])
})

t.test('Inbound, a second X-Forwarded-For of a trusted peer is one chain with the first', async (t) => {
  const { port, origin } = await scene(t, HI, { inbound: true, sidecar: TRUSTING })
  await ask(port, get('/', 'X-Forwarded-For: 1.1.1.1', 'X-Forwarded-For: 2.2.2.2'))
  t.strictSame(values(origin.requests[0]!, 'x-forwarded-for'), ['1.1.1.1, 2.2.2.2, 127.0.0.1'])
})

t.test('Outbound, what our own application says of itself goes on', async (t) => {
  const { port, origin } = await scene(t, HI)
  await ask(port, get('/', 'X-Forwarded-For: 1.2.3.4', 'X-Forwarded-Proto: https'))
  t.strictSame(values(origin.requests[0]!, 'x-forwarded-for'), ['1.2.3.4'])
  t.strictSame(values(origin.requests[0]!, 'x-forwarded-proto'), ['https'])
})

t.test('x-outrigger-timeout-ms of our own application bounds the request, and is handed on', async (t) => {
  const clock = new FakeClock()
  const { client, origin } = await scene(t, async (peer) => void (await peer.request()), { clock })
  const connection = await client()
  connection.send(get('/', 'x-outrigger-timeout-ms: 500'))
  const peer = await origin.peer(0)
  await peer.head()
  await eventually('the request', () => origin.requests.length === 1)
  t.equal(field(origin.requests[0]!, 'x-outrigger-timeout-ms'), '500')
  clock.advance(490)
  t.equal(connection.text, '')
  clock.advance(20)
  t.match(await connection.until('}}\n'), /^HTTP\/1\.1 504 [\s\S]*x-outrigger-reason: request_timeout/)
})

t.test('x-outrigger-timeout-ms is an upper bound: the policy may be stricter', async (t) => {
  const { port, origin } = await scene(t, HI, { clock: new FakeClock(), yaml: policy('timeout: {request: 300ms}') })
  await ask(port, get('/', 'x-outrigger-timeout-ms: 5000'))
  t.equal(field(origin.requests[0]!, 'x-outrigger-timeout-ms'), '300')
})

t.test('Inbound, x-outrigger-timeout-ms counts from trusted peers only', async (t) => {
  const clock = new FakeClock()
  const trusting = await scene(t, HI, { clock, inbound: true, sidecar: TRUSTING })
  await ask(trusting.port, get('/', 'x-outrigger-timeout-ms: 700'))
  t.equal(field(trusting.origin.requests[0]!, 'x-outrigger-timeout-ms'), '700')
  const wary = await scene(t, HI, { clock, inbound: true })
  await ask(wary.port, get('/', 'x-outrigger-timeout-ms: 700'))
  t.equal(field(wary.origin.requests[0]!, 'x-outrigger-timeout-ms'), undefined)
})

t.test('A deadline that has passed is 504 at once, and nobody is asked', async (t) => {
  const { port, origin } = await scene(t, HI)
  const got = await ask(port, get('/', 'x-outrigger-timeout-ms: 0'))
  t.equal(got.status, 504)
  t.equal(field(got, 'x-outrigger-reason'), 'request_timeout')
  t.equal(origin.peers.length, 0)
})

t.test('x-outrigger-timeout-ms that is no number of ms counts for nothing', async (t) => {
  const { port, origin } = await scene(t, HI)
  for (const value of ['', '-1', '1s', '1e3', '99999999999'])
    await ask(port, get('/', `x-outrigger-timeout-ms: ${value}`))
  for (const sent of origin.requests) t.equal(field(sent, 'x-outrigger-timeout-ms'), undefined)
  t.equal(origin.requests.length, 5)
})

t.test(
  'x-outrigger-* and Proxy-Status of an upstream are dropped, and kept where the Service says sidecar: true',
  async (t) => {
    const theirs =
      'X-Outrigger-Reason: circuit_open\r\nx-outrigger-attempts: 3\r\nProxy-Status: b; error=x\r\nContent-Length: 3\r\n\r\nhi!'
    for (const [service, kept] of [
      ['', false],
      ['sidecar: true', true],
    ] as const) {
      const { port } = await scene(
        t,
        answering(() => `HTTP/1.1 503 No\r\n${theirs}`),
        { service },
      )
      const got = await ask(port, get('/'))
      t.equal(field(got, 'x-outrigger-reason'), kept ? 'circuit_open' : undefined)
      t.equal(field(got, 'proxy-status'), kept ? 'b; error=x' : undefined)
      t.equal(field(got, 'x-outrigger-attempts'), kept ? '3' : undefined)
    }
  },
)

t.test('Max-Forwards of OPTIONS and TRACE counts down, and ends here at 0', async (t) => {
  const { port, origin } = await scene(t, HI)
  t.equal((await ask(port, request('OPTIONS /x', ['Max-Forwards: 2']))).status, 200)
  t.equal(field(origin.requests[0]!, 'max-forwards'), '1')
  t.equal((await ask(port, request('OPTIONS /x', ['Max-Forwards: 0']))).status, 200)
  t.equal((await ask(port, request('TRACE /x', ['Max-Forwards: 0']))).status, 405)
  t.equal(origin.requests.length, 1)
  await ask(port, get('/', 'Max-Forwards: 0'))
  t.equal(field(origin.requests[1]!, 'max-forwards'), '0', 'of other methods it means nothing')
  await ask(port, request('OPTIONS /x', ['Max-Forwards: 99999999999999999999999']))
  t.equal(field(origin.requests[2]!, 'max-forwards'), '999999', 'no more than anybody counts to, and less each time')
})

t.test('hostHeader says what the upstream gets as Host', async (t) => {
  for (const [setting, wanted] of [
    ['keep', 'origin'],
    ['endpoint', ''],
    ['inner.test', 'inner.test'],
  ] as const) {
    const { port, origin } = await scene(t, HI, { service: `hostHeader: ${setting}` })
    await ask(port, get('/'))
    t.strictSame(values(origin.requests[0]!, 'host'), [wanted === '' ? `127.0.0.1:${origin.port}` : wanted])
  }
})

t.test('A sourceHeader is believed from trusted peers only', async (t) => {
  const sidecar = 'trust: {sourceHeader: x-who, sources: {shop: {cidr: [10.0.0.0/8]}}}'
  const { port, origin } = await scene(t, HI, { inbound: true, sidecar })
  await ask(port, get('/', 'X-Who: shop'))
  t.equal(field(origin.requests[0]!, 'x-who'), undefined)
})
