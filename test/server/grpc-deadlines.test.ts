/** The client's own deadline of a gRPC call: honoured, enforced, and told to whoever comes next. */
import http2 from 'node:http2'
import t, { type Test } from 'tap'
import { FakeClock } from '../support/fake-clock.ts'
import { begin, Call, grpcOrigin, reply, session, unary } from '../support/grpc-call.ts'
import { message } from '../support/grpc-message.ts'
import { services, startProxy } from '../support/proxy.ts'
import { fixedRandom } from '../support/stubs.ts'

type OnStream = Parameters<typeof grpcOrigin>[1]

interface Scene {
  readonly clock: FakeClock
  readonly client: http2.ClientHttp2Session
  readonly heads: http2.IncomingHttpHeaders[]
}

interface Options {
  readonly inbound?: boolean
  readonly match?: string
}

async function scene(t: Test, on: OnStream, blocks = '', options: Options = {}): Promise<Scene> {
  const { inbound = false, match = '{direction: outbound, service: origin}' } = options
  const clock = new FakeClock()
  const heads: http2.IncomingHttpHeaders[] = []
  const port = await grpcOrigin(t, (stream, head) => {
    heads.push(head)
    on(stream, head)
  })
  const policy = blocks === '' ? '' : `kind: Policy\nname: p\nmatch: ${match}\n${blocks}\n`
  const app = inbound ? { app: port } : {}
  const proxy = await startProxy(services({ origin: port }, policy), { clock, random: fixedRandom(), ...app })
  t.teardown(() => proxy.stop())
  return { clock, heads, client: session(t, inbound ? proxy.inbound : proxy.outbound) }
}

t.test('grpc-timeout is handed on in its own form, from any client', async (t) => {
  for (const inbound of [true, false]) {
    const { client, heads } = await scene(t, reply, '', { inbound })
    for (const [came, went] of [
      ['2S', '2000m'],
      ['250m', '250m'],
      ['1H', '3600000m'],
      ['99999999H', '99999999H'],
      ['500u', '500u'],
    ] as const) {
      const call = await unary(client, '/a.B/C', { 'grpc-timeout': came })
      t.equal(call.status, '0')
      t.equal(heads.at(-1)!['grpc-timeout'], went, came)
    }
  }
})

t.test('grpc-timeout of no call, or that is none, is nobody of our business', async (t) => {
  const { client, heads } = await scene(t, reply)
  await unary(client, '/', { 'content-type': 'application/json', 'grpc-timeout': '1S' })
  t.equal(heads.at(-1)!['grpc-timeout'], '1S')
  t.notOk(heads.at(-1)!['x-outrigger-timeout-ms'])
  await unary(client, '/a.B/C', { 'grpc-timeout': '1s' })
  t.equal(heads.at(-1)!['grpc-timeout'], '1s')
})

t.test('a call that comes with nothing left is answered at once, and the application is not asked', async (t) => {
  const { client, heads } = await scene(t, reply)
  const call = await unary(client, '/a.B/C', { 'grpc-timeout': '0m' })
  t.match(call.head, { 'grpc-status': '4', 'x-outrigger-reason': 'request_timeout' })
  t.equal(heads.length, 0)
})

t.test('a deadline that comes is DEADLINE_EXCEEDED, and the server is told that nobody waits', async (t) => {
  let asked = (_stream: http2.ServerHttp2Stream) => {}
  const reached = new Promise<http2.ServerHttp2Stream>((resolve) => {
    asked = resolve
  })
  const { client, clock } = await scene(t, (stream) => asked(stream))
  const call = new Call(client, '/a.B/C', { 'grpc-timeout': '800m' })
  call.stream.end(message('ask'))
  const stream = await reached
  const reset = new Promise<number>((resolve) => stream.on('close', () => resolve(stream.rstCode)))
  clock.advance(800)
  await call.over
  t.match(call.head, { 'grpc-status': '4', 'x-outrigger-reason': 'request_timeout' })
  t.equal(await reset, http2.constants.NGHTTP2_CANCEL)
})

