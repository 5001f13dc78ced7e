import t from 'tap'
import { ProxyError } from '../../../src/core/errors.ts'
import { get } from '../../../src/core/headers.ts'
import { refuse } from '../../../src/core/refuse.ts'
import { fallback, type StaticFallback } from '../../../src/policies/fallback/policy.ts'
import { checkedDispatch } from '../../contract/checked.ts'
import { Ledger } from '../../contract/ledger.ts'
import { Client, type RequestOptions, requestHead, settled, testScope, Upstream } from '../../support/stubs.ts'
import { lent } from '../../support/lent.ts'

const RESET = new ProxyError('upstream_reset', 'upstream', 'unanswered', 'reset')
const LEFT = new ProxyError('client_cancelled', 'downstream', 'no', 'left')

const ANY: StaticFallback = {
  use: 'static',
  when: ['any'],
  status: 200,
  contentType: 'application/json',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the notation of the file
  body: '{"order":"${orderNo}"}',
  headers: {},
}

function stack(...entries: Partial<StaticFallback>[]) {
  const scope = testScope({ policy: { name: 'orders', routes: ['/orders/{orderNo}'] } })
  const upstream = new Upstream()
  const ledger = new Ledger()
  const config = entries.map((entry) => ({ ...ANY, ...entry }))
  const layer = fallback.create(config, scope).request!
  const dispatch = checkedDispatch(layer(checkedDispatch(upstream.dispatch, 'beneath', ledger)), 'fallback', ledger)
  const ask = (options: RequestOptions = {}, client = new Client()) => {
    const body = dispatch(requestHead({ path: '/orders/42', ...options }), client)
    return { client, body }
  }
  return { upstream, ask, ledger, events: scope.events.log }
}

t.test('a failure from below is answered from the file', async (t) => {
  const { upstream, ask, ledger, events } = stack({ headers: { 'Cache-Control': 'no-store' } })
  const { client } = ask()
  upstream.last.break(RESET)
  t.same(client.log, ['head 200', 'data {"order":"42"}', 'end'])
  t.match(client.answer, { status: 200, origin: 'fallback', reason: 'upstream_reset', bodyLength: 14 })
  t.same(client.answer?.headers, [
    'content-type',
    'application/json',
    'x-outrigger-fallback',
    'static',
    'Cache-Control',
    'no-store',
    'content-length',
    '14',
  ])
  t.same(events, ['fallback static upstream_reset'])
  t.same(ledger.breaches, [])
})

t.test('a parameter is escaped for the content type', async (t) => {
  const { upstream, ask } = stack({})
  const { client } = ask({ path: '/orders/a%22%7D' })
  upstream.last.break(RESET)
  t.same(JSON.parse(client.body), { order: 'a"}' })
})

t.test('the first entry that applies answers; none: the failure goes on', async (t) => {
  const { upstream, ask } = stack({ when: ['circuit_open'], status: 201 }, { when: ['upstream_reset'], status: 202 })
  const first = ask()
  upstream.last.break(new ProxyError('circuit_open', 'proxy', 'no', ''))
  const second = ask()
  upstream.last.break(RESET)
  const third = ask()
  upstream.last.break(new ProxyError('connect_failure', 'upstream', 'unsent', ''))
  t.same(
    [first, second, third].map(({ client }) => client.answer?.status),
    [201, 202, undefined],
  )
  t.same(third.client.log, ['fail connect_failure'])
})

t.test('an upstream answer that a status covers is discarded, its call aborted as superseded', async (t) => {
  const { upstream, ask, ledger } = stack({ when: ['5xx'] })
  for (const whole of [false, true]) {
    const { client } = ask()
    upstream.last.head(503)
    upstream.last.send('never seen')
    if (whole) upstream.last.finish()
    t.same(client.log, [], 'the attempt ends first')
    await settled()
    t.same(
      upstream.last.log,
      whole ? [] : ['abort superseded'],
      'what is whole in the read of its head has ended by itself',
    )
    t.same(client.log, ['head 200', 'data {"order":"42"}', 'end'])
    t.equal(client.answer?.reason, '503')
  }
  const { client, body } = ask()
  upstream.last.head(503)
  body.abort(LEFT)
  await settled()
  t.same(client.log, ['fail client_cancelled'])
  t.same(upstream.last.log, ['abort superseded'])
  t.same(ledger.breaches, [])
  t.same(ledger.leaks(), [])
})

