import t from 'tap'
import { ProxyError } from '../../../src/core/errors.ts'
import { LEFT, refused, reset, type scene as Scene, STEADY, scene } from './scene.ts'
import { lent } from '../../support/lent.ts'

const OPEN = new ProxyError('circuit_open', 'proxy', 'unsent', 'open')

function statusOf(asked: ReturnType<ReturnType<typeof Scene>['ask']>): number | undefined {
  return asked.client.answer?.status
}

t.test('an answer that is not listed passes untouched', async (t) => {
  const { upstream, ask, skipped, clock } = scene(STEADY)
  const { client } = ask()
  upstream.last.head(500)
  upstream.last.send('x')
  upstream.last.finish()
  t.strictSame(client.log, ['head 500', 'data x', 'end'])
  t.strictSame(skipped, [])
  t.equal(clock.pending, 0)
})

t.test('a listed answer is discarded when the next attempt is dispatched, not before', async (t) => {
  const { upstream, ask, clock } = scene(STEADY)
  const { client } = ask()
  const first = upstream.last
  first.head(503)
  t.strictSame(first.log, ['end', 'pauseResponse'])
  t.equal(upstream.calls.length, 1)
  clock.advance(40)
  t.strictSame(first.log, ['end', 'pauseResponse', 'abort superseded'])
  t.equal(upstream.calls.length, 2)
  t.equal(upstream.last.request.attempt.kind, 'retry')
  t.equal(upstream.last.request.attempt.last, false)
  upstream.last.head()
  upstream.last.finish()
  t.strictSame(client.log, ['head 200', 'end'])
})

t.test('an answer that ended while it was kept is not aborted', async (t) => {
  const { upstream, ask, clock } = scene(STEADY)
  const { client } = ask()
  const first = upstream.last
  first.head(503)
  first.send('busy')
  first.finish()
  clock.advance(40)
  t.strictSame(first.log, ['end', 'pauseResponse'])
  upstream.last.head()
  upstream.last.finish()
  t.strictSame(client.log, ['head 200', 'end'])
})

t.test('the last real answer is passed on when retries are used up', async (t) => {
  const { upstream, ask, clock, skipped } = scene(STEADY)
  const { client } = ask()
  upstream.last.head(503)
  clock.advance(40)
  upstream.last.head(503)
  clock.advance(120)
  t.equal(upstream.calls.length, 3)
  t.equal(upstream.last.request.attempt.last, true)
  upstream.last.head(503, ['x-which', 'third'])
  upstream.last.send('busy')
  upstream.last.finish()
  t.strictSame(client.log, ['head 503', 'data busy', 'end'])
  t.strictSame(client.answer?.headers, ['x-which', 'third'])
  t.strictSame(skipped, ['skipped limit'])
  t.equal(clock.pending, 0)
})

t.test('a refusal of our own ends the loop and is what the client sees', async (t) => {
  const { upstream, ask, clock, skipped } = scene(STEADY)
  const { client } = ask()
  upstream.last.head(503)
  clock.advance(40)
  upstream.last.break(OPEN)
  t.strictSame(client.log, ['fail circuit_open'])
  t.strictSame(skipped, [])
})

t.test('the backoff follows its series', async (t) => {
  const { upstream, ask, clock } = scene({ ...STEADY, max: 4 })
  ask({ method: 'POST' })
  for (const [i, pause] of [40, 120, 280, 400].entries()) {
    upstream.last.break(refused)
    clock.advance(pause - 1)
    t.equal(upstream.calls.length, i + 1)
    clock.advance(1)
    t.equal(upstream.calls.length, i + 2)
  }
})

t.test('full jitter may mean at once', async (t) => {
  const { upstream, ask } = scene({ max: 1 }, { random: { fraction: () => 0, word: () => 0 } })
  ask()
  const first = upstream.last
  first.head(503)
  t.equal(upstream.calls.length, 2)
  t.strictSame(first.log, ['end', 'abort superseded'])
})

