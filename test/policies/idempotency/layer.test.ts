import t from 'tap'
import { fallback } from '../../../src/policies/fallback/policy.ts'
import { idempotency } from '../../../src/policies/idempotency/policy.ts'
import { Client, requestHead, settled, testScope, Upstream } from '../../support/stubs.ts'
import { CONFIG, layers, LEFT, REFUSED, RESET } from './scene.ts'
import { lent } from '../../support/lent.ts'

t.test('a repetition gets the first answer byte for byte, marked, and the upstream is not asked', async (t) => {
  const { upstream, post, events, state } = layers()
  const first = post('k')
  const fields = ['X-Order', '7', 'x-order', '8', 'Date', 'Fri, 15 Jan 2027 07:59:00 GMT']
  upstream.last.head(201, fields)
  upstream.last.send('made')
  upstream.last.finish(['x-sum', '1'])
  t.same(first.client.log, ['head 201', 'data made', 'end'])
  const again = post('"k"')
  t.equal(upstream.calls.length, 1)
  t.same(again.client.log, ['head 201', 'data made', 'end'])
  t.same(again.client.answer?.headers, [...fields, 'Idempotent-Replayed', 'true'])
  t.equal(again.client.answer?.origin, 'replay')
  t.same(events, ['idempotency stored', 'idempotency replayed'])
  t.match(state(), { leased: 0, done: 1, unknown: 0 })
})

t.test('without a key, and with one on a GET, nothing changes', async (t) => {
  const { upstream, post, state, events } = layers()
  for (let i = 0; i < 2; i++) post(undefined)
  for (let i = 0; i < 2; i++) post('k', '', { method: 'GET' })
  for (let i = 0; i < 2; i++) post('k', '', { upgrade: 'websocket' })
  t.equal(upstream.calls.length, 6)
  t.same(events, [])
  t.match(state(), { leased: 0, done: 0 })
})

t.test('a key that is missing or malformed', async (t) => {
  const { upstream, post, events } = layers({ required: true })
  const missing = post(undefined)
  const malformed = post('a b')
  const twice = post('k', 'buy', { headers: ['idempotency-key', 'j'] })
  await settled()
  t.same(
    [missing, malformed, twice].map(({ client }) => client.log),
    Array(3).fill(['fail idempotency_missing']),
  )
  t.equal(upstream.calls.length, 0)
  t.same(events, ['idempotency missing', 'idempotency malformed', 'idempotency malformed'])
})

t.test('another payload, target, type or bearer under a known key', async (t) => {
  const { upstream, post, events } = layers()
  const type = ['Content-Type', 'application/json']
  const bearer = ['Authorization', 'Bearer a']
  post('k', 'buy', { headers: [...type, ...bearer] })
  upstream.last.head(201)
  upstream.last.finish()
  const others = [
    post('k', 'buy 2', { headers: [...type, ...bearer] }),
    post('k', 'buy', { headers: [...type, ...bearer], path: '/other' }),
    post('k', 'buy', { headers: bearer }),
    post('k', 'buy', { headers: [...type, 'Authorization', 'Bearer b'] }),
    post('k', 'buy', { headers: [...type, ...bearer], method: 'PATCH' }),
  ]
  for (const { client } of others) t.same(client.log, ['fail idempotency_mismatch'])
  t.same(post('k', 'buy', { headers: [...type, ...bearer, 'X-Try', '2'] }).client.log, ['head 201', 'end'])
  t.equal(upstream.calls.length, 1)
  t.equal(events.filter((line) => line === 'idempotency mismatch').length, 5)
})

t.test('a key belongs to its source', async (t) => {
  const { upstream, post } = layers()
  post('k', 'buy', { source: 'web' })
  post('k', 'buy', { source: 'app' })
  t.equal(upstream.calls.length, 2)
})

