/** A probe that fails: its client hears nothing of it, whatever the retry policy says. */
import t from 'tap'
import { ProxyError } from '../../../src/core/errors.ts'
import type { Eligible } from '../../../src/core/policy.ts'
import { settled } from '../../support/stubs.ts'
import { answering, bad, type Behaviour, type SceneOptions, scene, well } from './scene.ts'
import { lent } from '../../support/lent.ts'

/** Endpoint 0 is ejected, and its time is over. */
function due(options: SceneOptions = {}) {
  const made = scene(options)
  made.set(0, bad)
  made.send(15)
  made.clock.advance(30_000)
  made.upstream.calls.length = 0
  return made
}

const reset: Behaviour = (call) => call.break(new ProxyError('upstream_reset', 'upstream', 'unanswered', 'reset'))
const refused: Behaviour = (call) => call.break(new ProxyError('connect_failure', 'upstream', 'unsent', 'refused'))

t.test('an answer that is a failure is discarded, and the request goes elsewhere', async (t) => {
  for (const retry of [{}, { max: 2 }, { max: 2, when: ['connect_failure'] }]) {
    const { ask, state, ledger } = due({ retry })
    const { client, at } = ask()
    t.same(at, ['0', '1'])
    t.same(client.log, ['head 200', 'end'])
    t.equal(state(0), 'ejected')
    t.same(ledger.breaches, [])
  }
})

t.test('so is a reset, or a connection that cannot be made', async (t) => {
  for (const behaviour of [reset, refused]) {
    const { ask, set, state, ledger } = due()
    set(0, behaviour)
    const { client, at } = ask()
    t.same(at, ['0', '1'])
    t.same(client.log, ['head 200', 'end'])
    t.equal(state(0), 'ejected')
    t.same(ledger.breaches, [])
  }
})

t.test('it costs neither the budget nor a retry', async (t) => {
  const retry = { max: 1, budget: { percent: 0, window: 10_000, minPerSecond: 0.1 } }
  const { ask, set, clock, upstream } = due({ retry })
  for (const other of [1, 2]) set(other, (call) => (upstream.calls.length < 3 ? reset(call) : well(call)))
  const { client, at } = ask()
  clock.advance(300)
  // The one retry that the budget has is still there for what failed elsewhere.
  t.same(at, ['0', '1'])
  t.equal(upstream.calls.length, 3)
  for (const call of upstream.running) well(call)
  t.same(client.log, ['head 200', 'end'])
})

t.test('a body that was kept goes along', async (t) => {
  const { ask, set, upstream, ledger } = due()
  set(0, () => {})
  set(1, () => {})
  const { body, client } = ask({ method: 'PUT', bodyLength: 6 })
  body.data(lent('abc'))
  body.data(lent('def'))
  body.end()
  bad(upstream.calls[0]!)
  t.equal(upstream.calls.length, 2)
  t.same(upstream.calls[1]!.log, ['data abc', 'data def', 'end'])
  well(upstream.calls[1]!)
  t.same(client.log, ['head 200', 'end'])
  t.same(ledger.breaches, [])
})

t.test('it goes there once: what fails there is an ordinary failure', async (t) => {
  const { ask, set } = due()
  set(1, bad)
  const { client, at } = ask()
  t.same(at, ['0', '1'])
  t.same(client.log, ['head 500', 'end'])
})

t.test('a probe that hangs goes elsewhere at half of the time, and counts as failed', async (t) => {
  const { ask, set, state, clock, upstream, ledger } = due()
  set(0, () => {})
  set(1, () => {})
  const start = clock.now()
  const { client, request } = ask({ deadline: start + 2000 })
  t.equal(request.attempt.probing, true)
  clock.advance(999)
  t.equal(upstream.calls.length, 1)
  clock.advance(10)
  t.equal(upstream.calls.length, 2)
  t.same(upstream.calls[0]!.log.at(-1), 'abort per_try_timeout')
  t.equal(state(0), 'ejected')
  well(upstream.last)
  t.same(client.log, ['head 200', 'end'])
  t.equal(clock.pending, 0)
  t.same(ledger.breaches, [])
})

t.test('time that the client takes to send is not the endpoint’s', async (t) => {
  const { ask, set, state, clock, upstream } = due()
  set(0, () => {})
  const { body, request } = ask({ method: 'PUT', bodyLength: 3, deadline: clock.now() + 2000 })
  clock.advance(1500)
  t.equal(upstream.calls.length, 1)
  body.data(lent('abc'))
  body.end()
  request.attempt.sentAt = clock.now()
  clock.advance(400)
  well(upstream.last)
  t.equal(state(0), 'ready')
  t.equal(clock.pending, 0)
})

t.test('a head that came in time stays', async (t) => {
  const { ask, set, state, clock, upstream } = due()
  set(0, (call) => call.head(200))
  const { client } = ask({ deadline: clock.now() + 2000 })
  clock.advance(1500)
  upstream.last.finish()
  t.same(client.log, ['head 200', 'end'])
  t.equal(state(0), 'ready')
})

