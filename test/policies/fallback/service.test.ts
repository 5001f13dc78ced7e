import t from 'tap'
import { ProxyError, type Reason, type Retryable } from '../../../src/core/errors.ts'
import { UNTIL_PAUSED } from '../../../src/core/outgoing.ts'
import { get } from '../../../src/core/headers.ts'
import { ReplayAccount } from '../../../src/core/replay-buffer.ts'
import { askUntil, failsToo, mayAsk } from '../../../src/policies/fallback/decide.ts'
import { type FallbackConfig, fallback, type ServiceFallback } from '../../../src/policies/fallback/policy.ts'
import { checkedDispatch } from '../../contract/checked.ts'
import { Ledger } from '../../contract/ledger.ts'
import type { FakeClock } from '../../support/fake-clock.ts'
import {
  Client,
  type RequestOptions,
  requestHead,
  responseHead,
  type ScopeOptions,
  testScope,
  Upstream,
} from '../../support/stubs.ts'
import { lent } from '../../support/lent.ts'

const RESET = failure('upstream_reset', 'unanswered')
const OPEN = failure('circuit_open')
const LEFT = failure('client_cancelled')
const OTHER: ServiceFallback = { use: 'service', when: ['any'], service: 'other', headers: {} }
const STATIC = {
  use: 'static',
  when: ['any'],
  status: 200,
  contentType: 'text/plain',
  body: 'ours',
  headers: {},
} as const

function failure(reason: Reason, retryable: Retryable = 'no'): ProxyError {
  return new ProxyError(reason, reason === 'circuit_open' ? 'proxy' : 'upstream', retryable, '')
}

/** Every stack that a test made, for the last one to look at. */
const used: { ledger: Ledger; replay: ReplayAccount; clock: FakeClock }[] = []

function stack(config: FallbackConfig, options: ScopeOptions = {}) {
  const scope = testScope(options)
  const replay = new ReplayAccount(1e6)
  const first = new Upstream()
  const others: Record<string, Upstream> = { other: new Upstream(), third: new Upstream() }
  const ledger = new Ledger()
  const toService = (name: string) => checkedDispatch((others[name] as Upstream).dispatch, name, ledger)
  const layer = fallback.create(config, { ...scope, replay, toService }).request!
  const dispatch = checkedDispatch(layer(checkedDispatch(first.dispatch, 'beneath', ledger)), 'fallback', ledger)
  const ask = (options: RequestOptions = {}, client = new Client()) => {
    const request = requestHead({ path: '/orders/42', ...options })
    const body = dispatch(request, client)
    if (options.bodyLength === undefined) body.end()
    return { client, body, request }
  }
  const { other, third } = others as { other: Upstream; third: Upstream }
  used.push({ ledger, replay, clock: scope.clock })
  return { first, other, third, ask, replay, events: scope.events.log, clock: scope.clock }
}

t.test('mayAsk(): a write that may have been carried out is not sent to somebody else', async (t) => {
  const cases: readonly [RequestOptions, attempts: number, unsent: number, expected: boolean][] = [
    [{}, 3, 0, true],
    [{ method: 'PUT' }, 1, 0, true],
    [{ method: 'PUT', headers: ['If-Match', '"a"'] }, 1, 0, false],
    [{ method: 'POST' }, 0, 0, true],
    [{ method: 'POST' }, 1, 1, true],
    [{ method: 'POST' }, 3, 3, true],
    [{ method: 'POST' }, 2, 1, false],
    [{ method: 'POST' }, 1, 0, false],
    [{ method: 'GET' }, 1, 0, true],
    [{ method: 'POST', grpc: true }, 1, 0, true],
    [{ upgrade: 'websocket' }, 0, 0, false],
  ]
  for (const [options, attempts, unsent, expected] of cases) {
    const request = requestHead(options)
    Object.assign(request.exchange, { attempts, unsent })
    t.equal(mayAsk(request, true), expected, JSON.stringify([options, attempts, unsent]))
    t.notOk(mayAsk(request, false), 'a body that is not at hand')
  }
})

t.test('askUntil(): the rest of the deadline, or a timeout of its own that only the caller cuts short', async (t) => {
  const { exchange } = requestHead({ deadline: 2000 })
  t.equal(askUntil(exchange, undefined, 500), 2000)
  t.equal(askUntil(exchange, 300, 2000), 2300)
  exchange.grpcDeadline = 2100
  t.equal(askUntil(exchange, 300, 2000), 2100)
})

