import t from 'tap'
import type { ResponseHandler } from '../../../src/core/exchange.ts'
import { NO_BODY } from '../../../src/core/forwarding.ts'
import { hedge } from '../../../src/policies/hedge/policy.ts'
import { Client, requestHead, responseHead, testScope } from '../../support/stubs.ts'
import { broken, LEFT, REFUSED, STATED, scene } from './scene.ts'
import { lent } from '../../support/lent.ts'

/** `after` of the scene, and what the wheel may add. */
const DELAY = 48

t.test('an answer in time stays alone', async (t) => {
  const { ask, upstream, clock, decided } = scene()
  const { client } = ask()
  clock.advance(39)
  upstream.last.head()
  upstream.last.finish()
  clock.advance(1000)
  t.strictSame(client.log, ['head 200', 'end'])
  t.equal(upstream.calls.length, 1)
  t.strictSame(decided, [])
  t.equal(clock.pending, 0)
})

t.test('a slow one gets a second beside it; the first good answer wins and the other is cancelled', async (t) => {
  const { ask, upstream, clock, decided } = scene()
  const { client, request } = ask()
  clock.advance(DELAY)
  const [first, second] = upstream.calls
  t.match(
    upstream.calls.map(({ request }) => request.attempt.kind),
    ['first', 'hedge'],
  )
  t.strictSame(second?.log, ['end'], 'it is sent the whole request')
  second?.head()
  t.strictSame(first?.log, ['end', 'abort superseded'])
  second?.send('hi')
  second?.finish()
  t.strictSame(client.log, ['head 200', 'data hi', 'end'])
  t.strictSame(decided, ['hedge won'])
  t.equal(request.exchange.replay, undefined)
})

t.test('the first may win after all', async (t) => {
  const { ask, upstream, clock, decided } = scene()
  const { client } = ask()
  clock.advance(DELAY)
  upstream.calls[0]?.head()
  upstream.calls[0]?.finish()
  t.strictSame(upstream.calls[1]?.log, ['end', 'abort superseded'])
  t.strictSame(client.log, ['head 200', 'end'])
  t.strictSame(decided, ['hedge lost'])
})

t.test('a failure sends the next at once, and its answer is kept until one does better', async (t) => {
  const { ask, upstream, clock, decided } = scene()
  const { client } = ask()
  clock.advance(5)
  const [first] = upstream.calls
  first?.head(503)
  t.equal(upstream.calls.length, 2)
  t.strictSame(first?.log, ['end', 'pauseResponse'], 'what is kept is paused')
  first?.send('sorry')
  upstream.last.head(200)
  upstream.last.finish()
  t.strictSame(client.log, ['head 200', 'end'])
  t.ok(first?.log.includes('abort superseded'))
  t.strictSame(decided, ['hedge won'])
})

t.test('a broken connection sends the next at once', async (t) => {
  const { ask, upstream } = scene()
  const { client } = ask()
  upstream.last.break(broken())
  t.equal(upstream.calls.length, 2)
  upstream.last.head()
  upstream.last.finish()
  t.strictSame(client.log, ['head 200', 'end'])
})

t.test('when every attempt failed the last one goes up, whole', async (t) => {
  const { ask, upstream, clock, decided } = scene()
  const { client } = ask()
  clock.advance(DELAY)
  const [first, second] = upstream.calls
  first?.head(500)
  first?.send('one')
  second?.head(503)
  second?.send('two')
  second?.finish()
  t.ok(first?.log.includes('abort superseded'), 'the older answer is dropped')
  t.strictSame(client.log, ['head 503', 'data two', 'end'])
  t.strictSame(decided, ['hedge failed'])
})

t.test('a kept answer goes up when its rival breaks, with all that came meanwhile', async (t) => {
  const { ask, upstream, clock } = scene()
  const { client } = ask()
  clock.advance(DELAY)
  const [first, second] = upstream.calls
  first?.head(503)
  first?.send('a')
  t.strictSame(client.log, [])
  second?.break(REFUSED)
  t.strictSame(client.log, ['head 503', 'data a'], 'a refusal of our own says less than the answer')
  t.equal(first?.log.at(-1), 'resumeResponse')
  first?.send('b')
  first?.finish()
  t.strictSame(client.log, ['head 503', 'data a', 'data b', 'end'])
})

t.test('a hedge that we refuse ourselves leaves the first alone', async (t) => {
  const { ask, upstream, clock, decided } = scene({ maxExtra: 3 })
  const { client } = ask()
  clock.advance(DELAY)
  upstream.last.break(REFUSED)
  clock.advance(1000)
  t.equal(upstream.calls.length, 2, 'and no further one is tried')
  upstream.calls[0]?.head()
  upstream.calls[0]?.finish()
  t.strictSame(client.log, ['head 200', 'end'])
  t.strictSame(decided, ['hedge refused'])
})

t.test('a refusal of the only attempt goes up at once', async (t) => {
  const { ask, upstream } = scene()
  const { client } = ask()
  upstream.last.break(REFUSED)
  t.strictSame(client.log, ['fail circuit_open'])
  t.equal(upstream.calls.length, 1)
})

t.test('a peer that sheds load is not asked again', async (t) => {
  const { ask, upstream, clock } = scene()
  const { client } = ask()
  upstream.last.head(503, ['x-outrigger-reason', 'overload'])
  upstream.last.finish()
  clock.advance(1000)
  t.strictSame(client.log, ['head 503', 'end'])
  t.equal(upstream.calls.length, 1)
})

