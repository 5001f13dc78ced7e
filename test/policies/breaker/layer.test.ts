import t from 'tap'
import { ProxyError } from '../../../src/core/errors.ts'
import type { Breaker } from '../../../src/policies/breaker/breaker.ts'
import { type BreakerConfig, breaker } from '../../../src/policies/breaker/policy.ts'
import { checkedDispatch } from '../../contract/checked.ts'
import { Ledger } from '../../contract/ledger.ts'
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

const RESET = new ProxyError('upstream_reset', 'upstream', 'unanswered', 'reset')
const LEFT = new ProxyError('client_cancelled', 'downstream', 'no', 'left')
const SUPERSEDED = new ProxyError('superseded', 'proxy', 'no', 'superseded')
const FULL = new ProxyError('bulkhead_full', 'proxy', 'no', 'full')

const CONFIG: BreakerConfig = {
  scope: 'service',
  window: { type: 'count', size: 10, minimumCalls: 4 },
  failureRate: 0.5,
  slowCall: { threshold: 1000, rate: 0.8 },
  open: { base: 5000, max: 30_000, jitter: 0.2 },
  halfOpen: { probes: 2, maxWait: 10_000 },
  failures: ['5xx', 'connect_failure', 'upstream_reset', 'timeout'],
}

function stack(config: Partial<BreakerConfig> = {}) {
  const scope = testScope()
  scope.clock.advance(1)
  const upstream = new Upstream()
  const ledger = new Ledger()
  const layer = breaker.create({ ...CONFIG, ...config }, scope).attempt!
  const dispatch = checkedDispatch(layer(checkedDispatch(upstream.dispatch, 'beneath', ledger)), 'breaker', ledger)
  const it = scope.states.values().next().value as Breaker
  const ask = (options: RequestOptions = {}) => {
    const client = new Client()
    const body = dispatch(requestHead({ startedAt: scope.clock.now(), ...options }), client)
    return { client, body }
  }
  const answer = (status: number) => {
    ask()
    upstream.last.head(status)
    upstream.last.finish()
  }
  const open = () => {
    for (let i = 0; i < 4; i++) answer(500)
  }
  const halfOpen = () => {
    open()
    scope.clock.advance(5000)
  }
  return { scope, clock: scope.clock, events: scope.events, upstream, ledger, it, ask, answer, open, halfOpen }
}

t.test('open: attempts are refused with the time that is left, and never reach the upstream', async (t) => {
  const { ask, open, upstream, clock, events, ledger } = stack()
  open()
  clock.advance(1000)
  const { client } = ask()
  t.same(client.log, [], 'no answer before dispatch returned')
  await settled()
  t.same(client.log, ['fail circuit_open'])
  t.match(client.error, { source: 'proxy', retryable: 'no', retryAfter: 4 })
  t.equal(upstream.calls.length, 4)
  t.same(events.changes, [
    {
      from: 'closed',
      to: 'open',
      id: 'inventory',
      why: 'the service breaker inventory: 4 of 4 calls failed (100 %, limit 50 %); open for 5 s',
    },
  ])
  t.same(ledger.breaches, [])
})

t.test('4xx, 429, our own refusals, superseded attempts and early leavers trip nothing', async (t) => {
  const { ask, answer, upstream, it } = stack()
  for (let i = 0; i < 20; i++) {
    answer(404)
    answer(429)
    ask()
    upstream.last.break(FULL)
    ask()
    upstream.last.break(SUPERSEDED)
    ask().body.abort(LEFT)
  }
  t.match(it.snapshot(), { state: 'closed', calls: 10, failureRatio: 0 })
})

t.test('an outcome is fixed once: a 500 whose body breaks is one failure', async (t) => {
  const { ask, upstream, it, ledger } = stack()
  ask()
  upstream.last.head(500)
  t.match(it.snapshot(), { calls: 1, failureRatio: 1 })
  upstream.last.break(RESET)
  t.match(it.snapshot(), { calls: 1, failureRatio: 1 })
  t.same(ledger.breaches, [])
})

t.test('a 200 that breaks or stalls after its head is a failure', async (t) => {
  const { ask, upstream, it } = stack()
  ask()
  upstream.last.head(200)
  t.equal(it.snapshot().calls, 0, 'not fixed yet')
  upstream.last.break(RESET)
  ask()
  upstream.last.head(200)
  upstream.last.break(new ProxyError('stream_idle_timeout', 'upstream', 'no', 'stalled'))
  t.match(it.snapshot(), { calls: 2, failureRatio: 1 })
})

t.test('a slow call is attempt start to head, never to the end of the body', async (t) => {
  const { ask, upstream, clock, it } = stack()
  ask()
  clock.advance(999)
  upstream.last.head(200)
  clock.advance(60_000)
  upstream.last.finish()
  ask()
  clock.advance(1000)
  upstream.last.head(200)
  upstream.last.finish()
  t.match(it.snapshot(), { calls: 2, slowRatio: 0.5, failureRatio: 0 })
})

t.test('an upstream that hangs longer than its callers wait trips the breaker', async (t) => {
  const { ask, clock, it } = stack()
  for (let i = 0; i < 4; i++) {
    const { body } = ask()
    clock.advance(1500)
    body.abort(LEFT)
  }
  t.match(it.snapshot(), { state: 'open', slowRatio: 1 })
})

t.test('half-open: exactly N concurrent probes, the rest is refused', async (t) => {
  const { ask, halfOpen, upstream, it } = stack()
  halfOpen()
  const before = upstream.calls.length
  const asked = [ask(), ask(), ask(), ask()]
  await settled()
  t.equal(upstream.calls.length - before, 2)
  t.same(
    asked.map(({ client }) => client.error?.reason),
    [undefined, undefined, 'circuit_open', 'circuit_open'],
  )
  t.equal(it.snapshot().state, 'half_open')
})

