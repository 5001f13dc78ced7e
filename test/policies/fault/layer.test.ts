import t from 'tap'
import { ProxyError } from '../../../src/core/errors.ts'
import { fault, type FaultConfig } from '../../../src/policies/fault/policy.ts'
import {
  Client,
  fixedRandom,
  type RequestOptions,
  requestHead,
  settled,
  testScope,
  Upstream,
} from '../../support/stubs.ts'
import { lent } from '../../support/lent.ts'

/** A second after the fake clock begins. */
const UNTIL = 1_800_000_001_000
const LEFT = new ProxyError('client_cancelled', 'downstream', 'no', 'left')

function world(config: Partial<FaultConfig>, dice = 0) {
  const scope = testScope({ random: fixedRandom(dice) })
  const upstream = new Upstream()
  const { request, picked } = fault.create({ percent: 0.5, at: 'attempt', until: UNTIL, ...config }, scope)
  const dispatch = (picked ?? request)!(upstream.dispatch)
  const ask = (asked: RequestOptions = {}) => {
    const client = new Client()
    return { client, body: dispatch(requestHead(asked), client) }
  }
  return { clock: scope.clock, events: scope.events.log, upstream, ask }
}

t.test('at: attempt is below the pick, at: request around everything', async (t) => {
  const config: FaultConfig = { percent: 1, delay: 1, at: 'attempt', until: UNTIL }
  t.same(Object.keys(fault.create(config, testScope())), ['picked'])
  t.same(Object.keys(fault.create({ ...config, at: 'request' }, testScope())), ['request'])
})

t.test('Whom the dice spare passes, and so does everybody once its time is over', async (t) => {
  const spared = world({ abort: { status: 503 } }, 0.5)
  spared.ask()
  t.equal(spared.upstream.calls.length, 1)
  const over = world({ abort: { status: 503 } })
  over.clock.advance(1000)
  over.ask()
  t.equal(over.upstream.calls.length, 1)
  t.same(over.events, [])
})

t.test('An abort is an answer of ours, marked, and never before dispatch has returned', async (t) => {
  const { upstream, ask, events } = world({ abort: { status: 418 } })
  const { client, body } = ask({ method: 'POST', bodyLength: 3 })
  t.same(client.log, [])
  body.data(lent('abc'))
  body.end()
  await settled()
  t.equal(client.log[0], 'head 418')
  t.equal(client.log.at(-1), 'end')
  t.match(client.answer, { origin: 'proxy', reason: 'fault_injected' })
  t.same(JSON.parse(client.body).error, {
    reason: 'fault_injected',
    message: 'a fault was injected on purpose',
    service: 'inventory',
  })
  t.equal(client.answer?.headers[client.answer.headers.indexOf('x-outrigger-reason') + 1], 'fault_injected')
  t.equal(upstream.calls.length, 0)
  t.same(events, ['fault abort'])
})

t.test('An answer to HEAD has no body', async (t) => {
  const { ask } = world({ abort: { status: 503 } })
  const { client } = ask({ method: 'HEAD' })
  await settled()
  t.same(client.log, ['head 503', 'end'])
})

for (const [status, code] of [
  [400, '13'],
  [401, '16'],
  [403, '7'],
  [404, '12'],
  [429, '14'],
  [503, '14'],
  [500, '2'],
] as const) {
  t.test(`A gRPC call gets status ${code} for ${status}`, async (t) => {
    const { ask } = world({ abort: { status } })
    const { client } = ask({ method: 'POST', grpc: true })
    await settled()
    t.same(client.log, ['head 200', 'end'])
    const fields = client.answer!.headers
    t.equal(fields[fields.indexOf('grpc-status') + 1], code)
  })
}

t.test('A client that leaves in the middle of the answer is told once', async (t) => {
  for (const moment of ['head 503', 'data']) {
    const { ask } = world({ abort: { status: 503 } })
    const { client, body } = ask()
    client.on = (what) => {
      if (what.startsWith(moment)) body.abort(LEFT)
    }
    await settled()
    t.equal(client.log.at(-1), 'fail client_cancelled')
    t.equal(client.log.filter((line) => line === 'end').length, 0)
  }
})

t.test('A delay holds the request, then it goes on whole', async (t) => {
  const { clock, upstream, ask, events } = world({ delay: 200 })
  const { client, body } = ask({ method: 'POST', bodyLength: 3 })
  body.data(lent('abc'))
  t.same(client.log, ['pauseRequest'])
  body.end()
  clock.advance(199)
  t.equal(upstream.calls.length, 0)
  clock.advance(10)
  t.same(upstream.last.log, ['data abc', 'end'])
  upstream.last.head()
  upstream.last.finish()
  t.same(client.log, ['pauseRequest', 'resumeRequest', 'head 200', 'end'])
  t.same(events, ['fault delay'])
})

t.test('First the delay, then the abort', async (t) => {
  const { clock, upstream, ask, events } = world({ delay: 200, abort: { status: 503 } })
  const { client } = ask()
  clock.advance(210)
  t.equal(client.log[0], 'head 503')
  t.equal(upstream.calls.length, 0)
  t.same(events, ['fault delay', 'fault abort'])
})

t.test('An abort from above ends the delay at once, and leaves no timer', async (t) => {
  const { clock, upstream, ask } = world({ delay: 200 })
  const { client, body } = ask()
  clock.advance(50)
  body.abort(LEFT)
  t.same(client.log, ['fail client_cancelled'])
  t.equal(clock.pending, 0)
  clock.advance(500)
  t.equal(upstream.calls.length, 0)
})

t.test('A caller that leaves inside the dispatch that follows the delay is told once', async (t) => {
  const { clock, upstream, ask } = world({ delay: 20 })
  const { client, body } = ask()
  upstream.during = () => body.abort(LEFT)
  clock.advance(40)
  t.same(client.log, ['fail client_cancelled'])
  t.same(upstream.last.log, ['abort client_cancelled'])
})

t.test('Nobody is held past the deadline', async (t) => {
  const { clock, upstream, ask } = world({ delay: 200, at: 'request' })
  const { client } = ask({ deadline: 100 })
  clock.advance(120)
  t.same(client.log, ['fail request_timeout'])
  t.equal(upstream.calls.length, 0)
})