t.test('a gRPC call goes elsewhere on what retry names, in the head or in trailers', async (t) => {
  const head: Behaviour = answering(200, ['grpc-status', '14'])
  const trailers: Behaviour = answering(200, [], ['grpc-status', '14'])
  const internal: Behaviour = answering(200, [], ['grpc-status', '13'])
  const good = answering(200, [], ['grpc-status', '0'])
  for (const [behaviour, expected] of [
    [head, '0>1'],
    [trailers, '0>1'],
    [refused, '0>1'],
    [reset, '0>1'],
    [internal, '0'],
  ] as const) {
    const { ask, set, state, ledger, events } = due({
      retry: { max: 1, budget: { percent: 0, window: 1000, minPerSecond: 0 } },
    })
    for (const other of [1, 2]) set(other, good)
    set(0, behaviour)
    const { at } = ask({ method: 'POST', grpc: true })
    t.equal(at.join('>'), expected)
    t.equal(state(0), 'ejected')
    t.same(ledger.breaches, [])
    t.notOk(events.includes('skipped budget'))
  }
})

t.test('a gRPC call that retry may not repeat after a silence has all of its time', async (t) => {
  const hangs: Behaviour = () => {}
  for (const [when, bound] of [
    [['grpc:UNAVAILABLE'], 2000],
    [['grpc:UNAVAILABLE', 'timeout'], 1000],
  ] as const) {
    const { ask, set, state, clock, upstream, ledger } = due({ retry: { max: 1, when } })
    set(0, hangs)
    set(1, answering(200, [], ['grpc-status', '0']))
    const probe = ask({ method: 'POST', grpc: true, deadline: clock.now() + 2000 })
    probe.request.attempt.sentAt = clock.now()
    clock.advance(1050)
    t.equal(upstream.calls.length, bound === 2000 ? 1 : 2, 'given up only where it goes elsewhere')
    t.equal(state(0), bound === 2000 ? 'probing' : 'ejected')
    if (bound === 1000) continue
    answering(200, [], ['grpc-status', '0'])(upstream.last)
    t.same(probe.client.log, ['head 200', 'end'])
    t.equal(state(0), 'ready')
    t.equal(clock.pending, 0)
    t.same(ledger.breaches, [])
  }
})

t.test('but has failed when it stayed silent to the end', async (t) => {
  for (const [late, expected] of [
    [1050, 'ejected'],
    [900, 'probing'],
  ] as const) {
    const { ask, set, states, clock } = due({ retry: { max: 1, when: ['grpc:UNAVAILABLE'] } })
    set(0, () => {})
    const { body, request } = ask({ method: 'POST', grpc: true, deadline: clock.now() + 2000 })
    request.attempt.sentAt = clock.now()
    clock.advance(late)
    body.abort(new ProxyError('client_cancelled', 'downstream', 'no', 'left'))
    // Who left early says nothing: its place is the next one's.
    t.match(states()['0'], { state: expected, times: late === 1050 ? 2 : 1 })
    t.equal(clock.pending, 0)
  }
})

t.test('without retry in the stack a failed probe reaches its client, so only what it may repeat asks', async (t) => {
  const { ask, send } = due({ retry: 'none' })
  t.equal(send(4, { method: 'POST' }).includes('0'), false)
  t.equal(send(2, { method: 'PUT', bodyLength: 3 }).includes('0'), false)
  const { client, at } = ask()
  t.same(at, ['0'])
  t.same(client.log, ['head 500', 'end'])
})

t.test('who is full says so, rather than that nobody is left', async (t) => {
  const full = new ProxyError('bulkhead_full', 'proxy', 'no', 'full')
  const tests: Eligible[] = [{ admits: (endpoint) => endpoint.address === '0', refusal: () => full }]
  const { ask } = due({ tests })
  const post = ask({ method: 'POST' })
  await settled()
  t.equal(post.client.error?.reason, 'bulkhead_full')
})

t.test('whom another test is against is not asked', async (t) => {
  const open = new ProxyError('circuit_open', 'proxy', 'no', 'open')
  let shut = false
  const { send } = due({ tests: [{ admits: (e) => !shut || e.address !== '0', refusal: () => open }] })
  shut = true
  t.equal(send(2).includes('0'), false)
  shut = false
  t.equal(send(1), '0>1')
})

t.test('a timeout while an injected delay held the request says nothing of the endpoint', async (t) => {
  for (const [held, expected] of [
    [true, 'ready'],
    [false, 'ejected'],
  ] as const) {
    const { send, set, state } = scene()
    set(0, (call) => {
      call.request.attempt.granted = 0
      call.request.attempt.heldByFault = held
      call.break(new ProxyError('per_try_timeout', 'upstream', 'unanswered', ''))
    })
    send(15)
    t.equal(state(0), expected)
  }
})
