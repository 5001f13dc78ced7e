import t from 'tap'
import { CacheAccount } from '../../../src/core/cache-account.ts'
import { ProxyError } from '../../../src/core/errors.ts'
import { get } from '../../../src/core/headers.ts'
import type { CachedAnswers } from '../../../src/policies/fallback/cached-answers.ts'
import { type CachedFallback, fallback } from '../../../src/policies/fallback/policy.ts'
import { checkedDispatch } from '../../contract/checked.ts'
import { Ledger } from '../../contract/ledger.ts'
import {
  Client,
  type RequestOptions,
  requestHead,
  type ScopeOptions,
  settled,
  testScope,
  Upstream,
} from '../../support/stubs.ts'

const RESET = new ProxyError('upstream_reset', 'upstream', 'unanswered', 'reset')
const OPEN = new ProxyError('circuit_open', 'proxy', 'no', 'open')
const LEFT = new ProxyError('client_cancelled', 'downstream', 'no', 'left')

const COPY: CachedFallback = { use: 'cached', when: ['any'], maxStale: 60_000, key: [], shared: false, headers: {} }

interface Options extends ScopeOptions {
  readonly limit?: number
}

function stack(entry: Partial<CachedFallback> = {}, { limit = 1e6, ...options }: Options = {}) {
  const scope = testScope(options)
  const account = new CacheAccount(limit)
  const upstream = new Upstream()
  const ledger = new Ledger()
  const layer = fallback.create([{ ...COPY, ...entry }], { ...scope, cache: account }).request!
  const dispatch = checkedDispatch(layer(checkedDispatch(upstream.dispatch, 'beneath', ledger)), 'fallback', ledger)
  const ask = (options: RequestOptions = {}, client = new Client()) => {
    const body = dispatch(requestHead({ path: '/orders/42', ...options }), client)
    body.end()
    return { client, body }
  }
  /** One good answer. */
  const good = (text = 'good', headers: readonly string[] = [], options: RequestOptions = {}) => {
    const { client } = ask(options)
    upstream.last.head(200, headers)
    upstream.last.send(text)
    upstream.last.finish()
    return client
  }
  /** One failure, and what the client got. */
  const bad = (options: RequestOptions = {}, error = RESET) => {
    const { client } = ask(options)
    upstream.last.break(error)
    return client
  }
  const cache = () => scope.states.get('fallback cache 0') as CachedAnswers
  return { scope, account, upstream, ask, good, bad, cache, ledger, events: scope.events.log, clock: scope.clock }
}

t.test('the last good answer stands in for a failure, with its age', async (t) => {
  const { good, bad, clock, events, ledger } = stack()
  good('old')
  const live = good('new', ['Content-Type', 'text/plain', 'ETag', '"1"', 'Age', '3'])
  t.same(live.log, ['head 200', 'data new', 'end'], 'the live answer as it is')
  clock.advance(4500)
  const client = bad()
  t.same(client.log, ['head 200', 'data new', 'end'])
  t.match(client.answer, { origin: 'fallback', reason: 'upstream_reset', bodyLength: 3 })
  t.same(client.answer?.headers, [
    ...['Content-Type', 'text/plain', 'ETag', '"1"', 'age', '7', 'x-outrigger-fallback', 'cached'],
    ...['date', 'Fri, 15 Jan 2027 08:00:00 GMT'],
    ...['cache-status', 'outrigger; hit; detail="upstream_reset"', 'content-length', '3'],
  ])
  t.same(events, ['fallback cached upstream_reset'])
  t.same(ledger.breaches, [])
})

t.test('Cache-Status tells what was forwarded from what was not', async (t) => {
  const { good, bad, ask, upstream } = stack({ when: ['any'] })
  good()
  const { client, body } = ask()
  upstream.last.request.exchange.attempts = 1
  upstream.last.head(503)
  await settled()
  t.equal(get(client.answer!.headers, 'cache-status'), 'outrigger; fwd=stale; fwd-status=503; detail="503"')
  body.abort(LEFT)
  const refused = bad({}, OPEN)
  t.equal(get(refused.answer!.headers, 'cache-status'), 'outrigger; hit; detail="circuit_open"')
})

t.test('too old, another target, nothing kept: the failure goes on', async (t) => {
  const { good, bad, clock, account, cache } = stack({ maxStale: 10_000 })
  t.same(bad().log, ['fail upstream_reset'])
  good('x', ['Age', '4'])
  t.same(bad({ path: '/orders/42?a' }).log, ['fail upstream_reset'])
  clock.advance(6000)
  t.equal(bad().answer?.status, 200)
  clock.advance(1)
  t.same(bad().log, ['fail upstream_reset'])
  t.equal(account.used, 0, 'it is not kept any longer')
  t.match(cache().snapshot(), { entries: 0, bytes: 0, hits: 1, misses: 3 })
})

