/** A server that keeps the deadline which it was told, and ends the call a moment before we do. */
import type http2 from 'node:http2'
import t, { type Test } from 'tap'
import { state } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { Call, grpcOrigin, reply, session } from '../support/grpc-call.ts'
import { message } from '../support/grpc-message.ts'
import { services, startProxy } from '../support/proxy.ts'
import { turn } from '../support/raw.ts'

const CANCEL = 8
const UNARY = '{direction: outbound, service: origin, routes: [{grpc: a.B/*, stream: false}]}'

async function scene(t: Test, on: (stream: http2.ServerHttp2Stream, n: number) => void, blocks: string) {
  const clock = new FakeClock()
  clock.advance(1)
  const heads: http2.IncomingHttpHeaders[] = []
  const port = await grpcOrigin(t, (stream, head) => {
    heads.push(head)
    stream.resume()
    const n = heads.length
    stream.on('end', () => on(stream, n))
  })
  const proxy = await startProxy(services({ origin: port }, `kind: Policy\nname: p\nmatch: ${UNARY}\n${blocks}\n`), {
    clock,
  })
  t.teardown(() => proxy.stop())
  return { clock, heads, proxy, client: session(t, proxy.outbound) }
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !holds(); i++) await turn()
}

t.test('request: the client sees DEADLINE_EXCEEDED, whoever is a few ms quicker', async (t) => {
  let asked: http2.ServerHttp2Stream | undefined
  const { clock, client } = await scene(t, (stream) => void (asked = stream), 'timeout: {request: 1s}')
  const call = new Call(client, '/a.B/C')
  call.stream.end(message('ask'))
  await until(() => asked !== undefined)
  clock.advance(995)
  asked?.close(CANCEL)
  await call.over
  t.match({ status: call.status, reset: call.resetCode }, { status: '4', reset: 0 })
})

const OVER = { ':status': 200, 'content-type': 'application/grpc' }

for (const [how, end] of [
  ['RST_STREAM CANCEL', (stream) => stream.close(CANCEL)],
  ['a status in the head', (stream) => stream.respond({ ...OVER, 'grpc-status': '4' }, { endStream: true })],
] as [string, (stream: http2.ServerHttp2Stream) => void][]) {
  t.test(`perTry: the attempt ran out of time, and is retried: ${how}`, async (t) => {
    let asked: http2.ServerHttp2Stream | undefined
    const { clock, heads, client } = await scene(
      t,
      (stream, n) => {
        if (n > 1) reply(stream)
        else asked = stream
      },
      'timeout: {perTry: 500ms}\nretry: {max: 1, when: [timeout], backoff: {base: 1ms, max: 1ms, jitter: none}}',
    )
    const call = new Call(client, '/a.B/C')
    call.stream.end(message('ask'))
    await until(() => asked !== undefined)
    t.equal(heads[0]?.['grpc-timeout'], '500m')
    clock.advance(495)
    end(asked as http2.ServerHttp2Stream)
    let over = false
    void call.over.then(() => (over = true))
    for (let i = 0; i < 200 && !over; i++) {
      clock.advance(1)
      await turn()
    }
    t.match(
      { status: call.status, reset: call.resetCode, attempts: heads.length },
      { status: '0', reset: 0, attempts: 2 },
    )
  })
}

t.test('perTry: a DEADLINE_EXCEEDED that comes long before is the application’s own', async (t) => {
  const { clock, heads, client } = await scene(
    t,
    (stream) => stream.respond({ ...OVER, 'grpc-status': '4' }, { endStream: true }),
    'timeout: {perTry: 500ms}\nretry: {max: 1, when: [timeout], backoff: {base: 1ms, max: 1ms, jitter: none}}',
  )
  clock.advance(1)
  const call = new Call(client, '/a.B/C')
  call.stream.end(message('ask'))
  await call.over
  t.match({ status: call.status, attempts: heads.length }, { status: '4', attempts: 1 })
})

t.test('an upstream that is never in time opens the breaker, also where it cancels by itself', async (t) => {
  const streams: http2.ServerHttp2Stream[] = []
  const { clock, proxy, client } = await scene(
    t,
    (stream) => void streams.push(stream),
    'timeout: {request: 1s}\nbreaker: {scope: service, window: {size: 4, minimumCalls: 4}}',
  )
  for (let n = 0; n < 4; n++) {
    clock.advance(10)
    const call = new Call(client, '/a.B/C', { 'grpc-timeout': '1S' })
    call.stream.end(message('ask'))
    await until(() => streams.length > n)
    clock.advance(995)
    streams[n]?.close(CANCEL)
    await call.over
    t.equal(call.status, '4', 'the client sees a timeout')
  }
  t.match((await state(proxy)).breakers, [{ state: 'open', failureRatio: 1 }])
})
