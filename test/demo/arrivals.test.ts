import t from 'tap'
import { Arrivals, type Due } from '../../src/demo/arrivals.ts'

function take(arrivals: Arrivals, count: number): Due[] {
  return Array.from({ length: count }, () => arrivals.take())
}

t.test('Arrivals.take merges even streams in order of time, set apart', async (t) => {
  const due = take(new Arrivals([{ perSecond: 100 }, { perSecond: 50 }]), 7)
  t.same(
    due.map(({ at, stream }) => [at, stream]),
    [
      [0, 0],
      [10, 0],
      [10, 1],
      [20, 0],
      [30, 0],
      [30, 1],
      [40, 0],
    ],
  )
  t.same(
    due.filter(({ stream }) => stream === 1).map(({ sequence }) => sequence),
    [0, 1],
  )
})

t.test('Arrivals stay exact over a long time', async (t) => {
  const last = take(new Arrivals([{ perSecond: 30 }]), 108_001).at(-1)
  t.equal(last?.at, 108_000 * (1000 / 30))
})

t.test('Arrivals of independent users keep the rate, and are the same every time', async (t) => {
  const draw = () => take(new Arrivals([{ perSecond: 50 }], 'poisson', 7), 3000)
  const due = draw()
  const seconds = (due.at(-1)?.at ?? 0) / 1000
  t.ok(seconds > 55 && seconds < 65, `3000 requests take ${seconds} s`)
  t.same(draw(), due)
  const gaps = due.slice(1).map((each, index) => each.at - (due[index]?.at ?? 0))
  t.ok(gaps.every((gap) => gap >= 0))
  const short = gaps.filter((gap) => gap < 20).length / gaps.length
  t.ok(Math.abs(short - (1 - Math.exp(-1))) < 0.03, `${short} of the gaps are below the mean`)
})

t.test('Arrivals.peek without streams is never', async (t) => {
  t.equal(new Arrivals([]).peek(), Number.POSITIVE_INFINITY)
  t.throws(() => new Arrivals([]).take(), RangeError)
})
