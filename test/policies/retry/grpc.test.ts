/** gRPC calls: the status may come in the trailers, and a head is held until it is known what follows it. */
import t from 'tap'
import { ProxyError } from '../../../src/core/errors.ts'
import { get } from '../../../src/core/headers.ts'
import { PEEK } from '../../../src/core/grpc-status.ts'
import { routeInfo } from '../../support/stubs.ts'
import { type AskOptions, LEFT, STEADY, scene } from './scene.ts'
import { lent } from '../../support/lent.ts'

const CALL: AskOptions = { method: 'POST', bodyLength: -1, grpc: true }
const UNAVAILABLE = ['grpc-status', '14']
const OK = ['grpc-status', '0']
/** The wheel's next tick behind the time that a head is held. */
const PEEKED = PEEK + 8

function calling(config: Parameters<typeof scene>[0] = STEADY, asked: AskOptions = {}) {
  const it = scene(config)
  const call = () => {
    const made = it.ask({ ...CALL, ...asked })
    made.body.data(lent('message'))
    made.body.end()
    return made
  }
  return { ...it, call }
}

t.test('UNAVAILABLE in a head alone is retried', async (t) => {
  const { upstream, call, clock } = calling()
  const { client } = call()
  upstream.last.head(200, UNAVAILABLE)
  upstream.last.finish()
  clock.advance(40)
  t.equal(upstream.calls.length, 2)
  t.strictSame(upstream.last.log, ['data message', 'end'])
  upstream.last.head(200)
  upstream.last.send('answer')
  upstream.last.finish(OK)
  t.strictSame(client.log, ['head 200', 'data answer', 'end'])
})

t.test('UNAVAILABLE in trailers behind a head is retried, and nothing of it is seen', async (t) => {
  const { upstream, call, clock } = calling()
  const { client } = call()
  upstream.last.head(200, ['x-which', 'first'])
  t.strictSame(client.log, [], 'the head is held')
  upstream.last.finish(UNAVAILABLE)
  clock.advance(40)
  t.equal(upstream.calls.length, 2)
  t.equal(upstream.last.request.attempt.kind, 'retry')
  upstream.last.head(200, ['x-which', 'second'])
  upstream.last.send('answer')
  upstream.last.finish(OK)
  t.strictSame(client.log, ['head 200', 'data answer', 'end'])
  t.strictSame(client.answer?.headers, ['x-which', 'second'])
  t.equal(clock.pending, 0)
})

t.test('another attempt at once is told of a pause, and of its end', async (t) => {
  const { upstream, call } = calling({ ...STEADY, backoff: { base: 1, max: 1, jitter: 'full' } })
  const { client, body } = call()
  upstream.last.head()
  upstream.last.finish(['grpc-status', '14', 'grpc-retry-pushback-ms', '0'])
  t.equal(upstream.calls.length, 2)
  body.pauseResponse()
  body.resumeResponse()
  t.strictSame(upstream.last.log, ['data message', 'end', 'pauseResponse', 'resumeResponse'])
  upstream.last.head()
  upstream.last.finish(OK)
  t.strictSame(client.log, ['head 200', 'end'])
})

t.test('the first message lets the head go, and nothing is retried behind it', async (t) => {
  const { upstream, call, clock, skipped } = calling()
  const { client } = call()
  upstream.last.head()
  upstream.last.send('one')
  t.strictSame(client.log, ['head 200', 'data one'])
  upstream.last.finish(UNAVAILABLE)
  clock.advance(1000)
  t.equal(upstream.calls.length, 1)
  t.strictSame(client.log, ['head 200', 'data one', 'end'])
  t.strictSame(skipped, ['skipped committed'])
  t.equal(clock.pending, 0)
})

t.test('a head behind which nothing comes is held for so long only', async (t) => {
  const { upstream, call, clock, skipped } = calling()
  const { client } = call()
  upstream.last.head()
  clock.advance(PEEK - 1)
  t.strictSame(client.log, [])
  clock.advance(PEEKED - PEEK + 1)
  t.strictSame(client.log, ['head 200'])
  upstream.last.finish(UNAVAILABLE)
  t.equal(upstream.calls.length, 1)
  t.strictSame(client.log, ['head 200', 'end'])
  t.strictSame(skipped, ['skipped committed'])
})

t.test('trailers behind a message are told of only where they would have been retried', async (t) => {
  for (const [name, config, asked] of [
    ['no retry', { max: 0 }, {}],
    ['no gRPC', STEADY, { grpc: false, method: 'GET' }],
  ] as const) {
    const { upstream, call, skipped } = calling(config, asked)
    const { client } = call()
    upstream.last.head()
    upstream.last.send('message')
    upstream.last.finish(UNAVAILABLE)
    t.strictSame(client.log, ['head 200', 'data message', 'end'], name)
    t.strictSame(skipped, [], name)
  }
})

t.test('trailers that name no listed status pass with their head', async (t) => {
  for (const trailers of [OK, ['grpc-status', '5'], ['grpc-status', '4'], undefined]) {
    const { upstream, call, skipped, clock } = calling()
    const { client } = call()
    upstream.last.head()
    upstream.last.finish(trailers)
    t.strictSame(client.log, ['head 200', 'end'])
    t.strictSame(skipped, [])
    t.equal(clock.pending, 0)
  }
})

