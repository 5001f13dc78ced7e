import t from 'tap'
import type { EndpointStates } from '../../../src/core/endpoint-states.ts'
import type { Bulkhead } from '../../../src/policies/bulkhead/bulkhead.ts'
import { type BulkheadConfig, bulkhead } from '../../../src/policies/bulkhead/policy.ts'
import { message } from '../../support/grpc-message.ts'
import {
  Client,
  endpointInfo,
  type RequestOptions,
  requestHead,
  routeInfo,
  settled,
  testScope,
  Upstream,
} from '../../support/stubs.ts'

const CONFIG: BulkheadConfig = { maxConcurrent: 1, maxQueue: 1, maxQueueWait: 200, maxStreams: 1, per: 'service' }
const SSE = ['content-type', 'text/event-stream']

function stack(config: BulkheadConfig = CONFIG) {
  const scope = testScope()
  const upstream = new Upstream()
  const dispatch = bulkhead.create(config, scope).request!(upstream.dispatch)
  const state = () => (scope.states.values().next().value as Bulkhead).snapshot()
  const ask = (options: RequestOptions = {}) => {
    const client = new Client()
    return { client, body: dispatch(requestHead(options), client) }
  }
  return { upstream, ask, state, events: scope.events.log }
}

t.test('what proves to be a stream moves to maxStreams and frees its slot', async (t) => {
  const { upstream, ask, state } = stack()
  const { client } = ask({ upgrade: 'websocket' })
  ask({ path: '/queued' })
  upstream.last.head(101)
  t.same(client.log, ['head 101'])
  await settled()
  t.equal(upstream.last.request.target, '/queued')
  t.match(state(), { inflight: 1, streams: 1, queued: 0 })
  upstream.calls[0]!.finish()
  t.match(state(), { inflight: 1, streams: 0 })
})

t.test('one stream too many is refused at its head, and its call aborted', async (t) => {
  const { upstream, ask, state, events } = stack()
  ask()
  upstream.last.head(200, SSE)
  const { client } = ask()
  upstream.last.head(200, SSE)
  t.same(client.log, ['fail bulkhead_full'])
  t.same(upstream.last.log, ['abort bulkhead_full'])
  t.match(state(), { inflight: 0, streams: 1 })
  t.same(events, ['rejected bulkhead_full'])
})

t.test('a route that is said to stream takes a stream place from the start', async (t) => {
  const { upstream, ask, state } = stack()
  const route = routeInfo('inventory', '*', true)
  ask({ route })
  t.match(state(), { inflight: 0, streams: 1 })
  const { client } = ask({ route })
  await settled()
  t.same(client.log, ['fail bulkhead_full'])
  t.equal(upstream.calls.length, 1, 'the upstream never heard of the second')
  upstream.last.head(200, SSE)
  upstream.last.finish()
  t.match(state(), { inflight: 0, streams: 0 })
})

t.test('without maxStreams a stream stays in its slot', async (t) => {
  const { maxStreams: _none, ...without } = CONFIG
  const { upstream, ask, state } = stack(without)
  ask({ upgrade: 'websocket' })
  upstream.last.head(101)
  t.match(state(), { inflight: 1, streams: 0, maxStreams: 0 })
  upstream.last.finish()
  t.equal(state().inflight, 0)
})

t.test('per endpoint: a full endpoint is not eligible, and its slot is taken beneath the pick', async (t) => {
  const scope = testScope()
  const upstream = new Upstream()
  const parts = bulkhead.create({ ...CONFIG, per: 'endpoint' }, scope)
  t.equal(parts.request, undefined)
  const dispatch = parts.picked!(upstream.dispatch)
  const one = endpointInfo('10.0.0.1:80')
  const two = endpointInfo('10.0.0.2:80')
  t.ok(parts.eligible!.admits(one, requestHead()))
  dispatch(requestHead({ endpoint: one }), new Client())
  t.notOk(parts.eligible!.admits(one, requestHead()))
  t.ok(parts.eligible!.admits(two, requestHead()))
  t.equal(parts.eligible!.refusal(one).reason, 'bulkhead_full')
  const client = new Client()
  dispatch(requestHead({ endpoint: one }), client)
  await settled()
  t.same(client.log, ['fail bulkhead_full'], 'nobody waits for one endpoint')
  const states = scope.states.values().next().value as EndpointStates<Bulkhead>
  t.same(
    [...states.members()].map((state) => state.snapshot().key),
    ['10.0.0.1:80', '10.0.0.2:80'],
  )
  upstream.last.finish()
  t.ok(parts.eligible!.admits(one, requestHead()))
})

const CALL = { method: 'POST', grpc: true, bodyLength: -1 }

t.test('a gRPC call is a stream from its second message on, in either direction', async (t) => {
  for (const direction of ['request', 'answer']) {
    const { upstream, ask, state } = stack()
    const { body, client } = ask(CALL)
    const { calls } = upstream
    const send = (chunk: Buffer) => (direction === 'request' ? body.data(chunk) : calls[0]!.send(chunk))
    if (direction === 'answer') calls[0]!.head()
    send(message('one').subarray(0, 6))
    send(message('one').subarray(6))
    t.match(state(), { inflight: 1, streams: 0 }, direction)
    send(message(''))
    t.match(state(), { inflight: 0, streams: 1 }, direction)
    send(message('three'))
    t.match(state(), { inflight: 0, streams: 1 }, direction)
    t.equal(direction === 'request' ? calls[0]!.log.length : client.log.length, direction === 'request' ? 4 : 5)
    calls[0]!.finish()
    t.match(state(), { inflight: 0, streams: 0 }, direction)
  }
})

t.test('a gRPC call that would be one stream too many is ended at its second message', async (t) => {
  const { upstream, ask, state, events } = stack()
  const one = ask(CALL)
  one.body.data(Buffer.concat([message('a'), message('b')]))
  const { client } = ask(CALL)
  upstream.last.head()
  upstream.last.send(message('first'))
  upstream.last.send(message('second'))
  t.same(client.log.at(-1), 'fail bulkhead_full')
  t.notMatch(client.body, 'second')
  t.same(upstream.last.log, ['abort bulkhead_full'])
  t.match(state(), { inflight: 0, streams: 1 })
  t.same(events, ['rejected bulkhead_full'])
})

t.test('what a gRPC client sends behind the end of its call moves nothing', async (t) => {
  const { upstream, ask, state } = stack()
  const { body } = ask(CALL)
  body.data(message('one'))
  upstream.last.head(200, ['grpc-status', '7'])
  upstream.last.finish()
  body.data(message('two'))
  t.match(state(), { inflight: 0, streams: 0 })
})

t.test('a gRPC route that is said to be unary keeps its slot, and unary calls keep theirs', async (t) => {
  const { upstream, ask, state } = stack()
  const { body } = ask({ ...CALL, route: routeInfo('inventory', '*', false) })
  body.data(Buffer.concat([message('a'), message('b')]))
  t.match(state(), { inflight: 1, streams: 0 })
  upstream.last.finish()
  ask(CALL).body.data(message('only'))
  upstream.last.head()
  upstream.last.send(message('only'))
  t.match(state(), { inflight: 1, streams: 0 })
})
