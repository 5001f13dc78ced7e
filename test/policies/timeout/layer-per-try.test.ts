import t from 'tap'
import { ProxyError } from '../../../src/core/errors.ts'
import { routeInfo } from '../../support/stubs.ts'
import { scene } from './scene.ts'
import { lent } from '../../support/lent.ts'

t.test('perTry ends an attempt that is not answered', async (t) => {
  const { upstream, ask, clock } = scene('picked', { perTry: 400 })
  const { client } = ask()
  clock.advance(399)
  t.strictSame(client.log, [])
  clock.advance(1)
  t.strictSame(client.log, ['fail per_try_timeout'])
  t.match(client.error, { source: 'upstream', retryable: 'unanswered' })
  t.strictSame(upstream.last.log, ['end', 'abort per_try_timeout'])
})

t.test('perTry ends with the head of the answer', async (t) => {
  const { upstream, ask, clock, hint } = scene('picked', { perTry: 400 })
  const { client } = ask()
  hint()
  t.equal(clock.pending, 1)
  upstream.last.head()
  t.equal(clock.pending, 0)
  clock.advance(1000)
  upstream.last.finish()
  t.strictSame(client.log, ['informational 103', 'head 200', 'end'])
})

t.test('perTry begins when the body has gone down in full', async (t) => {
  const { ask, clock } = scene('picked', { perTry: 400 })
  const { client, body, request } = ask({ method: 'PUT', bodyLength: -1 })
  clock.advance(1000)
  body.data(lent('a'))
  t.equal(request.attempt.sentAt, 0)
  body.end()
  t.equal(request.attempt.sentAt, 1000)
  clock.advance(399)
  t.strictSame(client.log, [])
  clock.advance(9)
  t.strictSame(client.log, ['fail per_try_timeout'])
})

t.test('perTry does not begin once the answer has', async (t) => {
  const { upstream, ask, clock } = scene('picked', { perTry: 400 })
  const { body } = ask({ method: 'PUT', bodyLength: -1 })
  upstream.last.head(413)
  body.end()
  t.equal(clock.pending, 0)
})

t.test('perTry of an upgrade begins with the attempt', async (t) => {
  const { ask, clock } = scene('picked', { perTry: 400 })
  const { client } = ask({ upgrade: 'websocket' })
  clock.advance(400)
  t.strictSame(client.log, ['fail per_try_timeout'])
})

t.test('perTry leaves it to the deadline where that comes first', async (t) => {
  const { ask, clock } = scene('picked', { perTry: 400 })
  const { request } = ask({ deadline: 300 })
  t.equal(clock.pending, 0)
  t.strictSame(request.attempt.fields, ['x-outrigger-timeout-ms', '300'])
})

t.test('the last retry runs to the deadline', async (t) => {
  const { ask, clock } = scene('picked', { perTry: 400 })
  const { request } = ask({ deadline: 2000 }, 'retry')
  t.equal(clock.pending, 0)
  t.strictSame(request.attempt.fields, ['x-outrigger-timeout-ms', '2000'])
  t.equal(request.attempt.granted, 400)
})

t.test('the last retry keeps to perTry where there is no deadline', async (t) => {
  const { ask, clock } = scene('picked', { perTry: 400 })
  const { client } = ask({}, 'retry')
  clock.advance(400)
  t.strictSame(client.log, ['fail per_try_timeout'])
})

t.test('the next hop is told what is left for this attempt, and for the request where that is more', async (t) => {
  const { ask, clock } = scene('picked', { request: 2000, perTry: 400 })
  const told = (has: Parameters<typeof ask>[0]) => ask(has).request.attempt.fields.join(' ')
  t.equal(told({}), 'x-outrigger-timeout-ms 400 x-outrigger-deadline-ms none')
  t.equal(told({ deadline: 2000 }), 'x-outrigger-timeout-ms 400 x-outrigger-deadline-ms 2000')
  const route = routeInfo('inventory', '*', true)
  const stream = 'x-outrigger-timeout-ms 400 x-outrigger-deadline-ms none'
  t.equal(told({ deadline: 9000, route }), stream, 'a stream goes on behind its head')
  clock.advance(1800)
  t.equal(told({ deadline: 2000 }), 'x-outrigger-timeout-ms 200')
  t.equal(told({ deadline: 2000, route }), 'x-outrigger-timeout-ms 200 x-outrigger-deadline-ms none')
  clock.advance(300)
  t.equal(told({ deadline: 2000 }), 'x-outrigger-timeout-ms 1')
})

t.test('nobody is told of a time that nothing bounds', async (t) => {
  const { ask } = scene('picked', {})
  t.strictSame(ask({}).request.attempt.fields, [])
})

