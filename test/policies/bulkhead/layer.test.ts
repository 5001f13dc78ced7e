import t from 'tap'
import { ProxyError } from '../../../src/core/errors.ts'
import type { RequestBody } from '../../../src/core/exchange.ts'
import type { Bulkhead } from '../../../src/policies/bulkhead/bulkhead.ts'
import { type BulkheadConfig, bulkhead } from '../../../src/policies/bulkhead/policy.ts'
import {
  Client,
  type RequestOptions,
  requestHead,
  routeInfo,
  settled,
  testScope,
  Upstream,
} from '../../support/stubs.ts'
import { lent } from '../../support/lent.ts'

const LEFT = new ProxyError('client_cancelled', 'downstream', 'no', 'left')
const RESET = new ProxyError('upstream_reset', 'upstream', 'unanswered', 'reset')

function stack(config: Partial<BulkheadConfig> = {}) {
  const scope = testScope()
  const upstream = new Upstream()
  const whole: BulkheadConfig = { maxConcurrent: 1, maxQueue: 2, maxQueueWait: 200, per: 'service', ...config }
  const layer = bulkhead.create(whole, scope).request!
  const dispatch = layer(upstream.dispatch)
  const state = () => (scope.states.values().next().value as Bulkhead).snapshot()
  const ask = (options: RequestOptions = {}) => {
    const client = new Client()
    const body: RequestBody = dispatch(requestHead(options), client)
    return { client, body }
  }
  return { scope, upstream, state, ask, events: scope.events.log, clock: scope.clock }
}

t.test('a slot is held until the body of the answer has ended', async (t) => {
  const { upstream, state, ask } = stack({ maxQueue: 0 })
  const first = ask()
  upstream.last.head()
  upstream.last.send('x')
  t.equal(state().inflight, 1)
  const second = ask()
  t.same(second.client.log, [], 'no answer before dispatch returned')
  await settled()
  t.same(second.client.log, ['fail bulkhead_full'])
  upstream.last.finish()
  t.equal(state().inflight, 0)
  t.same(first.client.log, ['head 200', 'data x', 'end'])
})

t.test('a refusal is ours, never retried, and says when to come back', async (t) => {
  const { ask, events } = stack({ maxQueue: 0 })
  ask()
  const { client } = ask()
  await settled()
  t.match(client.error, { reason: 'bulkhead_full', source: 'proxy', retryable: 'no', retryAfter: 1 })
  t.match(client.error?.cause, 'per service of inventory is full: 1 in flight')
  t.same(events, ['rejected bulkhead_full'])
})

t.test('who waits is served first in, first out', async (t) => {
  const { upstream, ask, clock, events, state } = stack()
  ask({ path: '/1' })
  ask({ path: '/2' })
  ask({ path: '/3' })
  t.match(state(), { inflight: 1, queued: 2 })
  clock.advance(30)
  upstream.last.finish()
  await settled()
  t.equal(upstream.last.request.target, '/2')
  upstream.last.finish()
  const late = ask({ path: '/4' })
  await settled()
  t.equal(upstream.last.request.target, '/3', 'a newcomer does not overtake')
  upstream.last.finish()
  await settled()
  t.equal(upstream.last.request.target, '/4')
  upstream.last.finish()
  t.same(late.client.log, ['end'])
  t.match(state(), { inflight: 0, queued: 0 })
  t.same(events, ['waited 30', 'waited 30', 'waited 0'])
  t.equal(clock.pending, 0)
})

t.test('what was sent while waiting reaches the upstream when it starts', async (t) => {
  const { upstream, ask } = stack()
  ask()
  const { body, client } = ask({ method: 'POST', bodyLength: 5 })
  body.data(lent('hello'))
  body.end()
  body.pauseResponse()
  t.same(client.log, ['pauseRequest'])
  upstream.last.finish()
  await settled()
  t.same(upstream.last.log, ['pauseResponse', 'data hello', 'end'])
  t.same(client.log, ['pauseRequest', 'resumeRequest'])
})

t.test('a failure frees the slot as an end does', async (t) => {
  const { upstream, ask, state } = stack()
  ask()
  ask()
  upstream.last.break(RESET)
  await settled()
  t.equal(upstream.calls.length, 2)
  t.match(state(), { inflight: 1, queued: 0 })
})