t.test('nothing is retried when the wait would pass the deadline', async (t) => {
  const { upstream, ask, skipped } = scene(STEADY)
  const { client } = ask({ deadline: 40 })
  upstream.last.head(503)
  upstream.last.finish()
  t.strictSame(client.log, ['head 503', 'end'], 'not a 504')
  t.strictSame(skipped, ['skipped deadline'])
})

t.test('Retry-After: 60 under a deadline of 2 s passes through with its field, and nobody waits', async (t) => {
  const { upstream, ask, skipped, clock } = scene(STEADY)
  const { client } = ask({ deadline: 2000 })
  upstream.last.head(503, ['Retry-After', '60'])
  upstream.last.finish()
  t.strictSame(client.log, ['head 503', 'end'])
  t.strictSame(client.answer?.headers, ['Retry-After', '60'])
  t.strictSame(skipped, ['skipped pushback'])
  t.equal(clock.pending, 0)
})

t.test('Retry-After is waited for to the letter, and the backoff series restarts', async (t) => {
  const { upstream, ask, clock } = scene(STEADY)
  ask()
  upstream.last.head(503, ['retry-after', '2'])
  clock.advance(1999)
  t.equal(upstream.calls.length, 1)
  clock.advance(1)
  t.equal(upstream.calls.length, 2)
  upstream.last.head(503)
  clock.advance(40)
  t.equal(upstream.calls.length, 3)
})

t.test('Retry-After as a date is waited for', async (t) => {
  const { upstream, ask, clock } = scene(STEADY)
  ask()
  const date = new Date(clock.wallTime() + 3000).toUTCString()
  upstream.last.head(503, ['Retry-After', date])
  clock.advance(2999)
  t.equal(upstream.calls.length, 1)
  clock.advance(1)
  t.equal(upstream.calls.length, 2)
})

t.test('a peer that sheds load is not asked again', async (t) => {
  const { upstream, ask, skipped } = scene(STEADY)
  const asked = ask()
  upstream.last.head(503, ['x-outrigger-reason', 'circuit_open'])
  t.equal(statusOf(asked), 503)
  t.strictSame(skipped, ['skipped pushback'])
})

t.test('a write is not repeated for an answer, and the reason is told', async (t) => {
  const { upstream, ask, skipped } = scene(STEADY)
  const asked = ask({ method: 'POST' })
  upstream.last.head(503)
  t.equal(statusOf(asked), 503)
  t.strictSame(skipped, ['skipped not_idempotent'])
})

t.test('a budget that is used up passes the answer on', async (t) => {
  const { upstream, ask, skipped, scope } = scene({
    ...STEADY,
    budget: { percent: 0.2, window: 10_000, minPerSecond: 0.1 },
  })
  ask()
  upstream.last.break(refused)
  const second = ask()
  upstream.last.head(503)
  t.equal(statusOf(second), 503)
  t.strictSame(skipped, ['skipped budget'])
  const [budget] = scope.states.values() as Iterable<{ snapshot(): unknown }>
  t.match(budget?.snapshot(), { kind: 'budget', service: 'inventory', remaining: 0 })
})

t.test('a retry skipped for its deadline costs the budget nothing', async (t) => {
  const { upstream, ask, scope } = scene(STEADY)
  ask({ deadline: 10 })
  upstream.last.break(refused)
  const [budget] = scope.states.values() as Iterable<{ snapshot(): unknown }>
  t.match(budget?.snapshot(), { remaining: 10 })
})

t.test('all routes of a service share one budget', async (t) => {
  const budget = { percent: 0, window: 10_000, minPerSecond: 0.1 }
  const one = scene({ ...STEADY, budget })
  const other = scene({ ...STEADY, budget }, { after: one.scope })
  one.ask()
  one.upstream.last.break(refused)
  const asked = other.ask()
  other.upstream.last.break(refused)
  t.strictSame(asked.client.log, ['fail connect_failure'])
})

