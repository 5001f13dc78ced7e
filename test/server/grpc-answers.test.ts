/** What a gRPC client gets when the answer, or its end, is our own. */
import http2 from 'node:http2'
import t, { type Test } from 'tap'
import { FakeClock } from '../support/fake-clock.ts'
import { begin, Call, grpcOrigin, reply, session, unary } from '../support/grpc-call.ts'
import { message } from '../support/grpc-message.ts'
import { answer, field, metric, request } from '../support/ask.ts'
import { services, startProxy, type ProxyOptions } from '../support/proxy.ts'
import { connect } from '../support/raw.ts'

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR } = http2.constants

type OnStream = Parameters<typeof grpcOrigin>[1]

function policy(blocks: string): string {
  return `kind: Policy\nname: p\nmatch: {direction: outbound, service: origin}\n${blocks}\n`
}

async function scene(t: Test, on: OnStream, more = '', options: ProxyOptions = {}) {
  const port = await grpcOrigin(t, on)
  const proxy = await startProxy(services({ origin: port, nobody: 1 }, more), options)
  t.teardown(() => proxy.stop())
  return { proxy, client: session(t, proxy.outbound) }
}

t.test('a refusal is a status in a head that is all there is', async (t) => {
  const { client } = await scene(t, reply)
  for (const [authority, status, reason] of [
    ['unknown', '12', 'route_not_found'],
    ['nobody', '14', 'connect_failure'],
  ] as const) {
    const call = await unary(client, '/shop.Stock/Reserve', { ':authority': authority })
    t.ok(call.trailersOnly, 'END_STREAM stands on the head')
    t.match(call.head, {
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-status': status,
      'x-outrigger-reason': reason,
    })
    t.match(call.head!['grpc-message'], new RegExp(`^${reason}: [a-z ]+$`))
    t.match(call.head!['proxy-status'], `details="${reason}"`)
    t.notOk(call.head!['content-length'])
    t.notOk(call.head!['grpc-retry-pushback-ms'])
    t.equal(call.resetCode, 0)
  }
})

t.test('what is no gRPC call gets a status of HTTP', async (t) => {
  const { client } = await scene(t, reply)
  for (const fields of [
    { 'content-type': 'application/grpc-web+proto' },
    { 'content-type': 'application/json' },
    { ':method': 'PUT' },
  ]) {
    const call = await unary(client, '/', { ':authority': 'unknown', ...fields })
    t.equal(call.head![':status'], 404, JSON.stringify(fields))
    t.equal(call.head!['content-type'], 'application/json')
    t.equal(call.status, undefined)
  }
})

t.test('an HTTP/1.1 client is told the length', async (t) => {
  const { proxy } = await scene(t, reply)
  const client = await connect(proxy.outbound)
  t.teardown(() => client.destroy())
  client.send(request('POST /a.B/C', ['Host: unknown', 'Content-Type: application/grpc'], ''))
  const got = await answer(client)
  t.match(got.start, '200')
  t.equal(field(got, 'grpc-status'), '12')
  t.equal(field(got, 'content-length'), '0')
  t.equal(got.body.length, 0)
})

t.test('whoever sheds load says that nobody shall try again', async (t) => {
  const { client } = await scene(t, () => {}, policy('bulkhead: {maxConcurrent: 1}'))
  const held = new Call(client, '/a.B/C')
  held.stream.end(message('first'))
  const refused = await unary(client, '/a.B/C')
  t.match(refused.head, { 'grpc-status': '14', 'x-outrigger-reason': 'bulkhead_full', 'grpc-retry-pushback-ms': '-1' })
  held.stream.close()
})

t.test('an answer that breaks off between two messages ends with a status', async (t) => {
  const { client, proxy } = await scene(t, (stream) => {
    begin(stream)
    stream.write(Buffer.concat([message('one'), message('two')]))
    stream.on('data', () => stream.close(NGHTTP2_INTERNAL_ERROR))
  })
  const call = new Call(client, '/a.B/C')
  await call.received(16)
  call.stream.write(message('now break'))
  await call.over
  t.ok(call.body.equals(Buffer.concat([message('one'), message('two')])))
  t.match(call.trailers, { 'grpc-status': '14', 'x-outrigger-reason': 'upstream_reset' })
  t.match(call.trailers!['grpc-message'], /^upstream_reset: /)
  t.equal(call.resetCode, 0)
  t.same(
    proxy.log.filter((line) => line.startsWith('error')),
    [],
  )
})

t.test('a call that its server cancels is cancelled, not unavailable', async (t) => {
  const { client } = await scene(t, (stream) => void stream.on('data', () => stream.close(NGHTTP2_CANCEL)))
  const call = new Call(client, '/a.B/C')
  call.stream.write(message('now'))
  await call.over
  t.equal(call.status, undefined)
  t.equal(call.resetCode, NGHTTP2_CANCEL)
})