const CALL = { method: 'POST', grpc: true, bodyLength: -1, headers: ['a', 'b', 'Grpc-Timeout', '9S', 'te', 'trailers'] }

t.test('grpc-timeout says what is left of it, and is not cut by what may end at the first message', async (t) => {
  const { ask, upstream, clock } = scene('picked', { perTry: 400 })
  ask({ ...CALL, deadline: 2000, grpcDeadline: 9000 })
  t.strictSame(upstream.last.request.headers, ['a', 'b', 'te', 'trailers', 'grpc-timeout', '9000m'])
  clock.advance(250)
  const { request } = ask({ ...CALL, deadline: 2000, grpcDeadline: 9000 })
  t.strictSame(upstream.last.request.headers, ['a', 'b', 'te', 'trailers', 'grpc-timeout', '8750m'])
  t.strictSame(request.headers, CALL.headers, 'what the client sent stays as it was')
  const told = ['x-outrigger-timeout-ms', '400', 'x-outrigger-deadline-ms', '1750']
  t.strictSame(upstream.last.request.attempt.fields, told)
})

t.test('grpc-timeout of a call that the file calls unary says what is left for this attempt', async (t) => {
  const { ask, upstream } = scene('picked', { perTry: 400 })
  const route = routeInfo('inventory', '*', false)
  ask({ ...CALL, route, grpcDeadline: 9000, deadline: 9000 })
  t.strictSame(upstream.last.request.headers.slice(-2), ['grpc-timeout', '400m'])
  ask({ ...CALL, route, grpcDeadline: 300, deadline: 300 })
  t.strictSame(upstream.last.request.headers.slice(-2), ['grpc-timeout', '300m'])
  ask({ ...CALL, route, headers: [], deadline: 200 })
  t.strictSame(upstream.last.request.headers, ['grpc-timeout', '200m'], 'also where the client had none')
})

t.test('grpc-timeout stays as it came where nothing bounds the call, and on what is no gRPC call', async (t) => {
  const { ask, upstream } = scene('picked', { perTry: 400 })
  ask({ ...CALL, deadline: 2000 })
  t.equal(upstream.last.request.headers, CALL.headers)
  ask({ ...CALL, grpc: false, deadline: 2000 })
  t.equal(upstream.last.request.headers, CALL.headers)
})

t.test('without a bound the next hop is told nothing, and a request without a body is not wrapped', async (t) => {
  const { ask, upstream, clock } = scene('picked')
  const { body, request } = ask()
  t.equal(body, upstream.last)
  t.strictSame(request.attempt.fields, [])
  t.equal(clock.pending, 0)
})

t.test('an attempt carries its limits for those beneath and above', async (t) => {
  const { ask, clock } = scene('picked', { connect: 250, request: 2000 })
  clock.advance(16)
  const { attempt } = ask().request
  t.match(attempt, { connectTimeout: 250, granted: 2000, sentAt: 16 })
  const upload = ask({ method: 'PUT', bodyLength: 3 })
  t.equal(upload.request.attempt.sentAt, 0)
  clock.advance(8)
  upload.body.data(lent('abc'))
  upload.body.end()
  t.equal(upload.request.attempt.sentAt, 24)
})

t.test('a call that its server cancels at the deadline has run out of time', async (t) => {
  const cancelled = new ProxyError('upstream_reset', 'upstream', 'no', 'CANCEL', 0, 8)
  for (const [at, code, reason] of [
    [989, cancelled, 'upstream_reset'],
    [990, cancelled, 'request_timeout'],
    [990, new ProxyError('upstream_reset', 'upstream', 'no', 'INTERNAL_ERROR', 0, 2), 'upstream_reset'],
  ] as const) {
    const { upstream, ask, clock } = scene('picked')
    const { client } = ask({ ...CALL, deadline: 1000, grpcDeadline: 1000 })
    clock.advance(at)
    upstream.last.break(code)
    t.strictSame(client.log, [`fail ${reason}`])
  }
})

t.test('a server that keeps perTry before the request is out says nothing of the attempt', async (t) => {
  const cancelled = new ProxyError('upstream_reset', 'upstream', 'no', 'CANCEL', 0, 8)
  const { upstream, ask, clock } = scene('picked', { perTry: 400 })
  const call = { ...CALL, route: routeInfo('inventory', '*', false), deadline: 2000 }
  clock.advance(1)
  const slow = ask(call)
  clock.advance(395)
  upstream.last.break(cancelled)
  t.strictSame(slow.client.log, ['fail upstream_reset'], 'its client had not sent it')
  const sent = ask(call)
  sent.body.end()
  clock.advance(395)
  upstream.last.break(cancelled)
  t.strictSame(sent.client.log, ['fail per_try_timeout'])
})
