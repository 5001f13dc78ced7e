import t from 'tap'
import {
  afterTaking,
  grantOf,
  hasToken,
  quotaOf,
  rulesOf,
  secondsToToken,
} from '../../../src/policies/rate-limit/decide.ts'

/** Which of the requests at these moments pass, and when the bucket is full again in the end. */
function passing(rate: number, burst: number, moments: readonly number[]): string {
  const rules = rulesOf({ rate, burst })
  let fullAt = 0
  return moments
    .map((now) => {
      if (!hasToken(rules, fullAt, now)) return '-'
      fullAt = afterTaking(rules, fullAt, now)
      return '+'
    })
    .join('')
}

for (const [what, rate, burst, moments, expected] of [
  ['a burst, then one for each interval', 10, 3, [0, 0, 0, 0, 99, 100, 100, 200], '+++--+-+'],
  ['a burst of one', 10, 1, [0, 50, 99.8, 100, 150, 200], '+--+-+'],
  ['a rest fills the bucket and no more', 10, 2, [0, 0, 0, 10_000, 10_000, 10_000], '++-++-'],
  ['thirds of a millisecond add up', 3, 4, [0.1, 0.1, 0.1, 0.1, 0.1], '++++-'],
  ['a long way from zero', 3, 4, [1e9, 1e9, 1e9, 1e9, 1e9, 1e9 + 333.4], '++++-+'],
  ['who is refused takes nothing', 1, 1, [0, 900, 950, 1000], '+--+'],
  ['less than one in a second', 1 / 60, 1, [0, 59_000, 60_000], '+-+'],
  ['a million in a second', 1e6, 2, [5, 5, 5, 5.001, 5.001], '++-+-'],
] as const) {
  t.test(`hasToken(): ${what}`, async (t) => {
    t.equal(passing(rate, burst, moments), expected)
  })
}

t.test('hasToken() grants the rate over a long time, whatever the pattern', async (t) => {
  const rules = rulesOf({ rate: 7, burst: 5 })
  let fullAt = 0
  let passed = 0
  for (let now = 0; now < 100_000; now += 13) {
    if (!hasToken(rules, fullAt, now)) continue
    fullAt = afterTaking(rules, fullAt, now)
    passed++
  }
  t.equal(passed, 704, '7/s for 100 s, and the burst in the beginning')
})

t.test('secondsToToken() is never too early, and a tenth at least', async (t) => {
  for (const [rate, burst, fullAt, now, expected] of [
    [1, 1, 1000, 0, 1],
    [1, 1, 1000, 1, 1],
    [1, 1, 1000, 999, 0.1],
    [10, 2, 200, 0, 0.1],
    [1 / 60, 1, 60_000, 0, 60],
    [1, 3, 3000, 500, 0.5],
  ] as const) {
    const rules = rulesOf({ rate, burst })
    const seconds = secondsToToken(rules, fullAt, now)
    t.equal(seconds, expected, `${rate} ${burst} ${fullAt} ${now}`)
    t.ok(hasToken(rules, fullAt, now + seconds * 1000))
  }
})

t.test('grantOf() is a share of both rate and burst, and a token at least', async (t) => {
  for (const [rate, burst, replicas, expected] of [
    [100, 200, 1, { rate: 100, burst: 200 }],
    [100, undefined, 1, { rate: 100, burst: 100 }],
    [10 / 60, undefined, 1, { rate: 10 / 60, burst: 1 }],
    [2.5, undefined, 1, { rate: 2.5, burst: 3 }],
    [100, 200, 4, { rate: 25, burst: 50 }],
    [100, 10, 3, { rate: 100 / 3, burst: 4 }],
    [1, 1, 10, { rate: 0.1, burst: 1 }],
  ] as const) {
    t.same(grantOf(rate, burst, replicas), expected)
  }
})

t.test('quotaOf() is whole requests in whole seconds', async (t) => {
  for (const [rate, burst, quota, window] of [
    [100, 200, 200, 2],
    [100, 100, 100, 1],
    [100, 50, 100, 1],
    [10 / 60, 10, 10, 60],
    [10 / 60, 1, 1, 6],
    [1 / 3600, 1, 1, 3600],
    [2.5, 3, 5, 2],
  ] as const) {
    t.same(quotaOf({ rate, burst }), { quota, window }, `${rate} ${burst}`)
  }
})