t.test('a transparent retry is made at once, on a fresh connection, once, and costs no budget', async (t) => {
  for (const max of [0, 2]) {
    const { upstream, ask, scope } = scene({ ...STEADY, max })
    const { client } = ask({ method: 'POST' })
    upstream.last.break(reset('unsent-reused'))
    t.equal(upstream.calls.length, 2)
    const { attempt } = upstream.last.request
    t.match({ kind: attempt.kind, fresh: attempt.fresh }, { kind: 'transparent', fresh: true })
    upstream.last.head()
    upstream.last.finish()
    t.strictSame(client.log, ['head 200', 'end'])
    if (max === 0) t.equal(scope.states.size, 0, 'without a policy there is no budget')
    else
      t.match(
        [...scope.states.values()].map((state) => (state as { snapshot(): unknown }).snapshot()),
        [{ remaining: 10 }],
      )
  }
})

t.test('a second race of the same request is not retried without a policy', async (t) => {
  const { upstream, ask, skipped } = scene()
  const { client } = ask()
  upstream.last.break(reset('unanswered-reused'))
  upstream.last.break(reset('unanswered-reused'))
  t.equal(upstream.calls.length, 2)
  t.strictSame(client.log, ['fail upstream_reset'])
  t.strictSame(skipped, [])
})

t.test('the keep-alive race of a POST is told to the client, with the reason', async (t) => {
  const { upstream, ask, skipped } = scene()
  const { client } = ask({ method: 'POST' })
  upstream.last.break(reset('unanswered-reused'))
  t.equal(upstream.calls.length, 1)
  t.strictSame(client.log, ['fail upstream_reset'])
  t.strictSame(skipped, ['skipped not_idempotent'])
})

t.test('a transparent retry does not use up a policy retry', async (t) => {
  const { upstream, ask, clock } = scene({ ...STEADY, max: 1 })
  ask()
  upstream.last.break(reset('unanswered-reused'))
  t.equal(upstream.last.request.attempt.last, false)
  upstream.last.break(reset('unanswered'))
  clock.advance(40)
  t.equal(upstream.calls.length, 3)
  t.match(upstream.last.request.attempt, { kind: 'retry', last: true, fresh: false })
})

t.test('nothing is retried once a head has gone up', async (t) => {
  const { upstream, ask, skipped } = scene(STEADY)
  const { client } = ask()
  upstream.last.head()
  upstream.last.send('half')
  upstream.last.break(reset('no'))
  t.strictSame(client.log, ['head 200', 'data half', 'fail upstream_reset'])
  t.strictSame(skipped, ['skipped committed'])
})

t.test('a client that leaves during the backoff ends it', async (t) => {
  const { upstream, ask, clock, skipped } = scene(STEADY)
  const { client, body } = ask()
  upstream.last.break(refused)
  t.equal(clock.pending, 1)
  body.abort(LEFT)
  t.strictSame(client.log, ['fail client_cancelled'])
  t.equal(clock.pending, 0)
  t.equal(upstream.calls.length, 1)
  t.strictSame(skipped, [])
})

t.test('a client that leaves while an answer is kept ends that, too', async (t) => {
  const { upstream, ask, clock } = scene(STEADY)
  const { client, body } = ask()
  upstream.last.head(503)
  body.abort(LEFT)
  t.strictSame(upstream.last.log, ['end', 'pauseResponse', 'abort client_cancelled'])
  t.strictSame(client.log, ['fail client_cancelled'])
  t.equal(clock.pending, 0)
})

t.test('a client that leaves during an attempt is never a failure to retry', async (t) => {
  const { upstream, ask, clock } = scene({ ...STEADY, when: ['client_cancelled', 'upstream_reset'] })
  const { client, body } = ask()
  body.abort(LEFT)
  t.strictSame(upstream.last.log, ['end', 'abort client_cancelled'])
  t.strictSame(client.log, ['fail client_cancelled'])
  t.equal(clock.pending, 0)
})

