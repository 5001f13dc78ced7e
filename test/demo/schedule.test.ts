import t from 'tap'
import { DEMO, phaseAt, scaleTimetable } from '../../src/demo/schedule.ts'

t.test('phaseAt() goes round and round', async (t) => {
  const timetable = { ...DEMO, calm: 10, outage: 20, recovery: 5 }
  const cases: [number, string, number, number][] = [
    [0, 'calm', 10, 0],
    [9, 'calm', 1, 0],
    [10, 'outage', 20, 0],
    [29, 'outage', 1, 0],
    [30, 'recovery', 5, 0],
    [35, 'calm', 10, 1],
    [35 * 7 + 12, 'outage', 18, 7],
  ]
  for (const [elapsed, name, left, round] of cases) t.same(phaseAt(timetable, elapsed), { name, left, round })
})

t.test('scaleTimetable() divides times and multiplies rates', async (t) => {
  const scaled = scaleTimetable(DEMO, 10)
  t.equal(scaled.outage * 10, DEMO.outage)
  t.equal(scaled.posts, DEMO.posts * 10)
  t.equal(scaled.outage * scaled.posts, DEMO.outage * DEMO.posts, 'as many requests as ever')
})
