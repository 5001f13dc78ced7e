import t from 'tap'
import { ProxyError } from '../../../src/core/errors.ts'
import type { ConcurrencySnapshot, Observable } from '../../../src/core/events.ts'
import { concurrency, type ConcurrencyConfig } from '../../../src/policies/concurrency/policy.ts'
import {
  Client,
  type RequestOptions,
  requestHead,
  routeInfo,
  type ScopeOptions,
  settled,
  testScope,
  Upstream,
} from '../../support/stubs.ts'

const TWO: ConcurrencyConfig = { algorithm: 'gradient', min: 2, max: 2 }

function world(config: Partial<ConcurrencyConfig> = {}, options: ScopeOptions = {}) {
  const scope = testScope({ direction: 'inbound', ...options })
  const upstream = new Upstream()
  const dispatch = concurrency.create({ ...TWO, ...config }, scope).request!(upstream.dispatch)
  const ask = (asked: RequestOptions = {}) => {
    const client = new Client()
    const body = dispatch(requestHead({ startedAt: scope.clock.now(), ...asked }), client)
    return { client, body, call: upstream.last }
  }
  const state = () => ([...scope.states.values()][0] as Observable).snapshot() as ConcurrencySnapshot
  return { scope, upstream, ask, state }
}

t.test('Whoever is too many is refused at once; a place is free again at the end of an answer', async (t) => {
  const { ask, upstream, scope, state } = world()
  const first = ask()
  ask()
  const third = ask()
  await settled()
  t.same(third.client.log, ['fail concurrency_limit'])
  t.match(third.client.error, { source: 'proxy', retryable: 'no', retryAfter: 1 })
  t.same(scope.events.log, ['concurrency concurrency_limit'])
  t.equal(upstream.calls.length, 2)
  first.call.head()
  ask()
  t.equal(upstream.calls.length, 2)
  first.call.finish()
  ask()
  t.equal(upstream.calls.length, 3)
  t.match(state(), {
    kind: 'concurrency',
    service: 'inventory',
    policy: 'inventory',
    inflight: 2,
    limit: 2,
    min: 2,
    max: 2,
  })
})

t.test('Every end gives the place back: an answer, a failure, a client that leaves', async (t) => {
  const { ask, state } = world()
  ask().call.finish()
  ask().call.break(new ProxyError('upstream_reset', 'upstream', 'no', ''))
  ask().body.abort(new ProxyError('client_cancelled', 'downstream', 'no', ''))
  t.equal(state().inflight, 0)
})

t.test('Streams give their place back at the head, and gRPC calls with the first message', async (t) => {
  const message = Buffer.from([0, 0, 0, 0, 1, 7])
  const { ask, state } = world()
  ask().call.head(200, ['Content-Type', 'text/event-stream'])
  ask({ upgrade: 'websocket' }).call.head(101)
  ask({ method: 'CONNECT' }).call.head(200)
  ask({ route: routeInfo('inventory', '*', true) }).call.head()
  t.equal(state().inflight, 0)
  t.equal(state().ownMs, null)
  const { call } = ask({ grpc: true })
  call.head()
  call.send(message.subarray(0, 5))
  t.equal(state().inflight, 1)
  call.send(message.subarray(5))
  t.equal(state().inflight, 0)
  call.send(message)
  call.finish()
  t.equal(state().inflight, 0)
})

t.test('A gRPC call that sends a second message is a stream, and not measured', async (t) => {
  const message = Buffer.from([0, 0, 0, 0, 1, 7])
  const { ask, state, scope } = world({ max: 100 })
  const many = Array.from({ length: 5 }, () => ask({ grpc: true, method: 'POST', bodyLength: -1 }))
  for (const { body } of many) body.data(message)
  t.equal(state().inflight, 5)
  for (const { body } of many) body.data(message)
  t.equal(state().inflight, 0)
  scope.clock.advance(5000)
  for (const { body, call } of many) {
    body.end()
    call.head()
    call.finish()
  }
  t.match(state(), { inflight: 0, ownMs: null })
  const unary = ask({ grpc: true, method: 'POST', bodyLength: -1, route: routeInfo('inventory', '*', false) })
  unary.body.data(message)
  unary.body.data(message)
  t.equal(state().inflight, 1, 'what the file says of the route holds')
})

t.test('Failures at once are no speed: only good answers of the upstream are measured', async (t) => {
  const { ask, state, scope } = world({ max: 100 })
  for (let i = 0; i < 10; i++) {
    const calls = [ask(), ask(), ask({ grpc: true }), ask({ bodyLength: 3 })].map(({ call }) => call)
    calls[0]?.head(503)
    calls[1]?.head(429)
    calls[2]?.head(200, ['grpc-status', '14'])
    calls[3]?.head(200)
    for (const call of calls) call.finish()
    ask().call.break(new ProxyError('connect_failure', 'upstream', 'unsent', ''))
  }
  t.equal(state().ownMs, null)
  const limited = world({ max: 100 })
  const calls = Array.from({ length: 5 }, () => limited.ask().call)
  limited.scope.clock.advance(30)
  for (const call of calls) call.head()
  t.match(limited.state(), { ownMs: 30, lastMs: 30 })
  t.same(scope.events.log, [])
})

t.test('What an upload takes is not the time of the answer', async (t) => {
  const { ask, state, scope } = world({ max: 100 })
  const asked = Array.from({ length: 5 }, () => ask({ bodyLength: 3 }))
  scope.clock.advance(500)
  for (const { body } of asked) body.end()
  scope.clock.advance(10)
  for (const { call } of asked) call.head()
  t.equal(state().ownMs, 10)
})

t.test('A client that leaves after longer than usual counts as an answer that took so long', async (t) => {
  const { ask, state, scope } = world({ max: 100 })
  const gone = new ProxyError('client_cancelled', 'downstream', 'no', '')
  const first = Array.from({ length: 5 }, () => ask())
  scope.clock.advance(10)
  for (const { call } of first) {
    call.head()
    call.finish()
  }
  for (let i = 0; i < 20; i++) ask().body.abort(gone)
  const asked = Array.from({ length: 20 }, () => ask())
  scope.clock.advance(300)
  for (const { body } of asked) body.abort(gone)
  t.match(state(), { inflight: 0, ownMs: 10, lastMs: 300 })
  t.ok(state().limit < 20)
})

t.test('Deadlines take the limit down', async (t) => {
  const { ask, state } = world({ max: 100 })
  t.equal(state().limit, 20)
  const asked = Array.from({ length: 5 }, () => ask())
  for (const { body } of asked) body.abort(new ProxyError('request_timeout', 'proxy', 'no', ''))
  t.equal(state().limit, 18)
})

t.test('In shadow mode everybody passes', async (t) => {
  const { ask, upstream, scope, state } = world({}, { mode: 'shadow' })
  for (let i = 0; i < 4; i++) ask()
  t.equal(upstream.calls.length, 4)
  t.same(scope.events.log, ['concurrency would concurrency_limit', 'concurrency would concurrency_limit'])
  t.match(state(), { mode: 'shadow', inflight: 2 })
})

t.test('After a reload of the unchanged block it is as it was, and all routes of a policy share it', async (t) => {
  const before = world()
  before.ask()
  const after = world({}, { after: before.scope, route: routeInfo('inventory', '/a') })
  after.ask()
  const { client } = after.ask()
  await settled()
  t.same(client.log, ['fail concurrency_limit'])
})