t.test('a wait ends after maxQueueWait', async (t) => {
  const { ask, clock, state, events } = stack()
  ask()
  const { client } = ask()
  clock.advance(199)
  t.same(client.log, [])
  clock.advance(20)
  t.same(client.log, ['fail bulkhead_queue_timeout'])
  t.match(client.error, { source: 'proxy', retryable: 'no' })
  t.match(state(), { inflight: 1, queued: 0 })
  t.same(events, ['rejected bulkhead_queue_timeout'])
})

t.test('the deadline wins over maxQueueWait', async (t) => {
  const { ask, clock, state, events } = stack()
  ask()
  const { client } = ask({ deadline: 50 })
  clock.advance(70)
  t.same(client.log, ['fail request_timeout'])
  t.equal(state().queued, 0)
  t.same(events, [])
})

t.test('a client that leaves is out of the queue at once', async (t) => {
  const { upstream, ask, state, clock } = stack()
  ask()
  const gone = ask({ path: '/gone' })
  ask({ path: '/next' })
  gone.body.abort(LEFT)
  gone.body.abort(LEFT)
  t.same(gone.client.log, ['fail client_cancelled'])
  t.match(state(), { inflight: 1, queued: 1 })
  upstream.last.finish()
  await settled()
  t.equal(upstream.last.request.target, '/next')
  t.equal(clock.pending, 0)
})

t.test('a client that leaves between the free slot and its turn does not take the slot along', async (t) => {
  const { upstream, ask, state } = stack()
  ask()
  const gone = ask({ path: '/gone' })
  ask({ path: '/next' })
  upstream.last.finish()
  gone.body.abort(LEFT)
  await settled()
  t.equal(upstream.last.request.target, '/next')
  t.match(state(), { inflight: 1, queued: 0 })
})

t.test('a client that leaves while it is served frees its slot', async (t) => {
  const { upstream, ask, state } = stack()
  const { body, client } = ask()
  body.abort(LEFT)
  t.same(client.log, ['fail client_cancelled'])
  t.same(upstream.last.log, ['abort client_cancelled'])
  t.equal(state().inflight, 0)
})

t.test('a client that leaves inside the dispatch of its own request is told once, and leaks nothing', async (t) => {
  const { upstream, ask, state } = stack()
  ask()
  const { body, client } = ask()
  upstream.calls[0]!.finish()
  upstream.during = () => body.abort(LEFT)
  await settled()
  t.same(client.log, ['fail client_cancelled'])
  t.same(upstream.last.log, ['abort client_cancelled'])
  t.match(state(), { inflight: 0, queued: 0 })
})

t.test('a throw while a queued request starts is counted, and costs one request only', async (t) => {
  const { upstream, ask, state, events } = stack()
  ask()
  const unlucky = ask()
  ask({ path: '/next' })
  upstream.during = () => {
    upstream.during = () => {}
    throw new Error('a defect')
  }
  upstream.calls[0]!.finish()
  await settled()
  t.same(unlucky.client.log, ['fail internal_error'])
  t.ok(events.includes('defect bulkhead Error: a defect'))
  t.equal(upstream.last.request.target, '/next')
  t.match(state(), { inflight: 1, queued: 0 })
})

t.test('a request asked for inside the end of another is counted right', async (t) => {
  const { ask, upstream, state } = stack({ maxQueue: 0 })
  const { client } = ask()
  client.on = (what) => {
    if (what === 'end') ask({ path: '/nested' })
  }
  upstream.last.finish()
  t.equal(upstream.last.request.target, '/nested')
  t.equal(state().inflight, 1)
})

t.test('per route and per source have slots of their own', async (t) => {
  const { upstream, ask, scope } = stack({ per: 'source', maxQueue: 0 })
  ask({ source: 'frontend' })
  ask({ source: 'batch' })
  ask({ source: 'batch' })
  await settled()
  t.equal(upstream.calls.length, 2)
  const states = [...scope.states.values()].map((state) => (state as Bulkhead).snapshot().key)
  t.same(states, ['frontend', 'batch'])
})

t.test('a reload with the block unchanged keeps counts and queue', async (t) => {
  const config: BulkheadConfig = { maxConcurrent: 1, maxQueue: 1, maxQueueWait: 200, per: 'route' }
  const route = routeInfo('inventory', '/v1/**')
  const before = testScope({ route })
  const upstream = new Upstream()
  bulkhead.create(config, before).request!(upstream.dispatch)(requestHead(), new Client())
  const after = testScope({ route, after: before })
  bulkhead.create(config, after).request!(upstream.dispatch)(requestHead({ path: '/2' }), new Client())
  t.equal(upstream.calls.length, 1)
  upstream.last.finish()
  await settled()
  t.equal(upstream.last.request.target, '/2')
})
