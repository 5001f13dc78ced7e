/** What becomes of a request's body. */
import t from 'tap'
import { ReplayAccount } from '../../../src/core/replay-buffer.ts'
import { retry } from '../../../src/policies/retry/policy.ts'
import { Client, responseHead, testScope, Upstream } from '../../support/stubs.ts'
import { DEFAULTS, refused, requestOf, reset, STEADY, scene } from './scene.ts'
import { lent } from '../../support/lent.ts'

t.test('a body is sent again as it came, trailers included', async (t) => {
  const { upstream, ask, clock } = scene(STEADY)
  const { client, body, request } = ask({ method: 'PUT', bodyLength: -1 })
  body.data(lent('one '))
  body.data(lent('two'))
  body.end(['x-sum', '1'])
  upstream.last.break(reset('unanswered'))
  clock.advance(40)
  t.strictSame(upstream.last.log, ['data one ', 'data two', 'end'])
  upstream.last.head()
  upstream.last.finish()
  t.strictSame(client.log, ['head 200', 'end'])
  t.equal(request.exchange.replay, undefined, 'nothing is kept once an answer goes up')
})

t.test('what the client sends during the backoff is kept, and the client is paused', async (t) => {
  const { upstream, ask, clock } = scene(STEADY)
  const { client, body } = ask({ method: 'PUT', bodyLength: -1 })
  body.data(lent('a'))
  upstream.last.break(refused)
  body.data(lent('b'))
  body.end()
  t.strictSame(client.log, ['pauseRequest'])
  clock.advance(40)
  t.strictSame(upstream.last.log, ['data a', 'data b', 'end'])
  t.strictSame(client.log, ['pauseRequest', 'resumeRequest'])
})

t.test('a body over the limit goes on, only retrying is given up', async (t) => {
  const { upstream, ask, skipped } = scene({ ...STEADY, maxBodyBytes: 100_000 })
  const { client, body, request } = ask({ method: 'PUT', bodyLength: -1 })
  body.data(Buffer.alloc(60_000))
  body.data(Buffer.alloc(60_000))
  body.end()
  t.equal(upstream.last.log.length, 3)
  t.equal(request.exchange.replay, undefined)
  upstream.last.head(503)
  upstream.last.finish()
  t.strictSame(client.log, ['head 503', 'end'])
  t.strictSame(skipped, ['skipped body_too_large'])
})

t.test('a connect failure is retried though the body read so far is over maxBodyBytes', async (t) => {
  const { upstream, ask, clock, skipped } = scene({ ...STEADY, maxBodyBytes: 10 })
  const { body } = ask({ method: 'POST', bodyLength: 1_000_000 })
  body.data(Buffer.alloc(65_536))
  upstream.last.break(refused)
  clock.advance(40)
  t.equal(upstream.calls.length, 2)
  t.strictSame(skipped, [])
})

t.test('an answer is not retried when the body was over maxBodyBytes', async (t) => {
  const { upstream, ask, skipped } = scene({ ...STEADY, maxBodyBytes: 10 })
  const { body } = ask({ method: 'PUT', bodyLength: 11 })
  body.data(Buffer.alloc(11))
  body.end()
  upstream.last.head(503)
  t.strictSame(skipped, ['skipped body_too_large'])
})

t.test('a body that outgrows the limit during the backoff passes the kept answer on whole', async (t) => {
  const { upstream, ask, clock, skipped } = scene({ ...STEADY, maxBodyBytes: 70_000 })
  const { client, body } = ask({ method: 'PUT', bodyLength: -1 })
  body.data(Buffer.alloc(60_000, 'a'))
  const first = upstream.last
  first.head(503, ['x', '1'])
  first.send('bu')
  body.data(Buffer.alloc(60_000, 'b'))
  t.strictSame(skipped, ['skipped body_too_large'])
  t.strictSame(client.log, ['head 503', 'data bu'])
  t.equal(clock.pending, 0)
  t.strictSame(first.log.slice(1), ['pauseResponse', `data ${'b'.repeat(60_000)}`, 'resumeResponse'])
  first.send('sy')
  first.finish()
  t.strictSame(client.log, ['head 503', 'data bu', 'data sy', 'end'])
})

t.test('a body that outgrows the limit after a failure without an answer ends in that failure', async (t) => {
  const { upstream, ask, clock } = scene(STEADY)
  const { client, body } = ask({ method: 'PUT', bodyLength: -1 })
  body.data(Buffer.alloc(60_000))
  upstream.last.break(refused)
  body.data(Buffer.alloc(60_000))
  t.strictSame(client.log, ['fail connect_failure'])
  t.equal(clock.pending, 0)
})

t.test('a body of a transparent retry is sent again, without a policy, too', async (t) => {
  const { upstream, ask } = scene()
  const { body } = ask({ method: 'POST', bodyLength: 1 })
  body.data(lent('a'))
  body.end()
  upstream.last.break(reset('unsent-reused'))
  t.strictSame(upstream.last.log, ['data a', 'end'])
})

t.test('Expect is kept until body bytes came or a 100 went up', async (t) => {
  const expects = (prepare: (body: { data(chunk: Buffer): void }) => void) => {
    const { upstream, ask, clock } = scene(STEADY)
    const { body } = ask({ method: 'PUT', bodyLength: 1, expectContinue: true })
    prepare(body)
    upstream.last.break(refused)
    clock.advance(40)
    return upstream.last.request.expectContinue
  }
  t.equal(
    expects(() => {}),
    true,
  )
  t.equal(
    expects((body) => body.data(lent('a'))),
    false,
  )

  const scope = testScope()
  const upstream = new Upstream()
  let told: (() => void) | undefined
  const dispatch = retry.create({ ...DEFAULTS, ...STEADY }, scope).request!((request, response) => {
    told = () => response.informational(responseHead(100))
    return upstream.dispatch(request, response)
  })
  const client = new Client()
  dispatch(requestOf({ method: 'PUT', bodyLength: 1, expectContinue: true }), client)
  told?.()
  upstream.last.break(refused)
  scope.clock.advance(40)
  t.strictSame(client.log, ['informational 100'])
  t.equal(upstream.last.request.expectContinue, false)
})

t.test('the replay buffers of the process share one account', async (t) => {
  const replay = new ReplayAccount(100)
  const scope = { ...testScope(), replay }
  const upstream = new Upstream()
  const dispatch = retry.create({ ...DEFAULTS, ...STEADY }, scope).request!(upstream.dispatch)
  const client = new Client()
  const body = dispatch(requestOf({ method: 'PUT', bodyLength: -1 }), client)
  body.data(Buffer.alloc(60))
  t.equal(replay.used, 60)
  const other = new Client()
  const second = dispatch(requestOf({ method: 'PUT', bodyLength: -1 }), other)
  second.data(Buffer.alloc(60))
  upstream.last.break(refused)
  t.strictSame(other.log, ['fail connect_failure'])
  upstream.calls[0]!.head()
  t.equal(replay.used, 0)
})
