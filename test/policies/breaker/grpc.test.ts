/** A gRPC attempt is what its status says, wherever that stands. */
import t from 'tap'
import { ProxyError } from '../../../src/core/errors.ts'
import type { Layer } from '../../../src/core/exchange.ts'
import type { Headers } from '../../../src/core/headers.ts'
import type { Breaker } from '../../../src/policies/breaker/breaker.ts'
import { type BreakerConfig, breaker } from '../../../src/policies/breaker/policy.ts'
import { schema } from '../../../src/policies/breaker/schema.ts'
import { contractSuite } from '../../contract/suite.ts'
import { Client, requestHead, routeInfo, testScope, Upstream } from '../../support/stubs.ts'

const CONFIG: BreakerConfig = {
  scope: 'service',
  window: { type: 'count', size: 10, minimumCalls: 4 },
  failureRate: 0.5,
  slowCall: { threshold: 1000, rate: 0.8 },
  open: { base: 5000, max: 30_000, jitter: 0 },
  halfOpen: { probes: 2, maxWait: 10_000 },
  failures: schema.properties?.failures?.default as string[],
}

const RESET = new ProxyError('upstream_reset', 'upstream', 'no', 'reset')

function stack(grpc = true, stream?: boolean) {
  const scope = testScope()
  scope.clock.advance(1)
  const upstream = new Upstream()
  const dispatch = breaker.create(CONFIG, scope).attempt!(upstream.dispatch)
  const it = scope.states.values().next().value as Breaker
  const ask = () => {
    const request = requestHead({
      method: 'POST',
      startedAt: scope.clock.now(),
      route: routeInfo('inventory', '*', stream),
    })
    request.exchange.grpc = grpc
    const client = new Client()
    return { client, body: dispatch(request, client) }
  }
  const answer = (head: Headers, trailers?: Headers) => {
    ask()
    upstream.last.head(200, head)
    upstream.last.finish(trailers)
  }
  return { clock: scope.clock, upstream, it, ask, answer }
}

const status = (code: number) => ['grpc-status', String(code)]

t.test('UNAVAILABLE trips it, in a head alone and in trailers', async (t) => {
  for (const [name, head, trailers] of [
    ['a head alone', status(14), undefined],
    ['trailers', [], status(14)],
  ] as const) {
    const { answer, it } = stack()
    for (let i = 0; i < 3; i++) answer(head, trailers)
    t.match(it.snapshot(), { state: 'closed', calls: 3, failureRatio: 1 }, name)
    answer(head, trailers)
    t.equal(it.snapshot().state, 'open', name)
  }
})

t.test('which statuses are failures by default', async (t) => {
  const failures: number[] = []
  for (let code = 0; code <= 16; code++) {
    const { answer, it } = stack()
    answer([], status(code))
    answer(status(code))
    const { calls, failureRatio } = it.snapshot()
    t.equal(calls, 2)
    t.ok(failureRatio === 0 || failureRatio === 1, 'the same in the head and in trailers')
    if (failureRatio === 1) failures.push(code)
  }
  t.strictSame(failures, [2, 4, 13, 14, 15])
})

t.test('what is no gRPC call may say in trailers what it likes', async (t) => {
  const { answer, it } = stack(false)
  for (let i = 0; i < 4; i++) answer([], status(14))
  t.match(it.snapshot(), { state: 'closed', calls: 4, failureRatio: 0 })
})

t.test('an attempt counts once: not at its head, but at its trailers', async (t) => {
  const { ask, upstream, it } = stack()
  ask()
  upstream.last.head()
  upstream.last.send('message')
  t.equal(it.snapshot().calls, 0)
  upstream.last.finish(status(14))
  t.match(it.snapshot(), { calls: 1, failureRatio: 1 })
})

t.test('a slow call is slow by its head, whatever the trailers say', async (t) => {
  const { ask, upstream, clock, it } = stack()
  ask()
  clock.advance(1000)
  upstream.last.head()
  upstream.last.finish(status(0))
  ask()
  upstream.last.head()
  clock.advance(9000)
  upstream.last.finish(status(0))
  t.match(it.snapshot(), { calls: 2, slowRatio: 0.5, failureRatio: 0 })
  ask()
  clock.advance(1000)
  upstream.last.head()
  upstream.last.finish(status(14))
  const { calls, slowRatio, failureRatio } = it.snapshot()
  t.strictSame([calls, slowRatio, failureRatio], [3, 2 / 3, 1 / 3])
})

t.test('half-open: probes end at their trailers, and decide there', async (t) => {
  for (const [code, state] of [
    [0, 'closed'],
    [14, 'open'],
  ] as const) {
    const { ask, answer, upstream, clock, it } = stack()
    for (let i = 0; i < 4; i++) answer([], status(14))
    clock.advance(5000)
    ask()
    const first = upstream.last
    ask()
    const second = upstream.last
    first.head()
    second.head()
    t.equal(it.snapshot().state, 'half_open')
    first.finish(status(code))
    if (code === 0) t.equal(it.snapshot().state, 'half_open', 'one of two')
    second.finish(status(code))
    t.equal(it.snapshot().state, state)
  }
})

t.test('a stream by the file that fails at once has failed, and one that began has not', async (t) => {
  const { ask, upstream, it } = stack(true, true)
  ask()
  upstream.last.head()
  t.equal(it.snapshot().calls, 0, 'not known yet')
  upstream.last.finish(status(14))
  t.match(it.snapshot(), { calls: 1, failureRatio: 1 })

  ask()
  upstream.last.head()
  upstream.last.send('message')
  t.match(it.snapshot(), { calls: 2, failureRatio: 0.5 }, 'fixed at the first message')
  upstream.last.finish(status(14))
  t.match(it.snapshot(), { calls: 2, failureRatio: 0.5 })

  ask()
  upstream.last.head()
  upstream.last.break(RESET)
  t.equal(it.snapshot().calls, 3, 'how a stream breaks off says no more than its head')
  t.equal(it.snapshot().failureRatio, 1 / 3)
})

t.test('a call that breaks off behind its head has failed', async (t) => {
  const { ask, upstream, it } = stack()
  ask()
  upstream.last.head()
  upstream.last.break(RESET)
  t.match(it.snapshot(), { calls: 1, failureRatio: 1 })
})

/** Every second call is a stream by the file. */
function calls(layer: Layer): Layer {
  let count = 0
  return (next) => {
    const dispatch = layer(next)
    return (request, response) => {
      request.exchange.grpc = true
      request.exchange.route = routeInfo('subject', '*', count++ % 2 === 0)
      return dispatch(request, response)
    }
  }
}

contractSuite('a breaker of gRPC calls', ({ clock, random }) => {
  const config = { ...CONFIG, open: { base: 20, max: 100, jitter: 0.2 }, halfOpen: { probes: 1, maxWait: 100 } }
  return { layer: calls(breaker.create(config, { ...testScope(), clock, random }).attempt!) }
})
