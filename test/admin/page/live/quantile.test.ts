import t from 'tap'
import { quantile } from '../../../../src/admin/page/live/quantile.ts'

const BOUNDS = [5, 10, 100]

t.test('quantile() reads between the bounds of a bucket', (t) => {
  t.equal(quantile(0.5, [0, 10, 10, 10], BOUNDS), 7.5, 'the middle of 5 … 10')
  t.equal(quantile(0.5, [10, 10, 10, 10], BOUNDS), 2.5)
  t.equal(quantile(0.99, [0, 98, 100, 100], BOUNDS), 55)
  t.equal(quantile(1, [0, 0, 7, 7], BOUNDS), 100)
  t.end()
})

t.test('quantile() says what it does not know', (t) => {
  t.same(quantile(0.5, [0, 0, 0, 0], BOUNDS), Number.NaN)
  t.same(quantile(0.5, [], BOUNDS), Number.NaN)
  t.equal(quantile(0.5, [1, 1, 1, 10], BOUNDS), Number.POSITIVE_INFINITY, 'beyond the last bound')
  t.end()
})