t.test('a duplicate in flight waits for the answer of the first', async (t) => {
  const { upstream, post, open, events, clock } = layers()
  post('k')
  const second = post('k')
  const third = open('k')
  upstream.last.head(201)
  upstream.last.send('made')
  t.same(second.client.log, [])
  upstream.last.finish()
  await settled()
  t.same(second.client.log, ['head 201', 'data made', 'end'])
  t.same(third.client.log, [], 'its payload is not known yet')
  third.body.data(lent('buy'))
  third.body.end()
  t.same(third.client.log, ['head 201', 'data made', 'end'])
  t.same(
    events.map((line) => line.slice('idempotency '.length)),
    ['waited', 'waited', 'stored', 'replayed', 'replayed'],
  )
  t.equal(upstream.calls.length, 1)
  t.equal(clock.pending, 0)
})

t.test('a duplicate waits until its deadline, and half a minute without one', async (t) => {
  const { post, clock } = layers()
  post('k')
  const short = post('k', 'buy', { deadline: 500 })
  const long = post('k')
  clock.advance(510)
  t.same(short.client.log, ['fail idempotency_in_flight'])
  t.equal(short.client.error?.retryAfter, 1)
  clock.advance(29_000)
  t.same(long.client.log, [])
  clock.advance(600)
  t.same(long.client.log, ['fail idempotency_in_flight'])
})

t.test('onConcurrent: refuse does not wait', async (t) => {
  const { post, clock } = layers({ onConcurrent: 'refuse' })
  post('k')
  const second = post('k')
  await settled()
  t.same(second.client.log, ['fail idempotency_in_flight'])
  t.equal(clock.pending, 0)
})

t.test('a duplicate that leaves while it waits leaves nothing behind', async (t) => {
  const { upstream, post, clock } = layers()
  post('k')
  const second = post('k')
  second.body.abort(LEFT)
  t.same(second.client.log, ['fail client_cancelled'])
  t.equal(clock.pending, 0)
  upstream.last.finish()
  await settled()
  t.same(second.client.log, ['fail client_cancelled'])
})

t.test('provably not carried out: the key is free, and who waited is sent', async (t) => {
  const { upstream, post, state } = layers()
  const first = post('k')
  const second = post('k')
  const third = post('k')
  upstream.last.break(REFUSED)
  t.same(first.client.log, ['fail connect_failure'])
  await settled()
  t.equal(upstream.calls.length, 2)
  t.same(upstream.last.log, ['data buy', 'end'])
  upstream.last.head(201)
  upstream.last.finish()
  await settled()
  t.same(second.client.log, ['head 201', 'end'])
  t.same(third.client.log, ['head 201', 'end'])
  t.equal(third.client.answer?.origin, 'replay')
  t.match(state(), { leased: 0, done: 1 })
})

t.test('nobody knows: the key is refused, or free with onUnknown: release', async (t) => {
  for (const onUnknown of ['hold', 'release'] as const) {
    const { upstream, post, events } = layers({ onUnknown })
    post('k')
    upstream.last.break(RESET)
    const again = post('k')
    await settled()
    if (onUnknown === 'hold') t.same(again.client.log, ['fail idempotency_unknown'])
    t.equal(upstream.calls.length, onUnknown === 'hold' ? 1 : 2)
    t.equal(events[0], 'idempotency left_unknown')
  }
})

t.test('an attempt that nobody heard of is not forgotten for a later one that was not sent', async (t) => {
  const { upstream, scope, post } = layers()
  const { client } = post('k')
  // What retry beneath does: a second attempt of the same exchange.
  const { request } = upstream.last
  request.exchange.reached = 1
  upstream.last.break(REFUSED)
  t.same(client.log, ['fail connect_failure'])
  t.same(scope.events.log, ['idempotency left_unknown'])
})

t.test('a 500 is passed on and leaves the key in doubt; a 429 frees it', async (t) => {
  const { upstream, post, state } = layers()
  t.same(answered(500), ['head 500', 'end'])
  t.match(state(), { unknown: 1 })
  answered(429)
  t.match(state(), { leased: 0, done: 0, unknown: 1 })
  function answered(status: number): string[] {
    const { client } = post(`${status}`)
    upstream.last.head(status)
    upstream.last.finish()
    return client.log
  }
})

