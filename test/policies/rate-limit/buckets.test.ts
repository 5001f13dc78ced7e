import t from 'tap'
import { Buckets } from '../../../src/policies/rate-limit/buckets.ts'

/** A key that used its bucket up until `fullAt`. */
function take(buckets: Buckets, key: string, now: number, fullAt: number): boolean {
  const bucket = buckets.of(key, now)
  if (bucket === buckets.overflow) return false
  bucket.fullAt = fullAt
  return true
}

t.test('of() gives a key the same bucket again, and another key another', async (t) => {
  const buckets = new Buckets(10)
  const one = buckets.of('one', 0)
  t.equal(buckets.of('one', 5), one)
  t.not(buckets.of('two', 5), one)
})

t.test('of() never throws out a key that is not full again: the newcomers share one bucket', async (t) => {
  const buckets = new Buckets(4)
  for (const key of ['a', 'b', 'c', 'd']) t.ok(take(buckets, key, 0, 1000))
  const a = buckets.of('a', 1)
  for (let i = 0; i < 1000; i++) t.equal(buckets.of(`invented ${i}`, 2), buckets.overflow)
  t.equal(buckets.size, 4)
  t.equal(buckets.overflowed, 1000)
  t.equal(buckets.of('a', 3), a)
  t.equal(a.fullAt, 1000)
})

t.test('of() makes room of keys that are full again', async (t) => {
  const buckets = new Buckets(4)
  for (const [key, fullAt] of [
    ['a', 1000],
    ['b', 10],
    ['c', 1000],
    ['d', 1000],
  ] as const)
    take(buckets, key, 0, fullAt)
  t.notOk(take(buckets, 'early', 9, 1000))
  t.ok(take(buckets, 'late', 10, 1000))
  t.equal(buckets.size, 4)
  t.equal(buckets.of('a', 11).fullAt, 1000, 'those who are not are still there')
})

t.test('of() looks at everybody in turn, so that none stays for ever', async (t) => {
  const buckets = new Buckets(100)
  for (let i = 0; i < 100; i++) take(buckets, `old ${i}`, 0, 10)
  for (let i = 0; i < 60; i++) t.ok(take(buckets, `new ${i}`, 20, 1000))
  t.equal(buckets.size, 60, 'no old one is left')
})

t.test('of() holds no more than it may through 100 000 keys that nobody uses twice', async (t) => {
  const buckets = new Buckets(500)
  let most = 0
  for (let i = 0; i < 100_000; i++) {
    take(buckets, `key ${i}`, i, i + 300)
    most = Math.max(most, buckets.size)
  }
  t.ok(most <= 500, `${most}`)
  t.equal(buckets.overflowed, 0, 'each is full again before its place is needed')
})
