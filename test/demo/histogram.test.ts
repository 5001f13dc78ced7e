import t from 'tap'
import { Histogram } from '../../src/demo/histogram.ts'

t.test('Histogram.percentile is off by at most 0.8 %, and upwards', async (t) => {
  const values = [0.001, 0.1, 0.127, 0.128, 1, 3.17, 10, 99.99, 1000, 60_000, 2_000_000]
  for (const value of values) {
    const histogram = new Histogram()
    histogram.record(value)
    histogram.record(value * 4)
    const median = histogram.percentile(50)
    t.ok(median >= value - 0.0005 && median <= value * 1.008 + 0.001, `${value} gives ${median}`)
  }
})

t.test('Histogram.percentile takes the rank that the share of all records asks for', async (t) => {
  const histogram = new Histogram()
  for (let ms = 1; ms <= 100; ms++) histogram.record(ms)
  for (const percent of [1, 50, 99]) {
    const value = histogram.percentile(percent)
    t.ok(Math.abs(value - percent) <= percent * 0.008 + 0.001, `p${percent} is ${value}`)
  }
  t.equal(histogram.percentile(100), 100, 'the largest is exact')
  t.equal(histogram.count, 100)
})

t.test('Histogram.percentile of nothing is no number', async (t) => {
  t.ok(Number.isNaN(new Histogram().percentile(99)))
})

t.test('Histogram.record takes what is out of range', async (t) => {
  const histogram = new Histogram()
  histogram.record(-3)
  t.equal(histogram.percentile(100), 0)
  histogram.record(1e12)
  t.ok(histogram.percentile(100) > 2_000_000)
})