t.test('early hints pass, also of an attempt that is not the last', async (t) => {
  const { upstream, ask, clock } = scene(STEADY)
  const { client } = ask()
  upstream.last.break(refused)
  clock.advance(40)
  upstream.last.head()
  t.strictSame(client.log, ['head 200'])
})

t.test("the asker's pause is repeated to the next attempt", async (t) => {
  const { upstream, ask, clock } = scene(STEADY)
  const { body } = ask()
  body.pauseResponse()
  upstream.last.break(refused)
  clock.advance(40)
  t.strictSame(upstream.last.log, ['end', 'pauseResponse'])
  body.resumeResponse()
  t.strictSame(upstream.last.log, ['end', 'pauseResponse', 'resumeResponse'])
})

t.test('the pause of an attempt that is gone is lifted once the next has caught up', async (t) => {
  const { upstream, ask, clock } = scene(STEADY)
  const { client, body } = ask({ method: 'PUT', bodyLength: -1 })
  body.data(lent('a'))
  upstream.last.pauseRequest()
  upstream.last.break(refused)
  t.strictSame(client.log, ['pauseRequest'])
  clock.advance(40)
  t.strictSame(upstream.last.log, ['data a'])
  t.strictSame(client.log, ['pauseRequest', 'resumeRequest'])
})

t.test('only the connection refused before is retried for a tunnel', async (t) => {
  const { upstream, ask, clock } = scene({ ...STEADY, when: ['connect_failure', 'upstream_reset', '5xx'] })
  const first = ask({ upgrade: 'websocket' })
  upstream.last.break(refused)
  clock.advance(40)
  t.equal(upstream.calls.length, 2)
  upstream.last.head(503)
  t.equal(statusOf(first), 503)
  const second = ask({ upgrade: 'websocket' })
  upstream.last.break(reset('unanswered-reused'))
  t.strictSame(second.client.log, ['fail upstream_reset'])
})

t.test('a retry that meets no endpoint says so', async (t) => {
  const { upstream, ask, clock, skipped } = scene(STEADY)
  const { client } = ask()
  upstream.last.break(refused)
  clock.advance(40)
  upstream.last.break(new ProxyError('no_endpoints', 'proxy', 'unsent', 'none left'))
  t.strictSame(client.log, ['fail no_endpoints'])
  t.strictSame(skipped, ['skipped no_endpoint'])
})

t.test('half of all attempts failing, three retries bring about 94 % through', async (t) => {
  let dice = 1
  const fraction = () => (dice = (dice * 48_271) % 2_147_483_647) / 2_147_483_647
  const budget = { percent: 1, window: 10_000, minPerSecond: 1000 }
  const { upstream, ask, clock } = scene({ max: 3, budget }, { random: { fraction, word: () => 0 } })
  let good = 0
  for (let i = 0; i < 4000; i++) {
    const asked = ask()
    while (!asked.client.over) {
      if (upstream.last.over) clock.advance(5)
      else {
        upstream.last.head(fraction() < 0.5 ? 503 : 200)
        if (asked.client.answer !== undefined) upstream.last.finish()
        else clock.advance(5)
      }
    }
    if (statusOf(asked) === 200) good++
  }
  t.ok(good > 4000 * 0.925 && good < 4000 * 0.95, `${good} of 4000`)
})

t.test('each further attempt is announced with the outcome that calls for it', async (t) => {
  const { upstream, ask, clock, scope } = scene({ ...STEADY, max: 3 })
  ask()
  upstream.last.head(503)
  clock.advance(40)
  upstream.last.break(reset('unanswered'))
  clock.advance(120)
  upstream.last.break(reset('unanswered-reused'))
  upstream.last.head(503)
  t.strictSame(scope.events.followed, ['retry: 503', 'retry: upstream_reset', 'transparent: upstream_reset'])
})
