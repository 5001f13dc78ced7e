import t from 'tap'
import { scene } from './scene.ts'

/** `after` of the scene, and what the wheel may add. */
const DELAY = 48

t.test('shadow mode sends nothing and tells the occasions', async (t) => {
  const { ask, upstream, clock, decided } = scene({}, { mode: 'shadow' })
  const slow = ask()
  ask()
  clock.advance(DELAY)
  t.equal(upstream.calls.length, 2)
  t.strictSame(decided, ['hedge would hedge', 'hedge would hedge'])
  upstream.calls[0]?.head()
  upstream.calls[0]?.finish()
  t.strictSame(slow.client.log, ['head 200', 'end'])
  const failed = ask()
  upstream.last.head(503)
  upstream.last.finish()
  t.equal(decided.at(-1), 'hedge would hedge')
  t.strictSame(failed.client.log, ['head 503', 'end'])
})

t.test('shadow mode learns its percentile and keeps its budget as if at work', async (t) => {
  const { ask, clock, decided, learn, upstream } = scene({ after: 0.95, budget: 0.01 }, { mode: 'shadow' })
  learn(100, 10)
  ask()
  ask()
  clock.advance(50)
  t.strictSame(decided, ['hedge would hedge', 'hedge would suppressed_budget'])
  t.equal(upstream.calls.length, 102)
})