t.test('an answer that breaks off inside a message is reset', async (t) => {
  for (const cut of [1, 4, 5, 7]) {
    const { client } = await scene(t, (stream) => {
      begin(stream)
      stream.write(Buffer.concat([message('one'), message('two').subarray(0, cut)]))
      stream.on('data', () => stream.close(NGHTTP2_INTERNAL_ERROR))
    })
    const call = new Call(client, '/a.B/C')
    await call.received(8 + cut)
    call.stream.write(message('now break'))
    await call.over
    t.equal(call.trailers, undefined, `${cut} bytes of the second message`)
    t.not(call.resetCode, 0)
  }
})

t.test('an answer of HTTP alone goes through as it came, and its end is no status', async (t) => {
  const { client } = await scene(t, (stream) => {
    stream.respond({ ':status': 502, 'content-type': 'text/html' })
    stream.end('<h1>Bad Gateway</h1>')
  })
  const call = await unary(client, '/a.B/C')
  t.match(call.head, { ':status': 502, 'content-type': 'text/html' })
  t.equal(call.body.toString(), '<h1>Bad Gateway</h1>')
  t.equal(call.status, undefined)
})

t.test('an HTML page that breaks off is reset', async (t) => {
  const { client } = await scene(t, (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'text/html' })
    stream.write('<h1>')
    stream.on('data', () => stream.close(NGHTTP2_INTERNAL_ERROR))
  })
  const call = new Call(client, '/a.B/C')
  await call.received(4)
  call.stream.write(message('now break'))
  await call.over
  t.equal(call.trailers, undefined)
  t.not(call.resetCode, 0)
})

t.test('a fallback answers with its status, and only where it has one', async (t) => {
  const entries = [
    '{when: [connect_failure], use: static, body: "{}"}',
    '{when: [any], use: static, grpcStatus: NOT_FOUND, headers: {x-degraded: "yes", grpc-status: "0"}}',
  ]
  const more = `kind: Policy\nname: p\nmatch: {direction: outbound, service: nobody}\nfallback: [${entries.join(', ')}]\n`
  const { client } = await scene(t, reply, more)
  const call = await unary(client, '/a.B/C', { ':authority': 'nobody' })
  t.ok(call.trailersOnly)
  t.match(call.head, {
    ':status': 200,
    'content-type': 'application/grpc',
    'grpc-status': '5',
    'grpc-message': 'a fallback answers for connect_failure',
    'x-outrigger-fallback': 'static',
    'x-outrigger-reason': 'connect_failure',
    'x-degraded': 'yes',
  })
  const plain = await unary(client, '/a.B/C', { ':authority': 'nobody', 'content-type': 'application/json' })
  t.match(plain.head, { ':status': 200, 'content-type': 'application/json' })
  t.equal(plain.body.toString(), '{}')
})

t.test('`any` of a fallback covers what a server gives for its own failures, and no other status', async (t) => {
  const statuses = { UNKNOWN: 2, NOT_FOUND: 5, RESOURCE_EXHAUSTED: 8, INTERNAL: 13, UNAVAILABLE: 14 }
  const { client } = await scene(
    t,
    (stream, fields) => {
      const name = String(fields[':path']).slice('/a.B/'.length) as keyof typeof statuses
      const head = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': statuses[name] }
      if (name in statuses) stream.respond(head, { endStream: true })
      else stream.respond({ ':status': 404 }, { endStream: true })
    },
    policy('fallback: [{when: [any], use: static, grpcStatus: ABORTED}]'),
  )
  const heard = async (name: string) => (await unary(client, `/a.B/${name}`)).head?.['grpc-status']
  for (const name of ['UNKNOWN', 'INTERNAL', 'UNAVAILABLE']) t.equal(await heard(name), '10', name)
  t.equal(await heard('NOT_FOUND'), '5')
  t.equal(await heard('RESOURCE_EXHAUSTED'), '8')
  t.equal(await heard('nothing'), undefined, 'a 404 is a 404 though clients make UNIMPLEMENTED of it')
})

t.test(
  'a timeout behind whole messages is DEADLINE_EXCEEDED, and the upstream is told that nobody reads',
  async (t) => {
    const clock = new FakeClock()
    let cancelled = (_code: number) => {}
    const reset = new Promise<number>((resolve) => {
      cancelled = resolve
    })
    const { client, proxy } = await scene(
      t,
      (stream) => {
        begin(stream)
        stream.write(message('one'))
        stream.on('close', () => cancelled(stream.rstCode))
      },
      policy('timeout: {maxStream: 10s}'),
      { clock },
    )
    const call = new Call(client, '/a.B/C')
    call.stream.end(message('ask'))
    await call.received(8)
    clock.advance(11_000)
    await call.over
    t.match(call.trailers, { 'grpc-status': '4', 'x-outrigger-reason': 'max_stream_duration' })
    const labels = ['http_response_status_code="200"', 'error_type="max_stream_duration"']
    t.equal(await metric(proxy, 'http_server_request_duration_seconds_count', ...labels), 1, 'a 200, and no success')
    t.equal(await reset, http2.constants.NGHTTP2_CANCEL)
  },
)
