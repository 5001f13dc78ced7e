import t from 'tap'
import { openFor, seconds, tripped } from '../../../src/policies/breaker/decide.ts'

t.test('tripped() is reached, not passed', async (t) => {
  const limits = { failureRate: 0.5, slowRate: 0.8 }
  for (const [calls, failed, slow, expected] of [
    [0, 0, 0, ''],
    [10, 4, 7, ''],
    [10, 5, 0, 'failed'],
    [10, 0, 8, 'slow'],
    [10, 5, 8, 'failed'],
  ] as const) {
    t.equal(tripped(limits, calls, failed, slow), expected, `${calls} ${failed} ${slow}`)
  }
  t.equal(tripped({ failureRate: 1, slowRate: Number.POSITIVE_INFINITY }, 10, 9, 10), '')
})

t.test('openFor() doubles up to max, and spreads', async (t) => {
  const times = { base: 5000, max: 30_000, jitter: 0.2 }
  for (const [again, chance, expected] of [
    [0, 0.5, 5000],
    [1, 0.5, 10_000],
    [2, 0.5, 20_000],
    [3, 0.5, 30_000],
    [1000, 0.5, 30_000],
    [0, 0, 4000],
    [0, 0.999999, 6000],
    [3, 0, 24_000],
  ] as const) {
    t.equal(Math.round(openFor(times, again, chance)), expected, `${again} ${chance}`)
  }
  t.equal(openFor({ base: 60_000, max: 30_000, jitter: 0 }, 3, 0.5), 60_000, 'a larger base wins')
})

t.test('seconds() rounds up to a tenth', async (t) => {
  t.same([0, -5, 1, 100, 4180, 5000].map(seconds), [0, 0, 0.1, 0.1, 4.2, 5])
})
