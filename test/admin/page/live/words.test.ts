import t from 'tap'
import {
  bytes,
  clock,
  count,
  duration,
  latency,
  percent,
  rate,
  seconds,
} from '../../../../src/admin/page/live/words.ts'

t.test('Figures have no more digits than tell something', (t) => {
  const told = {
    count: [0.5, 3, 9.96, 57.4, 512.3, 9999, 12_345].map(count),
    rate: [0, 0.03, 0.1, 250].map(rate),
    percent: [0, 0.0004, 0.004, 0.05, 0.5, 0.995, 0.9999, 1, Number.NaN].map(percent),
    duration: [0.24, 7, 131.4, 1000, 2345, 61_000].map(duration),
    seconds: [0.4, 59.6, 60, 3725, 90_000].map(seconds),
    bytes: [12, 2048, 3_500_000].map(bytes),
  }
  t.strictSame(told, {
    count: ['0.5', '3', '10', '57', '512', '9999', '12.3k'],
    rate: ['0', '< 0.1', '0.1', '250'],
    percent: ['0 %', '< 0.1 %', '0.4 %', '5 %', '50 %', '99.5 %', '> 99.9 %', '100 %', '–'],
    duration: ['0.2 ms', '7 ms', '131 ms', '1 s', '2.3 s', '1 min 1 s'],
    seconds: ['0.4 s', '60 s', '1 min', '1 h 2 min', '1 d 1 h'],
    bytes: ['12 B', '2 KiB', '3.3 MiB'],
  })
  t.end()
})

t.test('A percentile out of buckets says no more than is known', (t) => {
  const bounds = [5, 10, 10_000]
  t.strictSame(
    [Number.NaN, 2.5, 7, Number.POSITIVE_INFINITY].map((ms) => latency(ms, bounds)),
    ['–', '< 5 ms', '7 ms', '> 10 s'],
  )
  t.end()
})

t.test('A time of day has two digits each', (t) => {
  t.match(clock(1_800_000_000_005), /^\d\d:\d\d:\d\d\.005$/)
  t.match(clock(1_800_000_000_005, false), /^\d\d:\d\d:\d\d$/)
  t.end()
})