t.test('only an answer that came whole takes the place of the one before', async (t) => {
  const { good, bad, ask, upstream, account } = stack()
  good('first')
  const used = account.used
  const { body } = ask()
  upstream.last.head(200)
  upstream.last.send('sec')
  t.ok(account.used > used, 'counted while it comes')
  upstream.last.break(RESET)
  t.equal(account.used, used)
  ask()
  upstream.last.head(200)
  upstream.last.send('third')
  body.abort(LEFT)
  const aborted = ask()
  upstream.last.head(200)
  upstream.last.send('fourth')
  aborted.body.abort(LEFT)
  t.equal(bad().body, 'first')
})

t.test('of two answers at the same time the one that ends last is kept', async (t) => {
  const { ask, bad, upstream } = stack()
  ask()
  ask()
  const [one, two] = upstream.calls as [(typeof upstream.calls)[0], (typeof upstream.calls)[0]]
  for (const call of [one, two]) call.head(200)
  two.send('two')
  one.send('one')
  two.finish()
  one.finish()
  t.equal(bad().body, 'one')
})

t.test('Vary and the key of the file tell copies apart', async (t) => {
  const { good, bad, cache } = stack({ key: ['header:x-user-id'] })
  const as = (user: string, language: string) => ({ headers: ['X-User-Id', user, 'Accept-Language', language] })
  good('ada en', ['Vary', 'Accept-Language'], as('ada', 'en'))
  good('ada de', ['Vary', 'Accept-Language'], as('ada', 'de'))
  good('bob en', ['Vary', 'Accept-Language'], as('bob', 'en'))
  t.equal(bad(as('ada', 'en')).body, 'ada en')
  t.equal(bad(as('ada', 'de')).body, 'ada de')
  t.equal(bad(as('bob', 'en')).body, 'bob en')
  t.same(bad(as('bob', 'de')).log, ['fail upstream_reset'])
  t.same(bad().log, ['fail upstream_reset'], 'nobody is somebody, too')
  good('ada all', [], as('ada', 'fr'))
  t.equal(bad(as('ada', 'fr')).body, 'ada all')
  t.equal(cache().snapshot().entries, 4)
  good('never', ['Vary', '*'], as('eve', 'en'))
  t.same(bad(as('eve', 'en')).log, ['fail upstream_reset'])
})

t.test('variants under one key are bounded', async (t) => {
  const { good, bad, cache } = stack()
  for (let i = 0; i < 20; i++) good(`v${i}`, ['Vary', 'a'], { headers: ['a', String(i)] })
  t.equal(cache().snapshot().entries, 16)
  t.same(bad({ headers: ['a', '3'] }).log, ['fail upstream_reset'])
  t.equal(bad({ headers: ['a', '4'] }).body, 'v4')
})

t.test('what looks personal is neither kept nor given, unless shared: true', async (t) => {
  const token = { headers: ['Authorization', 'Bearer x'] }
  for (const shared of [false, true]) {
    const { good, bad } = stack({ shared })
    good('mine', [], token)
    t.equal(bad(token).body, shared ? 'mine' : '', `a request with Authorization, shared: ${shared}`)
    good('all')
    t.equal(bad(token).body, shared ? 'all' : '')
    const other = stack({ shared })
    other.good('set', ['Set-Cookie', 'a=b'])
    t.equal(other.bad().body, shared ? 'set' : '', `an answer with Set-Cookie, shared: ${shared}`)
  }
})

t.test('HEAD is served from what a GET brought, without its body; Range and If-Match are not served', async (t) => {
  const { good, bad } = stack()
  good('good', ['Content-Length', '4'])
  const head = bad({ method: 'HEAD' })
  t.same(head.log, ['head 200', 'end'])
  t.equal(get(head.answer!.headers, 'content-length'), '4')
  for (const name of ['Range', 'If-Match']) t.same(bad({ headers: [name, 'x'] }).log, ['fail upstream_reset'], name)
  t.equal(bad({ headers: ['If-None-Match', '"1"'] }).answer?.status, 200, 'a whole answer to a condition')
  t.same(bad({ method: 'POST' }).log, ['fail upstream_reset'])
})

t.test('404 and 410 take the copy away, other failures do not', async (t) => {
  for (const [status, kept] of [
    [404, false],
    [410, false],
    [403, true],
    [429, true],
  ] as const) {
    const { good, bad, ask, upstream } = stack()
    good()
    ask()
    upstream.last.head(status)
    upstream.last.finish()
    t.equal(bad().body, kept ? 'good' : '', String(status))
  }
})

