import t from 'tap'
import { spread, Verdict } from '../../../src/upstream/health/verdict.ts'

/** `+` passed, `-` failed; the verdict behind each. */
const cases: readonly (readonly [healthy: number, unhealthy: number, heard: string, verdicts: string])[] = [
  [2, 3, '', ''],
  [2, 3, '++++', '++++'],
  [2, 3, '--', '++'],
  [2, 3, '---', '++-'],
  [2, 3, '--+--+--', '++++++++'],
  [2, 3, '---+++', '++--++'],
  [2, 3, '---+-++', '++----+'],
  [1, 1, '-+-+', '-+-+'],
  [3, 1, '-++-+++', '------+'],
  [2, 3, '---++---++', '++--+++--+'],
]

for (const [healthy, unhealthy, heard, verdicts] of cases) {
  t.test(`Verdict hears '${heard}' with ${healthy} and ${unhealthy}`, async (t) => {
    const verdict = new Verdict({ healthy, unhealthy })
    let before = true
    const got = [...heard].map((one) => {
      const changed = verdict.hear(one === '+')
      t.equal(changed, verdict.healthy !== before, 'it says so when it changes')
      before = verdict.healthy
      return verdict.healthy ? '+' : '-'
    })
    t.equal(got.join(''), verdicts)
  })
}

t.test('spread() is a tenth around the interval', async (t) => {
  t.strictSame(
    [0, 0.5, 1].map((dice) => Math.round(spread(5000, dice))),
    [4500, 5000, 5500],
  )
})