t.test('what a fallback beneath says is passed on and not kept', async (t) => {
  const scope = testScope({ direction: 'inbound' })
  const upstream = new Upstream()
  const { request, picked } = idempotency.create(CONFIG, scope)
  const entry = { when: ['503', 'connect_failure'], use: 'static', status: 200, contentType: 'text/plain' } as const
  const beneath = fallback.create([{ ...entry, body: 'later', headers: {} }], scope).request!
  const dispatch = request!(beneath(picked!(upstream.dispatch)))
  const post = (key: string) => {
    const client = new Client()
    dispatch(requestHead({ method: 'POST', headers: ['Idempotency-Key', key] }), client).end()
    return client
  }
  const answered = post('a')
  upstream.last.head(503)
  // It may end by itself in the same read, and then its connection lives on.
  await settled()
  t.equal(answered.answer?.origin, 'fallback')
  const refused = post('b')
  upstream.last.break(REFUSED)
  t.equal(refused.answer?.origin, 'fallback')
  t.same(
    scope.events.log.filter((line) => line.startsWith('idempotency')),
    ['idempotency left_unknown', 'idempotency freed'],
  )
})

t.test('a client that leaves with its request whole leaves the upstream at work, and finds the answer', async (t) => {
  const { upstream, post, clock, events } = layers()
  const first = post('k')
  first.body.pauseResponse()
  upstream.last.head(201)
  first.body.abort(LEFT)
  t.same(first.client.log, ['head 201', 'fail client_cancelled'])
  t.same(upstream.last.log, ['data buy', 'end', 'pauseResponse', 'resumeResponse'])
  const second = post('k')
  upstream.last.send('made')
  upstream.last.finish()
  await settled()
  t.same(first.client.log, ['head 201', 'fail client_cancelled'], 'nothing after the terminal')
  t.same(second.client.log, ['head 201', 'data made', 'end'])
  t.same(events, ['idempotency waited', 'idempotency stored', 'idempotency replayed'])
  t.equal(clock.pending, 0)
})

t.test('what goes on without its client is bounded', async (t) => {
  const { upstream, post, clock, state } = layers()
  post('k', 'buy', { deadline: 1000 }).body.abort(LEFT)
  clock.advance(1010)
  t.same(upstream.last.log, ['data buy', 'end', 'abort request_timeout'])
  t.match(state(), { leased: 0, unknown: 1 })
})

t.test('a client that leaves in the midst of its request, or of what cannot be kept, takes it along', async (t) => {
  const { upstream, open, post, state } = layers()
  const first = open('a')
  first.body.data(lent('bu'))
  first.body.abort(LEFT)
  t.same(upstream.last.log, ['data bu', 'abort client_cancelled'])
  const second = post('b')
  upstream.last.head(200)
  upstream.last.send('x'.repeat(101))
  second.body.abort(LEFT)
  t.equal(upstream.last.log.at(-1), 'abort client_cancelled')
  const third = post('c')
  third.body.abort(LEFT)
  upstream.last.head(200)
  upstream.last.send('x'.repeat(101))
  t.equal(upstream.last.log.at(-1), 'abort client_cancelled', 'found too large after its client had left')
  t.match(state(), { leased: 0, unknown: 3 })
})

t.test('over maxBodyBytes: a declared request passes unprotected; an answer passes and is not kept', async (t) => {
  const { upstream, post, events } = layers()
  for (let i = 0; i < 2; i++) post('big', 'x'.repeat(101), { bodyLength: 101 })
  t.equal(upstream.calls.length, 2)
  t.same(events, ['idempotency too_large', 'idempotency too_large'])
  const { client } = post('k')
  upstream.last.head(201)
  upstream.last.send('x'.repeat(60))
  upstream.last.send('x'.repeat(60))
  upstream.last.finish()
  t.equal(client.body.length, 120)
  t.equal(events.at(-1), 'idempotency too_large')
  const again = post('k')
  await settled()
  t.same(again.client.log, ['fail idempotency_unknown'], 'it was carried out; only its answer is lost')
})