t.test('a further attempt is told what is left then', async (t) => {
  let retried = () => {}
  const first = new Promise<void>((resolve) => {
    retried = resolve
  })
  const { client, clock, heads } = await scene(
    t,
    (stream) => {
      if (heads.length > 1) return reply(stream)
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '14' }, { endStream: true })
      stream.on('close', retried)
    },
    'retry: {max: 1, when: [grpc:UNAVAILABLE], backoff: {base: 100ms, max: 100ms, jitter: none}}',
  )
  const call = new Call(client, '/a.B/C', { 'grpc-timeout': '2S' })
  call.stream.end(message('ask'))
  await first
  // The answer of the first attempt is on its way; time passes until the retry is out.
  while (heads.length < 2) {
    clock.advance(8)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await call.over
  t.equal(call.status, '0')
  t.equal(heads[0]!['grpc-timeout'], '2000m')
  const left = Number(heads[1]!['grpc-timeout']!.toString().slice(0, -1))
  t.ok(left <= 1900 && left > 0, `${left} ms after a pause of 100 ms`)
})

t.test("a stream goes on past request, and ends with its client's deadline", async (t) => {
  const streams: http2.ServerHttp2Stream[] = []
  const { client, clock, heads } = await scene(
    t,
    (stream) => {
      begin(stream)
      stream.write(message('one'))
      streams.push(stream)
    },
    'timeout: {request: 1s}',
  )
  const call = new Call(client, '/a.B/C', { 'grpc-timeout': '4S' })
  call.stream.write(message('ask'))
  await call.received(8)
  t.equal(heads[0]!['grpc-timeout'], '4000m', 'request, which ends at the first message, does not cut it')
  t.equal(heads[0]!['x-outrigger-timeout-ms'], '1000')
  clock.advance(2000)
  streams[0]!.write(message('two'))
  await call.received(16)
  clock.advance(2000)
  await call.over
  t.ok(call.body.equals(Buffer.concat([message('one'), message('two')])))
  t.match(call.trailers, { 'grpc-status': '4', 'x-outrigger-reason': 'request_timeout' })
})

t.test('request bounds a method that is said to be unary to its end, and its server is told', async (t) => {
  const streams = new Map<string, http2.ServerHttp2Stream>()
  const { client, clock, heads } = await scene(
    t,
    (stream, head) => {
      begin(stream)
      stream.write(message('one'))
      streams.set(head[':path'] as string, stream)
    },
    'timeout: {request: 800ms}',
    { match: '{direction: outbound, service: origin, routes: [{grpc: a.B/Get, stream: false}, {grpc: a.B/*}]}' },
  )
  const get = new Call(client, '/a.B/Get')
  const watch = new Call(client, '/a.B/Watch')
  for (const call of [get, watch]) {
    call.stream.end(message('ask'))
    await call.received(8)
  }
  const told = Object.fromEntries(heads.map((head) => [head[':path'], head['grpc-timeout']]))
  t.same(told, { '/a.B/Get': '800m', '/a.B/Watch': undefined })
  clock.advance(800)
  await get.over
  t.match(get.trailers, { 'grpc-status': '4', 'x-outrigger-reason': 'request_timeout' })
  streams.get('/a.B/Watch')!.write(message('two'))
  await watch.received(16)
  t.equal(watch.trailers, undefined)
  watch.stream.close()
})

t.test('what belongs to gRPC goes through untouched, both ways', async (t) => {
  const { client, heads } = await scene(t, (stream) => {
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc+proto', 'grpc-encoding': 'gzip', 'trace-bin': 'AAEC' },
      { waitForTrailers: true },
    )
    stream.on('wantTrailers', () =>
      stream.sendTrailers({
        'grpc-status': '9',
        'grpc-message': 'not%20now%25',
        'grpc-status-details-bin': 'CAkSA25v',
        'x-outrigger-reason': 'made_up',
      }),
    )
    stream.end(message('told'))
  })
  const asked = {
    'content-type': 'application/grpc+proto',
    'grpc-encoding': 'identity',
    'grpc-accept-encoding': 'gzip, deflate',
    'grpc-message-type': 'a.B',
    'token-bin': 'AAEC//4',
    te: 'trailers',
    'user-agent': 'grpc-node-js/1',
  }
  const call = await unary(client, '/a.B/C', asked)
  t.match(heads[0], asked)
  t.match(call.head, { 'content-type': 'application/grpc+proto', 'grpc-encoding': 'gzip', 'trace-bin': 'AAEC' })
  t.match(call.trailers, { 'grpc-status': '9', 'grpc-message': 'not%20now%25', 'grpc-status-details-bin': 'CAkSA25v' })
  t.notOk(call.trailers!['x-outrigger-reason'], 'what only one of our kind says is dropped')
  t.ok(call.body.equals(message('told')))
})

t.test('a trailers-only answer stays one', async (t) => {
  const { client } = await scene(t, (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' }, { endStream: true })
  })
  const call = await unary(client, '/a.B/C')
  t.ok(call.trailersOnly)
  t.equal(call.status, '5')
})