t.test('no head is held that need not be', async (t) => {
  const stream = { ...routeInfo(), stream: true }
  const cases: [string, Parameters<typeof scene>[0], AskOptions][] = [
    ['no retry', { max: 0 }, {}],
    ['no gRPC status is listed', { ...STEADY, when: ['503'] }, {}],
    ['a stream by the file', STEADY, { route: stream }],
    ['no gRPC', STEADY, { grpc: false, method: 'GET' }],
    ['a body past what is kept', { ...STEADY, maxBodyBytes: 3 }, {}],
  ]
  for (const [name, config, asked] of cases) {
    const { upstream, call, clock } = calling(config, asked)
    const { client } = call()
    upstream.last.head()
    t.strictSame(client.log, ['head 200'], name)
    t.equal(clock.pending, 0, name)
  }
})

t.test('the last attempt is not held, and what it says passes', async (t) => {
  const { upstream, call, clock, skipped } = calling({ ...STEADY, max: 1 })
  const { client } = call()
  upstream.last.head()
  upstream.last.finish(UNAVAILABLE)
  clock.advance(40)
  upstream.last.head(200, ['x-which', 'second'])
  t.strictSame(client.log, ['head 200'])
  upstream.last.finish(UNAVAILABLE)
  t.strictSame(client.log, ['head 200', 'end'])
  t.strictSame(skipped, ['skipped limit'])
})

t.test('a client that leaves while the head is held has left', async (t) => {
  const { upstream, call, clock } = calling()
  const { client, body } = call()
  upstream.last.head()
  body.abort(LEFT)
  t.strictSame(client.log, ['fail client_cancelled'])
  t.match(upstream.last.log, ['data message', 'end', 'abort client_cancelled'])
  clock.advance(100)
  t.strictSame(client.log, ['fail client_cancelled'])
  t.equal(clock.pending, 0)
})

t.test('a break behind a held head is a failure without a head', async (t) => {
  const { upstream, call, clock, skipped } = calling()
  const { client } = call()
  upstream.last.head()
  upstream.last.break(new ProxyError('upstream_reset', 'upstream', 'no', 'gone'))
  t.strictSame(client.log, ['fail upstream_reset'])
  t.strictSame(skipped, ['skipped committed'])
  t.equal(clock.pending, 0)
})

t.test('a body that overflows while the head is held is not sent again', async (t) => {
  const { upstream, ask, skipped } = scene(STEADY)
  const { client, body } = ask(CALL)
  upstream.last.head()
  body.data(Buffer.alloc(70_000))
  upstream.last.finish(UNAVAILABLE)
  t.strictSame(client.log, ['head 200', 'end'])
  t.strictSame(skipped, ['skipped body_too_large'])
})

t.test('grpc-retry-pushback-ms is a delay to the letter', async (t) => {
  const { upstream, call, clock } = calling()
  call()
  upstream.last.head()
  upstream.last.finish([...UNAVAILABLE, 'grpc-retry-pushback-ms', '800'])
  clock.advance(799)
  t.equal(upstream.calls.length, 1)
  clock.advance(1)
  t.equal(upstream.calls.length, 2)
  upstream.last.head(200, [...UNAVAILABLE, 'grpc-retry-pushback-ms', '0'])
  t.equal(upstream.calls.length, 3, 'at once; and it stands in a head alone as well')
})

t.test('grpc-retry-pushback-ms that is negative or no number means: not again', async (t) => {
  for (const value of ['-1', '-100', 'soon', '', '1.5', '99999999999', '4294967295']) {
    const { upstream, call, clock, skipped } = calling()
    const { client } = call()
    upstream.last.head()
    upstream.last.finish([...UNAVAILABLE, 'grpc-retry-pushback-ms', value])
    t.strictSame(client.log, ['head 200', 'end'], value)
    t.strictSame(skipped, ['skipped pushback'], value)
    t.equal(clock.pending, 0)
  }
})

t.test('grpc-retry-pushback-ms past the deadline: the answer passes', async (t) => {
  const { upstream, call, skipped } = calling(STEADY, { deadline: 500 })
  const { client } = call()
  upstream.last.head()
  upstream.last.finish([...UNAVAILABLE, 'grpc-retry-pushback-ms', '500'])
  t.strictSame(client.log, ['head 200', 'end'])
  t.strictSame(skipped, ['skipped pushback'])
})

t.test('a peer of our kind that sheds load is not asked again', async (t) => {
  const { upstream, call, skipped } = calling()
  const { client } = call()
  upstream.last.head(200, [...UNAVAILABLE, 'x-outrigger-reason', 'circuit_open'])
  upstream.last.finish()
  t.strictSame(client.log, ['head 200', 'end'])
  t.strictSame(skipped, ['skipped pushback'])
})

t.test('grpc-previous-rpc-attempts counts what came before, the client’s own attempts included', async (t) => {
  const told = (headers: string[]) => {
    const { upstream, call, clock } = calling(STEADY, { headers })
    call()
    for (const pause of [40, 120]) {
      upstream.last.head(200, UNAVAILABLE)
      clock.advance(pause)
    }
    return upstream.calls.map(({ request }) => get(request.headers, 'grpc-previous-rpc-attempts'))
  }
  t.strictSame(told([]), [undefined, '1', '2'])
  t.strictSame(told(['grpc-previous-rpc-attempts', '3']), ['3', '4', '5'])
  t.strictSame(told(['grpc-previous-rpc-attempts', 'x']), ['x', '1', '2'])
})

t.test('grpc-previous-rpc-attempts is for gRPC, and not of a transparent retry', async (t) => {
  const { upstream, call } = calling()
  call()
  upstream.last.break(new ProxyError('upstream_reset', 'upstream', 'unsent-reused', 'GOAWAY'))
  t.equal(upstream.last.request.attempt.kind, 'transparent')
  t.strictSame(upstream.last.request.headers, [])
  const plain = scene(STEADY)
  plain.ask()
  plain.upstream.last.head(503)
  plain.clock.advance(40)
  t.strictSame(plain.upstream.last.request.headers, [])
})
