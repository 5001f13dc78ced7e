import t from 'tap'
import { holdFor, strikes } from '../../../src/policies/fault/decide.ts'

t.test('strikes() by dice and until its time', async (t) => {
  for (const [percent, until, dice, now, expected] of [
    [0.05, 100, 0.049, 99, true],
    [0.05, 100, 0.05, 99, false],
    [0.05, 100, 0, 100, false],
    [0.05, 100, 0, 101, false],
    [0, 100, 0, 0, false],
    [1, 100, 0.999999, 0, true],
  ] as const) {
    t.equal(strikes({ percent, until }, dice, now), expected, `${percent} ${until} ${dice} ${now}`)
  }
})

t.test('holdFor() ends with the deadline', async (t) => {
  for (const [delay, now, deadline, expected] of [
    [200, 0, Number.POSITIVE_INFINITY, 200],
    [200, 100, 200, 100],
    [200, 100, 400, 200],
    [200, 100, 50, 0],
  ] as const) {
    t.equal(holdFor(delay, now, deadline), expected, `${delay} ${now} ${deadline}`)
  }
})