t.test('failsToo(): a 5xx, and of a call the statuses of a server that failed', async (t) => {
  for (const [status, headers, grpc, expected] of [
    [200, [], false, false],
    [404, [], false, false],
    [429, [], false, false],
    [500, [], false, true],
    [200, ['grpc-status', '0'], true, false],
    [200, [], true, false],
    [200, ['grpc-status', '5'], true, false],
    [200, ['grpc-status', '14'], true, true],
    [200, ['grpc-status', '14'], false, false],
  ] as const) {
    t.equal(failsToo(responseHead(status, headers), grpc), expected, `${status} ${headers.join(' ')} ${grpc}`)
  }
})

t.test('another service is asked with the same request, and its answer is marked', async (t) => {
  const { first, other, ask, events } = stack([{ ...OTHER, headers: { 'Cache-Control': 'no-store' } }])
  const { client, body, request } = ask({ method: 'PUT', bodyLength: -1, headers: ['x-a', '1'] })
  body.data(lent('one'))
  first.last.break(RESET)
  body.data(lent('two'))
  body.end()
  t.same(other.last.log, ['data one', 'data two', 'end'])
  const sent = other.last.request
  t.match(sent, { method: 'PUT', target: '/orders/42', headers: ['x-a', '1'] })
  t.not(sent.exchange, request.exchange)
  t.equal(sent.exchange.parent, request.exchange)
  other.last.head(201, ['cache-control', 'max-age=1', 'x-b', '2'])
  other.last.send('theirs')
  other.last.finish()
  t.same(client.log, ['head 201', 'data theirs', 'end'])
  t.match(client.answer, { origin: 'fallback', reason: 'upstream_reset' })
  t.same(client.answer?.headers, [
    ...['x-b', '2', 'Cache-Control', 'no-store', 'x-outrigger-fallback', 'service'],
    ...['x-outrigger-fallback-service', 'other'],
  ])
  t.same(events, ['fallback service upstream_reset'])
})

t.test(
  "an upstream's answer is kept until there is a better one, and goes up after all when there is none",
  async (t) => {
    for (const [status, log] of [
      [200, ['head 200', 'data theirs', 'end']],
      [503, ['head 502', 'data mine', 'end']],
    ] as const) {
      const { first, other, ask } = stack([{ ...OTHER, when: ['5xx'] }])
      const { client } = ask()
      first.last.head(502)
      first.last.send('mi')
      t.same(client.log, [])
      t.same(first.last.log, ['end', 'pauseResponse'])
      other.last.head(status)
      if (status === 200) {
        other.last.send('theirs')
        other.last.finish()
        t.equal(first.last.log.at(-1), 'abort superseded')
      } else {
        t.equal(first.last.log.at(-1), 'resumeResponse')
        first.last.send('ne')
        first.last.finish()
      }
      t.same([client.log[0], `data ${client.body}`, client.log.at(-1)], log)
    }
  },
)

t.test('what fails as well hands on to the next entry, and at last to the first failure', async (t) => {
  const { first, other, third, ask, events } = stack([OTHER, { ...OTHER, service: 'third' }])
  const one = ask()
  first.last.break(OPEN)
  other.last.break(RESET)
  third.last.head(200)
  third.last.finish()
  t.same(one.client.log, ['head 200', 'end'])
  t.equal(get(one.client.answer!.headers, 'x-outrigger-fallback-service'), 'third')
  const two = ask()
  first.last.break(OPEN)
  other.last.head(500)
  third.last.break(RESET)
  t.same(two.client.log, ['fail circuit_open'])
  t.same(events, ['fallback service circuit_open'])
})

t.test('a static answer stands behind a service that fails', async (t) => {
  const { first, other, ask, events } = stack([OTHER, STATIC])
  const { client } = ask()
  first.last.break(OPEN)
  other.last.head(503)
  t.same(client.log, ['head 200', 'data ours', 'end'])
  t.same(other.last.log.at(-1), 'abort superseded')
  t.same(events, ['fallback static circuit_open'])
})

t.test('its timeout is its own: it may outlast the deadline, and ends in the next entry', async (t) => {
  const { first, other, ask, clock } = stack([{ ...OTHER, timeout: 300 }, STATIC])
  const { client } = ask({ deadline: 1000 })
  clock.advance(1000)
  first.last.break(failure('request_timeout'))
  t.equal(other.last.request.exchange.callerDeadline, 1300)
  clock.advance(290)
  t.same(client.log, [])
  clock.advance(30)
  t.same(client.log, ['head 200', 'data ours', 'end'])
  t.equal(other.last.log.at(-1), 'abort superseded')
})

