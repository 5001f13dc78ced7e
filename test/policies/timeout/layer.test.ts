import t from 'tap'
import { ProxyError } from '../../../src/core/errors.ts'
import { routeInfo, settled } from '../../support/stubs.ts'
import { scene } from './scene.ts'
import { lent } from '../../support/lent.ts'

const LEFT = new ProxyError('client_cancelled', 'downstream', 'no', 'left')

t.test('the deadline ends the request and tells the upstream', async (t) => {
  const { upstream, ask, clock } = scene('request')
  const { client } = ask({ deadline: 2000 })
  clock.advance(1999)
  t.strictSame(client.log, [])
  clock.advance(1)
  t.strictSame(client.log, ['fail request_timeout'])
  t.strictSame(upstream.last.log, ['end', 'abort request_timeout'])
  t.equal(client.error?.source, 'upstream')
  t.equal(clock.pending, 0)
})

t.test('a deadline that has passed on arrival is refused without a call', async (t) => {
  const { upstream, ask, clock } = scene('request')
  clock.advance(10)
  const { client } = ask({ deadline: 10 })
  t.strictSame(client.log, [], 'not before dispatch returned')
  await settled()
  t.strictSame(client.log, ['fail request_timeout'])
  t.equal(client.error?.source, 'proxy')
  t.equal(upstream.calls.length, 0)
})

t.test('the deadline reaches past the head of a plain answer', async (t) => {
  const { upstream, ask, clock } = scene('request')
  const { client } = ask({ deadline: 400 })
  upstream.last.head()
  upstream.last.send('a')
  clock.advance(400)
  t.strictSame(client.log, ['head 200', 'data a', 'fail request_timeout'])
})

t.test('the deadline stops at the head of an event stream', async (t) => {
  const { upstream, ask, clock } = scene('request')
  const { client } = ask({ deadline: 400 })
  upstream.last.head(200, ['content-type', 'text/event-stream'])
  clock.advance(300_000)
  t.strictSame(client.log, ['head 200'])
  upstream.last.finish()
  t.equal(clock.pending, 0)
})

t.test('the deadline reaches past it where the file says that it is no stream', async (t) => {
  const { upstream, ask, clock } = scene('request')
  const { client } = ask({ deadline: 400, route: routeInfo('inventory', '*', false) })
  upstream.last.head(200, ['content-type', 'text/event-stream'])
  clock.advance(400)
  t.strictSame(client.log, ['head 200', 'fail request_timeout'])
})

const CALL = { method: 'POST', grpc: true, bodyLength: -1 }

t.test('of a gRPC call request reaches to the first message of the answer', async (t) => {
  const { upstream, ask, clock } = scene('request')
  const late = ask({ ...CALL, deadline: 400 })
  upstream.last.head()
  clock.advance(400)
  t.strictSame(late.client.log, ['head 200', 'fail request_timeout'], 'a head alone is no message')
  const { client } = ask({ ...CALL, deadline: 800 })
  upstream.last.head()
  upstream.last.send('a')
  clock.advance(3_000_000)
  t.strictSame(client.log, ['head 200', 'data a'], 'and no silence of less than an hour')
  clock.advance(1_100_000)
  t.equal(client.log.at(-1), 'fail stream_idle_timeout')
  t.equal(clock.pending, 0)
})

t.test('a gRPC call that waits for its first message may be silent for an hour', async (t) => {
  for (const stream of [undefined, true]) {
    const { ask, clock } = scene('request')
    const { client } = ask({ ...CALL, route: routeInfo('inventory', '*', stream) })
    clock.advance(3_500_000)
    t.strictSame(client.log, [])
    clock.advance(600_000)
    t.strictSame(client.log, ['fail stream_idle_timeout'])
  }
})

t.test(
  'of a gRPC call that the file calls unary request reaches to the end, and silence is that of plain HTTP',
  async (t) => {
    const { upstream, ask, clock } = scene('request')
    const route = routeInfo('inventory', '*', false)
    const bounded = ask({ ...CALL, route, deadline: 400 })
    upstream.last.head()
    upstream.last.send('a')
    clock.advance(400)
    t.strictSame(bounded.client.log, ['head 200', 'data a', 'fail request_timeout'])
    const { client } = ask({ ...CALL, route })
    clock.advance(350_000)
    t.strictSame(client.log, ['fail stream_idle_timeout'])
  },
)

t.test('of a gRPC call that the file calls a stream request reaches to the head', async (t) => {
  const { upstream, ask, clock } = scene('request')
  const { client } = ask({ ...CALL, route: routeInfo('inventory', '*', true), deadline: 400 })
  upstream.last.head()
  clock.advance(400_000)
  t.strictSame(client.log, ['head 200'])
})

t.test('grpc-timeout bounds the whole call, streams too', async (t) => {
  for (const stream of [undefined, true, false]) {
    const { upstream, ask, clock } = scene('request')
    const route = routeInfo('inventory', '*', stream)
    const { client } = ask({ ...CALL, route, deadline: 400, grpcDeadline: 960 })
    upstream.last.head()
    upstream.last.send('a')
    clock.advance(959)
    if (stream !== false) t.strictSame(client.log, ['head 200', 'data a'], `stream: ${stream}`)
    clock.advance(1)
    t.strictSame(client.log, ['head 200', 'data a', 'fail request_timeout'], `stream: ${stream}`)
  }
})

t.test('maxStream bounds every gRPC call that may be a stream', async (t) => {
  const { upstream, ask, clock } = scene('request', { maxStream: 1000 })
  const { client } = ask(CALL)
  upstream.last.head()
  upstream.last.send('a')
  clock.advance(1000)
  t.equal(client.log.at(-1), 'fail max_stream_duration')
  const unary = ask({ ...CALL, route: routeInfo('inventory', '*', false) })
  clock.advance(2000)
  t.strictSame(unary.client.log, [])
})