t.test('half-open: a probe that is cancelled, refused below or superseded releases its permit', async (t) => {
  const { ask, halfOpen, upstream, it } = stack()
  halfOpen()
  ask().body.abort(LEFT)
  ask()
  upstream.last.break(FULL)
  ask()
  upstream.last.head(200)
  upstream.last.break(SUPERSEDED)
  t.equal(it.snapshot().state, 'half_open')
  const { client } = ask()
  upstream.last.head(200)
  upstream.last.finish()
  t.same(client.log, ['head 200', 'end'])
  ask()
  upstream.last.head(200)
  upstream.last.finish()
  t.equal(it.snapshot().state, 'closed')
})

t.test('half-open: an upgrade and a stream return their permits at the head', async (t) => {
  const { ask, halfOpen, upstream, it } = stack()
  halfOpen()
  ask({ upgrade: 'websocket' })
  upstream.last.head(101)
  ask()
  upstream.last.head(200, ['content-type', 'text/event-stream'])
  t.equal(it.snapshot().state, 'closed')
  for (const call of upstream.running) call.break(RESET)
  t.equal(it.snapshot().calls, 0, 'a tunnel that ends is no failed call')
})

t.test('half-open: probes that hang reopen once the wait is over', async (t) => {
  const { ask, halfOpen, clock, it, events } = stack()
  halfOpen()
  ask()
  ask()
  clock.advance(10_000)
  ask()
  t.equal(it.snapshot().state, 'open')
  t.match(events.log, ['closed -> open', 'open -> half_open', 'half_open -> open'])
  t.equal(clock.pending, 0, 'no timer is needed for any of it')
})

t.test('late outcomes of an earlier state count no more', async (t) => {
  const { ask, halfOpen, upstream, it } = stack()
  ask()
  const early = upstream.last
  halfOpen()
  ask()
  early.break(RESET)
  t.equal(it.snapshot().state, 'half_open')
})

t.test('forced states hold, and are seen', async (t) => {
  const { ask, answer, it, events } = stack()
  it.force('open')
  const { client } = ask()
  await settled()
  t.match(client.error, { reason: 'circuit_open', retryAfter: 0 })
  t.match(it.snapshot(), { state: 'open', forced: 'open', opensFor: 0 })
  it.force('closed')
  for (let i = 0; i < 20; i++) answer(500)
  t.match(it.snapshot(), { state: 'closed', forced: 'closed', failureRatio: 1 })
  it.force('auto')
  t.match(it.snapshot(), { state: 'closed', forced: 'auto', calls: 0 })
  t.same(events.log, ['closed -> open', 'open -> closed'])
})

t.test('scope endpoint: what is open is not eligible, the recorder stands beneath the pick', async (t) => {
  const scope = testScope()
  const upstream = new Upstream()
  const parts = breaker.create({ ...CONFIG, scope: 'endpoint' }, scope)
  t.equal(parts.attempt, undefined)
  const dispatch = parts.picked!(upstream.dispatch)
  const bad = endpointInfo('10.0.0.1:80')
  const good = endpointInfo('10.0.0.2:80')
  for (let i = 0; i < 4; i++) {
    for (const endpoint of [bad, good]) {
      dispatch(requestHead({ endpoint }), new Client())
      upstream.last.head(endpoint === bad ? 500 : 200)
      upstream.last.finish()
    }
  }
  t.notOk(parts.eligible!.admits(bad, requestHead()))
  t.ok(parts.eligible!.admits(good, requestHead()))
  t.match(parts.eligible!.refusal(bad), { reason: 'circuit_open', retryAfter: 5, source: 'proxy', retryable: 'no' })
  t.same(scope.events.changes[0]?.id, 'inventory~10.0.0.1:80')
})

t.test('a reload with the block unchanged keeps the counts', async (t) => {
  const { scope, open } = stack()
  open()
  const after = testScope({ after: scope })
  const upstream = new Upstream()
  const client = new Client()
  breaker.create(CONFIG, after).attempt!(upstream.dispatch)(requestHead(), client)
  await settled()
  t.same(client.log, ['fail circuit_open'])
})

t.test('scope route: each template has a breaker with an id fit for a URL', async (t) => {
  const ids: string[] = []
  const make = (scope: BreakerConfig['scope'], template: string, name: string, routes: string[]) => {
    const made = testScope({ route: routeInfo('inventory', template), policy: { name, routes } })
    breaker.create({ ...CONFIG, scope }, made)
    const { id, key } = (made.states.values().next().value as Breaker).snapshot()
    ids.push(id)
    return [id, key]
  }
  t.same(make('service', '*', 'p', []), ['inventory', ''])
  t.same(make('service', '/a', 'writes', ['/a']), ['inventory~writes', 'writes'])
  t.same(make('route', '/v1/items/{id}/**', 'p', []), ['inventory~.v1.items.:id.**', '/v1/items/{id}/**'])
  t.same(make('route', '/writes', 'p', []), ['inventory~.writes', '/writes'])
  t.same(make('route', '*', 'writes', ['/a']), ['inventory~writes~*', 'writes *'])
  make('route', '/v1.items/_x/é', 'p', [])
  make('route', '/v1/items/_x/%C3%A9', 'p', [])
  t.equal(new Set(ids).size, ids.length)
  for (const id of ids) t.match(id, /^[A-Za-z0-9._~:*-]+$/)
})
