/** When another attempt follows: delay, percentile, budget, deadline. */
import t from 'tap'
import { ProxyError } from '../../../src/core/errors.ts'
import { LEFT, scene } from './scene.ts'

/** `after` of the scene, and what the wheel may add. */
const DELAY = 48

t.test('maxExtra attempts are sent, each after a further delay', async (t) => {
  const { ask, upstream, clock } = scene({ maxExtra: 3, budget: 1 })
  for (let i = 0; i < 3; i++) ask()
  t.equal(upstream.calls.length, 3)
  clock.advance(DELAY)
  t.equal(upstream.calls.length, 6)
  clock.advance(DELAY)
  t.equal(upstream.calls.length, 6, 'three requests pay for three hedges')
  const alone = scene({ maxExtra: 2, budget: 1 })
  for (let i = 0; i < 2; i++) alone.ask()
  alone.upstream.calls[0]?.head()
  alone.clock.advance(DELAY)
  t.equal(alone.upstream.calls.length, 3)
  alone.clock.advance(DELAY)
  t.equal(alone.upstream.calls.length, 4)
  alone.clock.advance(1000)
  t.equal(alone.upstream.calls.length, 4)
})

t.test('Retry-After puts the next attempt off, and without another one ends it', async (t) => {
  const { ask, upstream, clock } = scene({ maxExtra: 2 })
  ask()
  const { client } = ask()
  clock.advance(DELAY)
  t.equal(upstream.calls.length, 4)
  upstream.calls[1]?.head(503, ['retry-after', '1'])
  clock.advance(900)
  t.equal(upstream.calls.length, 4)
  upstream.calls[3]?.head(503, ['retry-after', '1'])
  t.strictSame(client.log, ['head 503'])
})

t.test('the budget is a share of the requests; spent, it stops the new hedge and nothing else', async (t) => {
  const { ask, upstream, clock, decided } = scene({ budget: 0.5 })
  const clients = [ask(), ask(), ask()].map(({ client }) => client)
  clock.advance(DELAY)
  t.equal(upstream.calls.length, 4, 'one of three')
  t.strictSame(decided, ['hedge suppressed_budget', 'hedge suppressed_budget'])
  t.ok(upstream.calls.every((call) => call.log.at(-1) === 'end'))
  for (const call of upstream.running) {
    call.head()
    call.finish()
  }
  for (const client of clients) t.strictSame(client.log, ['head 200', 'end'])
})

t.test('the budget says whose it is', async (t) => {
  const { scope, ask } = scene({ budget: 0.5 })
  for (let i = 0; i < 4; i++) ask()
  t.match(
    [...scope.states.values()].map((state) => (state as { snapshot(): unknown }).snapshot()),
    [{ kind: 'budget', of: 'hedge', service: 'inventory', remaining: 2, percent: 0.5 }],
  )
})

t.test('nothing is sent at or past the deadline', async (t) => {
  const { ask, upstream, clock } = scene({ after: 41 })
  ask({ deadline: 41 })
  // The wheel is a tick late.
  ask({ deadline: 45 })
  clock.advance(1000)
  t.equal(upstream.calls.length, 2)
  t.equal(clock.pending, 0)
})

t.test('a percentile holds from 100 answers on', async (t) => {
  const { ask, upstream, clock, learn } = scene({ after: 0.95 })
  learn(99, 10)
  ask()
  clock.advance(500)
  t.equal(upstream.calls.length, 100)
  upstream.last.head()
  upstream.last.finish()
  const { client } = ask()
  clock.advance(30)
  t.equal(upstream.calls.length, 102)
  upstream.last.head()
  upstream.last.finish()
  t.strictSame(client.log, ['head 200', 'end'])
})

t.test('what a hedge waited for is said: the delay, and the percentile it is', async (t) => {
  const fixed = scene()
  fixed.ask()
  fixed.clock.advance(DELAY)
  t.strictSame(fixed.scope.events.followed, ['hedge: 40ms'])
  const tail = scene({ after: 0.95 })
  tail.learn(100, 40)
  tail.ask()
  tail.clock.advance(100)
  t.match(tail.scope.events.followed, [/^hedge: p95 \(4[01]ms\)$/])
})

t.test('a first attempt that lost counts for as long as it took', async (t) => {
  const { ask, upstream, clock, learn, scope } = scene({ after: 0.5 })
  learn(100, 10)
  for (let i = 0; i < 200; i++) {
    ask()
    const first = upstream.last
    clock.advance(30)
    if (upstream.last === first) first.head()
    else upstream.last.head()
    upstream.last.finish()
  }
  const state = scope.states.get('hedge latencies inventory') as { snapshot(): { after: number; samples: number } }
  t.equal(state.snapshot().samples, 300)
  t.ok(state.snapshot().after > 15, `p50 is ${state.snapshot().after}`)
})

for (const mode of ['enforce', 'shadow'] as const) {
  t.test(
    `${mode}: what the deadline cuts off took at least so long; a client that leaves early says nothing`,
    async (t) => {
      const { ask, clock, learn, scope } = scene({ after: 0.5, budget: 0 }, { mode })
      const late = new ProxyError('request_timeout', 'upstream', 'no', 'late')
      const shown = () =>
        (scope.states.get('hedge latencies inventory') as { snapshot(): { after: number; samples: number } }).snapshot()
      learn(100, 10)
      for (let i = 0; i < 50; i++) {
        const { body } = ask()
        clock.advance(5)
        body.abort(LEFT)
      }
      t.equal(shown().samples, 100)
      for (let i = 0; i < 150; i++) {
        const { body } = ask({ deadline: clock.now() + 100 })
        clock.advance(100)
        body.abort(late)
      }
      // Until the percentile is past the deadline: then nothing is hedged.
      t.ok(shown().after >= 100, `p50 is ${shown().after}`)
      t.equal(clock.pending, 0)
    },
  )
}