t.test('409 idempotency_in_flight never wins a hedge', async (t) => {
  const { ask, upstream, clock } = scene({ methods: ['POST'], maxExtra: 3 })
  const { client, body } = ask({ method: 'POST', bodyLength: 2, headers: ['idempotency-key', '"1"'] })
  body.data(lent('hi'))
  body.end()
  clock.advance(DELAY)
  upstream.last.head(409, ['x-outrigger-reason', 'idempotency_in_flight'])
  clock.advance(1000)
  t.strictSame(client.log, [])
  t.equal(upstream.calls.length, 2)
  upstream.calls[0]?.head(201)
  upstream.calls[0]?.finish()
  t.strictSame(client.log, ['head 201', 'end'])
})

t.test('nothing is sent before the request is whole, nor again what is too large to keep', async (t) => {
  const { ask, upstream, clock } = scene({ methods: ['PUT'] })
  const slow = ask({ method: 'PUT', bodyLength: 4 })
  slow.body.data(lent('ab'))
  clock.advance(1000)
  t.equal(upstream.calls.length, 1)
  slow.body.data(lent('cd'))
  slow.body.end()
  clock.advance(DELAY)
  t.strictSame(upstream.last.log, ['data ab', 'data cd', 'end'])
  const large = ask({ method: 'PUT', bodyLength: 70_000 })
  large.body.data(Buffer.alloc(70_000))
  large.body.end()
  clock.advance(1000)
  t.equal(upstream.calls.length, 3)
})

t.test('an answer before the request was whole goes up as it is', async (t) => {
  const { ask, upstream } = scene({ methods: ['PUT'] })
  const { client, body, request } = ask({ method: 'PUT', bodyLength: 4 })
  body.data(lent('ab'))
  upstream.last.head(503)
  t.strictSame(client.log, ['head 503'])
  t.equal(request.exchange.replay, undefined)
  body.data(lent('cd'))
  body.end()
  upstream.last.finish()
  t.strictSame(upstream.last.log, ['data ab', 'data cd', 'end'])
  t.strictSame(client.log, ['head 503', 'end'])
})

t.test('what is not hedged is not touched', async (t) => {
  const { ask, upstream, clock } = scene()
  for (const method of ['POST', 'PUT', 'DELETE']) ask({ method })
  ask({ upgrade: 'websocket' })
  clock.advance(1000)
  t.equal(upstream.calls.length, 4)
  t.equal(clock.pending, 0)
})

t.test('the asker leaves: every attempt is cancelled with its reason, and it is told once', async (t) => {
  const { ask, upstream, clock, decided } = scene({ maxExtra: 2 })
  ask()
  const { client, body } = ask()
  clock.advance(DELAY)
  body.abort(LEFT)
  t.strictSame(client.log, ['fail client_cancelled'])
  t.ok([upstream.calls[1], upstream.calls[3]].every((call) => call?.log.at(-1) === 'abort client_cancelled'))
  clock.advance(1000)
  t.equal(upstream.calls.length, 4)
  t.equal(decided[0], 'hedge cancelled')
})

t.test('the asker leaves while a hedge is being dispatched', async (t) => {
  const { ask, upstream, clock } = scene()
  const { client, body } = ask()
  upstream.during = () => body.abort(LEFT)
  clock.advance(DELAY)
  t.strictSame(client.log, ['fail client_cancelled'])
  t.strictSame(
    upstream.calls.map(({ log }) => log.at(-1)),
    ['abort client_cancelled', 'abort superseded'],
  )
})

t.test('a pause reaches every attempt, also one that comes later', async (t) => {
  const { ask, upstream, clock } = scene()
  const { body } = ask()
  body.pauseResponse()
  clock.advance(DELAY)
  t.strictSame(upstream.calls[1]?.log, ['end', 'pauseResponse'])
  body.resumeResponse()
  t.ok(upstream.calls.every(({ log }) => log.at(-1) === 'resumeResponse'))
})

t.test('interim answers come from the first attempt only', async (t) => {
  const scope = testScope()
  const responses: ResponseHandler[] = []
  const dispatch = hedge.create(STATED, scope).request!((_request, response) => {
    responses.push(response)
    return NO_BODY
  })
  const client = new Client()
  dispatch(requestHead(), client).end()
  scope.clock.advance(DELAY)
  responses[0]?.informational(responseHead(103))
  responses[1]?.informational(responseHead(103))
  t.strictSame(client.log, ['informational 103'])
  responses[1]?.head(responseHead(200))
  responses[1]?.end()
  t.strictSame(client.log, ['informational 103', 'head 200', 'end'])
})

t.test('gRPC: a status in the trailers decides, and a message in time wins', async (t) => {
  const { ask, upstream, clock } = scene({ methods: ['POST'] })
  const { client, body } = ask({ method: 'POST', grpc: true, bodyLength: -1 })
  body.data(lent('question'))
  body.end()
  clock.advance(5)
  const first = upstream.last
  first.head()
  t.strictSame(client.log, [], 'the head is held')
  first.finish(['grpc-status', '14'])
  t.equal(upstream.calls.length, 2, 'the next follows at once')
  t.strictSame(upstream.last.log, ['data question', 'end'])
  t.strictSame(upstream.last.request.headers, ['grpc-previous-rpc-attempts', '1'])
  upstream.last.head()
  upstream.last.send('answer')
  upstream.last.finish(['grpc-status', '0'])
  t.strictSame(client.log, ['head 200', 'data answer', 'end'])
})

t.test('gRPC: a head alone goes up when nothing follows it for 10 ms', async (t) => {
  const { ask, upstream, clock } = scene({ methods: ['POST'] })
  const { client, body } = ask({ method: 'POST', grpc: true, bodyLength: -1 })
  body.end()
  upstream.last.head()
  clock.advance(18)
  t.strictSame(client.log, ['head 200'])
  clock.advance(1000)
  t.equal(upstream.calls.length, 1)
})
