/** The deadline above the loop of attempts, perTry in each of them: as `policies/index.ts` stacks them. */
import t from 'tap'
import type { Dispatch } from '../../../src/core/exchange.ts'
import { retry } from '../../../src/policies/retry/policy.ts'
import { type TimeoutConfig, timeout } from '../../../src/policies/timeout/policy.ts'
import { checked } from '../../contract/checked.ts'
import { Ledger } from '../../contract/ledger.ts'
import { Client, requestHead, testScope, Upstream } from '../../support/stubs.ts'
import { DEFAULTS, STEADY } from '../retry/scene.ts'
import { NOTHING } from './scene.ts'

function stack(max: number, limits: Partial<TimeoutConfig> = { request: 2000, perTry: 504 }) {
  const scope = testScope()
  const ledger = new Ledger()
  const upstream = new Upstream()
  const { request: deadline, picked } = timeout.create({ ...NOTHING, ...limits }, scope)
  const { request: attempts } = retry.create({ ...DEFAULTS, ...STEADY, max, when: ['timeout', '503'] }, scope)
  const pick: Dispatch = (request, response) => {
    request.attempt.startedAt = scope.clock.now()
    return checked(picked!, 'perTry', ledger)(upstream.dispatch)(request, response)
  }
  const dispatch = checked(deadline!, 'deadline', ledger)(checked(attempts!, 'retry', ledger)(pick))
  const client = new Client()
  const body = dispatch(requestHead({ deadline: limits.request ?? Number.POSITIVE_INFINITY }), client)
  body.end()
  return { client, upstream, clock: scope.clock, ledger, skipped: scope.events.log }
}

t.test('an upstream that hangs is tried as often as allowed, the last time up to the deadline', async (t) => {
  const { client, upstream, clock, ledger } = stack(2)
  clock.advance(1999)
  t.equal(upstream.calls.length, 3)
  // 504 + 40 + 504 + 120: the third attempt has the rest, more than perTry.
  t.strictSame(upstream.last.request.attempt.fields, ['x-outrigger-timeout-ms', String(2000 - 1168)])
  t.strictSame(client.log, [])
  clock.advance(1)
  t.strictSame(client.log, ['fail request_timeout'])
  t.equal(clock.pending, 0)
  t.strictSame([...ledger.breaches, ...ledger.leaks()], [])
})

t.test('a slow last attempt is a success', async (t) => {
  const { client, upstream, clock } = stack(1)
  clock.advance(1500)
  t.equal(upstream.calls.length, 2)
  upstream.last.head()
  upstream.last.finish()
  t.strictSame(client.log, ['head 200', 'end'])
})

t.test('without a retry perTry ends the only attempt', async (t) => {
  const { client, clock } = stack(0)
  clock.advance(504)
  t.strictSame(client.log, ['fail per_try_timeout'])
})

t.test('an answer is passed on rather than a wait for the deadline begun', async (t) => {
  const { client, upstream, clock, skipped } = stack(3)
  clock.advance(504)
  upstream.last.head(503, ['retry-after', '2'])
  clock.advance(40)
  upstream.last.head(503, ['retry-after', '2'])
  upstream.last.finish()
  t.strictSame(client.log, ['head 503', 'end'])
  t.strictSame(skipped, ['skipped pushback'])
})

t.test('a pause that the upstream has asked for is no silence, which begins anew behind it', async (t) => {
  const { client, upstream, clock, ledger } = stack(1, { idle: 1000 })
  clock.advance(500)
  upstream.last.head(503, ['retry-after', '10'])
  clock.advance(9990)
  t.equal(upstream.calls.length, 1)
  t.strictSame(client.log, [])
  clock.advance(20)
  t.equal(upstream.calls.length, 2)
  clock.advance(900)
  t.strictSame(client.log, [])
  clock.advance(300)
  t.strictSame(client.log, ['fail stream_idle_timeout'])
  t.equal(clock.pending, 0)
  t.strictSame([...ledger.breaches, ...ledger.leaks()], [])
})