t.test('a write that was carried out takes away every copy of its target, one that failed takes none', async (t) => {
  const { good, ask, upstream, cache } = stack({ key: ['header:u'] })
  for (const user of ['a', 'b']) good(user, [], { headers: ['u', user] })
  good('other', [], { path: '/orders/43' })
  for (const [status, left] of [
    [409, 3],
    [200, 1],
  ] as const) {
    ask({ method: 'PUT' })
    upstream.last.head(status)
    upstream.last.finish()
    t.equal(cache().snapshot().entries, left, String(status))
  }
})

t.test('a 304 to a client that has the same copy makes ours young again', async (t) => {
  const { good, bad, ask, upstream, clock } = stack({ maxStale: 10_000 })
  good('x', ['ETag', '"1"'])
  clock.advance(9000)
  for (const etag of ['"2"', '"1"']) {
    ask({ headers: ['If-None-Match', etag] })
    upstream.last.head(304, ['ETag', etag])
    upstream.last.finish()
  }
  clock.advance(9000)
  t.equal(get(bad().answer!.headers, 'age'), '9')
})

t.test(
  'memory is bounded: one answer by 1 MiB, all of them by the account, the least recently used goes first',
  async (t) => {
    const { good, bad, account, cache } = stack({}, { limit: 12_000 })
    for (let i = 0; i < 4; i++) good('x'.repeat(2500), [], { path: `/${i}` })
    t.ok(account.used <= account.limit)
    t.equal(cache().snapshot().entries, 3)
    t.equal(bad({ path: '/1' }).answer?.status, 200)
    good('y'.repeat(2500), [], { path: '/4' })
    t.equal(bad({ path: '/1' }).answer?.status, 200, 'used last')
    t.same(bad({ path: '/2' }).log, ['fail upstream_reset'])
    t.equal(account.used, cache().snapshot().bytes)

    const large = stack({}, { limit: 1e9 })
    large.ask()
    large.upstream.last.head(200)
    for (let i = 0; i < 17; i++) large.upstream.last.send(Buffer.alloc(65_536))
    large.upstream.last.finish()
    t.equal(large.account.used, 0)
  },
)

t.test('thousands of tiny chunks are kept as one', async (t) => {
  const { ask, upstream, bad, account } = stack()
  ask()
  upstream.last.head(200)
  for (let i = 0; i < 1000; i++) upstream.last.send('x')
  t.ok(account.used > 100_000, 'charged for what they are')
  upstream.last.finish(['x-sum', '1'])
  t.ok(account.used < 3000)
  const client = bad()
  t.equal(client.body, 'x'.repeat(1000))
  t.equal(client.log.length, 3)
  t.equal(client.answer?.bodyLength, -1, 'trailers follow')
})

t.test('a copy is given no further than the client reads', async (t) => {
  const { ask, upstream, ledger } = stack()
  ask()
  upstream.last.head(200)
  for (const letter of 'abc') upstream.last.send(letter.repeat(40_000))
  upstream.last.finish()
  const client = new Client()
  const { body } = ask({}, client)
  const sizes = () => client.log.map((line) => line.slice(0, 6))
  client.on = (what) => {
    if (what.startsWith('data a')) body.pauseResponse()
  }
  upstream.last.break(RESET)
  t.same(sizes(), ['head 2', 'data a'])
  body.resumeResponse()
  t.same(sizes(), ['head 2', 'data a', 'data b', 'data c', 'end'])
  const paused = new Client()
  const second = ask({}, paused)
  second.body.pauseResponse()
  upstream.last.break(RESET)
  t.same(paused.log, ['head 200'])
  second.body.abort(LEFT)
  t.same(paused.log, ['head 200', 'fail client_cancelled'])
  t.same(ledger.breaches, [])
})

t.test('in shadow mode copies are kept, every failure passes, and it is told what would have been', async (t) => {
  const { good, bad, events, ask, upstream } = stack({ when: ['any'] }, { mode: 'shadow' })
  t.same(bad().log, ['fail upstream_reset'])
  t.same(events, [], 'nothing to give yet')
  good()
  t.same(bad().log, ['fail upstream_reset'])
  const { client } = ask()
  upstream.last.head(503)
  upstream.last.finish()
  t.same(client.log, ['head 503', 'end'])
  ask().body.abort(LEFT)
  t.same(events, ['fallback would cached', 'fallback would cached'])
})

t.test('what the file adds takes the place of what the copy has', async (t) => {
  const { good, bad } = stack({ headers: { 'Cache-Control': 'no-store' } })
  good('x', ['cache-control', 'max-age=60'])
  t.same(get(bad().answer!.headers, 'cache-control'), 'no-store')
})

t.test('retire() gives back all it holds, and what comes later leaves nothing', async (t) => {
  const { good, ask, upstream, cache, account } = stack()
  good()
  ask()
  upstream.last.head(200)
  upstream.last.send('late')
  cache().retire()
  upstream.last.finish()
  await settled()
  t.equal(account.used, 0)
})