t.test('the deadline holds for the head of an upgrade, and for a refused one', async (t) => {
  const { upstream, ask, clock } = scene('request')
  const waiting = ask({ deadline: 400, upgrade: 'websocket' })
  const refusedOne = ask({ deadline: 400, upgrade: 'websocket' })
  upstream.last.head(403)
  const accepted = ask({ deadline: 400, upgrade: 'websocket' })
  upstream.last.head(101)
  clock.advance(400)
  t.strictSame(waiting.client.log, ['fail request_timeout'])
  t.strictSame(refusedOne.client.log, ['head 403', 'fail request_timeout'])
  t.strictSame(accepted.client.log, ['head 101'])
})

t.test('an answer gives the timer back', async (t) => {
  const { upstream, ask, clock } = scene('request')
  ask({ deadline: 400 })
  ask()
  t.equal(clock.pending, 2)
  for (const call of upstream.calls) {
    call.head()
    call.finish()
  }
  t.equal(clock.pending, 0)
})

t.test('a client that leaves gives the timer back', async (t) => {
  const { ask, clock } = scene('request')
  const { client, body } = ask({ deadline: 400 })
  body.abort(LEFT)
  t.strictSame(client.log, ['fail client_cancelled'])
  t.equal(clock.pending, 0)
})

t.test('silence of the upstream ends the request between the limit and an eighth later', async (t) => {
  const { upstream, ask, clock } = scene('request', { idle: 800 })
  const { client } = ask()
  clock.advance(240)
  upstream.last.head()
  clock.advance(799)
  t.strictSame(client.log, ['head 200'])
  clock.advance(101)
  t.strictSame(client.log, ['head 200', 'fail stream_idle_timeout'])
  t.equal(client.error?.source, 'upstream')
})

t.test('silence from the very start ends at the limit', async (t) => {
  const { ask, clock } = scene('request', { idle: 800 })
  const { client } = ask()
  clock.advance(799)
  t.strictSame(client.log, [])
  clock.advance(9)
  t.strictSame(client.log, ['fail stream_idle_timeout'])
})

t.test('both directions keep an exchange alive', async (t) => {
  const { upstream, ask, clock } = scene('request', { idle: 800 })
  const { client, body } = ask({ upgrade: 'websocket' })
  upstream.last.head(101)
  for (let i = 0; i < 10; i++) {
    clock.advance(700)
    if (i % 2 === 0) body.data(lent('x'))
    else upstream.last.send('y')
  }
  t.notOk(client.over)
  clock.advance(900)
  t.ok(client.over)
})

t.test('a client whose own body stalls is told that it was the client', async (t) => {
  const { ask, clock } = scene('request', { idle: 800 })
  const { client, body } = ask({ method: 'PUT', bodyLength: 10 })
  body.data(lent('half '))
  clock.advance(1000)
  t.strictSame(client.log, ['fail stream_idle_timeout'])
  t.equal(client.error?.source, 'downstream')
})

t.test('an upstream that takes no more of the body is to blame itself', async (t) => {
  const { upstream, ask, clock } = scene('request', { idle: 800 })
  const { client, body } = ask({ method: 'PUT', bodyLength: 10 })
  body.data(lent('half '))
  upstream.last.pauseRequest()
  clock.advance(1000)
  t.equal(client.error?.source, 'upstream')
  const second = ask({ method: 'PUT', bodyLength: 10 })
  upstream.last.pauseRequest()
  upstream.last.resumeRequest()
  clock.advance(1000)
  t.equal(second.client.error?.source, 'downstream')
})

t.test('a client that does not read is to blame itself', async (t) => {
  const { upstream, ask, clock } = scene('request', { idle: 800 })
  const { client, body } = ask()
  upstream.last.head()
  body.pauseResponse()
  clock.advance(1000)
  t.equal(client.error?.source, 'downstream')
})

t.test('a client that reads slowly is alive', async (t) => {
  const { upstream, ask, clock } = scene('request', { idle: 800 })
  const { client, body } = ask()
  upstream.last.head()
  for (let i = 0; i < 5; i++) {
    body.pauseResponse()
    clock.advance(700)
    body.resumeResponse()
  }
  t.notOk(client.over)
})

t.test('streams are given an hour of silence where nobody states idle', async (t) => {
  const { upstream, ask, clock } = scene('request')
  const plain = ask()
  upstream.last.head()
  const stream = ask()
  upstream.last.head(200, ['content-type', 'text/event-stream'])
  clock.advance(340_000)
  t.strictSame(plain.client.log, ['head 200', 'fail stream_idle_timeout'])
  clock.advance(3_200_000)
  t.notOk(stream.client.over)
  clock.advance(600_000)
  t.strictSame(stream.client.log, ['head 200', 'fail stream_idle_timeout'])
})

t.test('maxStream ends streams, busy or not, and nothing else', async (t) => {
  const { upstream, ask, clock } = scene('request', { maxStream: 4000 })
  const plain = ask()
  upstream.last.head()
  const stream = ask({ upgrade: 'websocket' })
  upstream.last.head(101)
  for (let i = 0; i < 4; i++) {
    clock.advance(1000)
    if (!stream.client.over) upstream.last.send('x')
  }
  t.equal(stream.client.error?.reason, 'max_stream_duration')
  t.equal(stream.client.error?.source, 'proxy')
  t.strictSame(plain.client.log, ['head 200'])
})

t.test('early hints are a sign of life', async (t) => {
  const { hint, ask, clock } = scene('request', { idle: 800 })
  const { client } = ask()
  for (let i = 0; i < 5; i++) {
    clock.advance(700)
    hint()
  }
  t.notOk(client.over)
})