t.test('server-sent events are no answer to be kept', async (t) => {
  const { upstream, post, state } = layers()
  post('k')
  upstream.last.head(200, ['content-type', 'text/event-stream'])
  upstream.last.send('data: 1')
  upstream.last.finish()
  t.match(state(), { done: 0, unknown: 1 })
})

t.test('a duplicate that is too large to be kept compares, and is not sent', async (t) => {
  const { upstream, open, events } = layers()
  open('k')
  const second = open('k')
  second.body.data(lent('x'.repeat(101)))
  second.body.end()
  upstream.last.break(REFUSED)
  await settled()
  t.same(second.client.log, ['fail idempotency_in_flight'])
  t.equal(upstream.calls.length, 1)
  t.equal(events.at(-1), 'idempotency in_flight')
})

t.test('a replay stops for a reader that does', async (t) => {
  const { upstream, open, post } = layers({ maxBodyBytes: 1_000_000 })
  post('k')
  upstream.last.head(200)
  for (let i = 0; i < 4; i++) upstream.last.send(Buffer.alloc(50_000, 120))
  upstream.last.finish()
  const { client, body } = open('k')
  client.on = (what) => {
    if (what.startsWith('data')) body.pauseResponse()
  }
  body.data(lent('buy'))
  body.end()
  t.equal(client.body.length, 65_536)
  body.resumeResponse()
  t.equal(client.body.length, 131_072)
  body.abort(LEFT)
  t.equal(client.log.at(-1), 'fail client_cancelled')
  body.resumeResponse()
  t.equal(client.body.length, 131_072)
})

t.test('a duplicate that expects a 100 gets one, or nobody would read its payload', async (t) => {
  const { scope, upstream, post } = layers()
  post('k')
  const dispatch = idempotency.create(CONFIG, scope).request!(upstream.dispatch)
  const client = new Client()
  const head = requestHead({ method: 'POST', bodyLength: 3, headers: ['Idempotency-Key', 'k'] })
  dispatch(Object.assign(Object.create(head), { expectContinue: true }), client)
  t.same(client.log, [], 'not inside dispatch')
  await settled()
  t.same(client.log, ['informational 100'])
})

t.test('state is kept over a reload', async (t) => {
  const before = layers()
  before.post('k')
  before.upstream.last.head(201)
  before.upstream.last.finish()
  const after = layers({}, { after: before.scope })
  t.same(after.post('k').client.log, ['head 201', 'end'])
})

t.test('a gRPC call is kept with its trailers, and not where it says UNAVAILABLE', async (t) => {
  const { upstream, post, state } = layers()
  post('a', 'buy', { grpc: true })
  upstream.last.head(200)
  upstream.last.send('made')
  upstream.last.finish(['grpc-status', '0'])
  t.same(post('a', 'buy', { grpc: true }).client.log, ['head 200', 'data made', 'end'])
  post('b', 'buy', { grpc: true })
  upstream.last.head(200)
  upstream.last.finish(['grpc-status', '14'])
  t.match(state(), { done: 1, unknown: 1 })
})

t.test('shadow: all pass, and what would have been is told', async (t) => {
  const { upstream, post, events } = layers({ required: true }, { mode: 'shadow' })
  post('k')
  post('k')
  upstream.calls[0]?.head(201)
  upstream.calls[0]?.finish()
  post('k', 'other')
  post(undefined)
  post('a b')
  t.equal(upstream.calls.length, 5)
  t.same(events, [
    'idempotency would waited',
    'idempotency would replayed',
    'idempotency would missing',
    'idempotency would malformed',
  ])
})
