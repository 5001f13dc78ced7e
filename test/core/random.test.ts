import t from 'tap'
import { systemRandom } from '../../src/core/random.ts'

/** More than several refills of the pool. */
const DRAWS = 10_000

t.test('systemRandom().fraction gives 0 ≤ x < 1, spread evenly', async (t) => {
  const random = systemRandom()
  const buckets = new Array<number>(10).fill(0)
  let outside = 0
  for (let i = 0; i < DRAWS; i++) {
    const x = random.fraction()
    if (!(x >= 0 && x < 1)) outside++
    buckets[Math.floor(x * 10)]!++
  }
  t.equal(outside, 0)
  // Ten standard deviations: fails once in 10^22 runs.
  for (const n of buckets) t.ok(Math.abs(n - DRAWS / 10) < 300, `${n} of ${DRAWS}`)
})

t.test('systemRandom().word gives unsigned 32-bit integers that do not repeat with the pool', async (t) => {
  const random = systemRandom()
  const seen = new Set<number>()
  let outside = 0
  for (let i = 0; i < DRAWS; i++) {
    const word = random.word()
    if (!(Number.isInteger(word) && word >= 0 && word <= 0xffff_ffff)) outside++
    seen.add(word)
  }
  t.equal(outside, 0)
  t.ok(seen.size > DRAWS - 10, `${seen.size} different of ${DRAWS}`)
})

t.test('systemRandom() of two callers are two sequences', async (t) => {
  const one = systemRandom()
  const two = systemRandom()
  const pairs = Array.from({ length: 8 }, () => one.word() === two.word())
  t.notOk(pairs.every(Boolean))
})
