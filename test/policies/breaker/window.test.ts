import t from 'tap'
import { TimeWindow, type Window } from '../../../src/core/time-window.ts'
import { CountWindow } from '../../../src/policies/breaker/window.ts'
import { Seeded } from '../../support/seeded.ts'

function counts({ calls, failed, slow }: Window) {
  return { calls, failed, slow }
}

t.test('CountWindow holds the last calls', async (t) => {
  const window = new CountWindow(3)
  window.record(0, true, false)
  window.record(0, false, true)
  window.record(0, true, true)
  t.same(counts(window), { calls: 3, failed: 2, slow: 2 })
  window.record(0, false, false)
  t.same(counts(window), { calls: 3, failed: 1, slow: 2 })
  window.clear()
  t.same(counts(window), { calls: 0, failed: 0, slow: 0 })
})

t.test('CountWindow forgets what is older than ten minutes', async (t) => {
  const window = new CountWindow(10)
  window.record(0, true, false)
  window.record(300_000, true, false)
  window.forget(600_000)
  t.equal(window.calls, 2)
  window.forget(600_001)
  t.same(counts(window), { calls: 1, failed: 1, slow: 0 })
  window.record(900_001, false, false)
  t.same(counts(window), { calls: 1, failed: 0, slow: 0 })
})

t.test('TimeWindow holds the calls of the last seconds, in buckets of one', async (t) => {
  const window = new TimeWindow(3000)
  window.record(1_000_500, true, false)
  window.record(1_001_500, false, true)
  window.record(1_002_999, true, true)
  t.same(counts(window), { calls: 3, failed: 2, slow: 2 })
  window.forget(1_003_000)
  t.same(counts(window), { calls: 2, failed: 1, slow: 2 })
  window.forget(1_004_999)
  t.same(counts(window), { calls: 1, failed: 1, slow: 1 })
  window.forget(9_000_000)
  t.same(counts(window), { calls: 0, failed: 0, slow: 0 })
})

t.test('both windows agree with a plain list', async (t) => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Seeded(seed)
    const size = random.between(1, 12)
    const count = new CountWindow(size)
    const time = new TimeWindow(size * 1000)
    let now = random.int(1e6)
    const all: { at: number; failed: boolean; slow: boolean }[] = []
    for (let i = 0; i < 80; i++) {
      now += random.pick([0, 0, 1, 400, 3000, 700_000])
      const call = { at: now, failed: random.chance(0.5), slow: random.chance(0.3) }
      all.push(call)
      count.record(now, call.failed, call.slow)
      time.record(now, call.failed, call.slow)
      now += random.pick([0, 900, 20_000])
      count.forget(now)
      time.forget(now)
      const lately = all.slice(-size).filter(({ at }) => now - at <= 600_000)
      const seconds = all.filter(({ at }) => Math.floor(now / 1000) - Math.floor(at / 1000) < size)
      for (const [window, list] of [
        [count, lately],
        [time, seconds],
      ] as const) {
        const expected = {
          calls: list.length,
          failed: list.filter(({ failed }) => failed).length,
          slow: list.filter(({ slow }) => slow).length,
        }
        if (JSON.stringify(counts(window)) !== JSON.stringify(expected)) {
          t.same(counts(window), expected, `seed ${seed}, step ${i}`)
          return
        }
      }
    }
  }
  t.pass('200 histories')
})