t.test('after the head was passed up nothing is replaced', async (t) => {
  const { upstream, ask } = stack({})
  const { client } = ask()
  upstream.last.head(200)
  upstream.last.send('x')
  upstream.last.break(RESET)
  t.same(client.log, ['head 200', 'data x', 'fail upstream_reset'])
})

t.test('a 4xx and a client that leaves go through', async (t) => {
  const { upstream, ask, ledger } = stack({})
  const first = ask()
  upstream.last.head(404)
  upstream.last.finish()
  t.same(first.client.log, ['head 404', 'end'])
  const second = ask()
  second.body.abort(LEFT)
  t.same(second.client.log, ['fail client_cancelled'])
  t.same(ledger.breaches, [])
})

t.test('whatever the reason, an abort from above is answered by its fail', async (t) => {
  const { ask } = stack({})
  const { client, body } = ask()
  body.abort(new ProxyError('draining', 'proxy', 'no', ''))
  t.same(client.log, ['fail draining'])
})

t.test('a client that leaves while it is given the answer is told so, once', async (t) => {
  for (const when of ['head 200', 'data {"order":"42"}', 'end']) {
    const { upstream, ask, ledger } = stack({})
    const client = new Client()
    const { body } = ask({}, client)
    client.on = (what) => {
      if (what === when) body.abort(LEFT)
    }
    upstream.last.break(RESET)
    t.equal(client.log.at(-1), when === 'end' ? 'end' : 'fail client_cancelled')
    t.same(ledger.breaches, [], when)
  }
})

t.test('a refusal below is covered, after dispatch has returned', async (t) => {
  const scope = testScope()
  const full = new ProxyError('bulkhead_full', 'proxy', 'no', '')
  const client = new Client()
  fallback.create([ANY], scope).request!((_request, response) => refuse(response, full))(requestHead(), client)
  t.same(client.log, [])
  await settled()
  t.equal(client.log[0], 'head 200')
})

t.test('a body still coming is let go of after the answer', async (t) => {
  const { upstream, ask, ledger } = stack({})
  const { client, body } = ask({ method: 'POST', bodyLength: -1 })
  body.data(lent('half'))
  upstream.last.pauseRequest()
  upstream.last.break(RESET)
  body.data(lent('too late'))
  body.end()
  t.equal(client.log.at(-1), 'end')
  t.same(ledger.breaches, [])
})

t.test('an answer to HEAD has the length and no body; 204 has neither', async (t) => {
  const { upstream, ask } = stack({})
  const { client } = ask({ method: 'HEAD' })
  upstream.last.break(RESET)
  t.same(client.log, ['head 200', 'end'])
  t.equal(get(client.answer!.headers, 'content-length'), '14')

  const empty = stack({ status: 204 })
  const other = empty.ask()
  empty.upstream.last.break(RESET)
  t.same(other.client.log, ['head 204', 'end'])
  t.same(other.client.answer?.headers, ['x-outrigger-fallback', 'static'])
})

t.test('a CONNECT gets no answer of ours, for a 200 would be a tunnel to nobody', async (t) => {
  const { upstream, ask } = stack({})
  const { client } = ask({ method: 'CONNECT', path: 'inventory:80' })
  upstream.last.break(RESET)
  t.same(client.log, ['fail upstream_reset'])
})

t.test('fields that frame the message, or are no fields, are not taken from the file', async (t) => {
  const headers = { 'Content-Length': '1', 'transfer-encoding': 'chunked', 'x y': '1', 'x-good': '1' }
  const { upstream, ask } = stack({ headers })
  const { client } = ask()
  upstream.last.break(RESET)
  const names = client.answer?.headers.filter((_, i) => i % 2 === 0)
  t.same(names, ['content-type', 'x-outrigger-fallback', 'x-good', 'content-length'])
})
