import t from 'tap'
import { distance, nearest } from '../../../src/config/values/spelling.ts'

t.test('distance() counts insertions, deletions, replacements and swaps', async (t) => {
  const cases: readonly (readonly [string, string, number])[] = [
    ['', '', 0],
    ['', 'abc', 3],
    ['timeout', 'timout', 1],
    ['timeout', 'timeuot', 1],
    ['timeout', 'tmeouts', 2],
    ['abc', 'xyz', 3],
  ]
  for (const [a, b, slips] of cases) t.equal(distance(a, b), slips, `${a} ${b}`)
})

t.test('nearest() takes one slip in three letters, case and hyphens aside', async (t) => {
  const words = ['timeout', 'retry', 'maxConcurrent', 'when']
  t.equal(nearest('timout', words), 'timeout')
  t.equal(nearest('max_concurrent', words), 'maxConcurrent')
  t.equal(nearest('RETRY', words), 'retry')
  t.equal(nearest('wehn', words), 'when')
  t.equal(nearest('zebra', words), undefined)
  t.equal(nearest('', words), undefined)
})