t.test('without one it has what is left, and is passed over when nothing is', async (t) => {
  const { first, other, ask, clock } = stack([OTHER])
  const one = ask({ deadline: 1000 })
  clock.advance(400)
  first.last.break(RESET)
  t.equal(other.last.request.exchange.callerDeadline, 1000)
  other.last.head(200)
  clock.advance(5000)
  other.last.finish()
  t.same(one.client.log, ['head 200', 'end'], 'the answer itself is not cut by us')
  const two = ask({ deadline: clock.now() })
  first.last.break(failure('request_timeout'))
  t.same(two.client.log, ['fail request_timeout'])
  t.equal(other.calls.length, 1)
})

t.test('a POST that was sent is not sent again; one that was not, is', async (t) => {
  const { first, other, ask } = stack([OTHER])
  const one = ask({ method: 'POST' })
  one.request.exchange.attempts = 1
  first.last.break(RESET)
  t.same(one.client.log, ['fail upstream_reset'])
  const two = ask({ method: 'POST' })
  two.request.exchange.attempts = 1
  first.last.head(503)
  first.last.finish()
  t.same(two.client.log, ['head 503', 'end'])
  const three = ask({ method: 'POST' })
  first.last.break(OPEN)
  other.last.head(201)
  other.last.finish()
  t.same(three.client.log, ['head 201', 'end'])
})

t.test('a body past what is kept is not sent to anybody else', async (t) => {
  const { first, other, ask } = stack([OTHER])
  const { client, body } = ask({ method: 'PUT', bodyLength: -1 })
  body.data(Buffer.alloc(UNTIL_PAUSED))
  body.data(Buffer.alloc(1))
  first.last.break(RESET)
  t.same(client.log, ['fail upstream_reset'])
  t.equal(other.calls.length, 0)
})

t.test('a client that leaves is told so once, and everybody is let go of', async (t) => {
  const { first, other, ask } = stack([{ ...OTHER, when: ['5xx'] }])
  for (const moment of ['first', 'kept', 'passing'] as const) {
    const { client, body } = ask()
    if (moment !== 'first') first.last.head(502)
    if (moment === 'passing') other.last.head(200)
    body.abort(LEFT)
    t.equal(client.log.at(-1), 'fail client_cancelled', moment)
    t.ok(first.last.over, moment)
    t.ok(
      other.calls.every((call) => call.over),
      moment,
    )
  }
})

t.test('gRPC: Trailers-Only failures hand on, and a status of the file may answer instead', async (t) => {
  const call: RequestOptions = { grpc: true, method: 'POST', bodyLength: -1 }
  const { first, other, ask, events } = stack([{ ...OTHER, when: ['grpc:UNAVAILABLE', 'circuit_open'] }])
  const one = ask(call)
  one.body.data(lent('message'))
  one.body.end()
  first.last.head(200, ['grpc-status', '14'])
  first.last.finish()
  t.same(other.last.log, ['data message', 'end'])
  other.last.head(200)
  other.last.send('reply')
  other.last.finish(['grpc-status', '0'])
  t.same(one.client.log, ['head 200', 'data reply', 'end'])
  t.same(events, ['fallback service grpc:UNAVAILABLE'])
  const two = ask(call)
  two.body.end()
  first.last.break(OPEN)
  other.last.head(200, ['grpc-status', '14'])
  t.same(two.client.log, ['fail circuit_open'])

  const instead = stack([{ ...OTHER, grpcStatus: 'NOT_FOUND' }])
  const three = instead.ask(call)
  three.body.end()
  instead.first.last.break(OPEN)
  t.equal(get(three.client.answer!.headers, 'grpc-status'), '5')
  t.equal(instead.other.calls.length, 0)
})

t.test('what happened on the branch is told as part of the whole', async (t) => {
  const { first, other, ask } = stack([OTHER])
  const { request } = ask()
  request.exchange.attempts = 2
  first.last.break(RESET)
  const { exchange } = other.last.request
  t.equal(exchange.attempts, 2)
  exchange.attempts = 3
  exchange.attemptLog = 'log'
  exchange.shadowed = 'breaker:open'
  other.last.head(200)
  other.last.finish()
  t.match(request.exchange, { attempts: 3, attemptLog: 'log', shadowed: 'breaker:open' })
})

t.test('in shadow mode nobody else is asked', async (t) => {
  const { first, other, ask, events } = stack([OTHER], { mode: 'shadow' })
  const { client } = ask()
  first.last.break(OPEN)
  t.same(client.log, ['fail circuit_open'])
  t.equal(other.calls.length, 0)
  t.same(events, ['fallback would service'])
})

t.test('every stack above kept the contract and holds nothing', async (t) => {
  for (const { ledger, replay, clock } of used) {
    t.same([...ledger.breaches, ...ledger.leaks()], [])
    t.same([replay.used, clock.pending], [0, 0])
  }
})
