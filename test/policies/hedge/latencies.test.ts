import t from 'tap'
import { ENOUGH, Latencies } from '../../../src/policies/hedge/latencies.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Seeded } from '../../support/seeded.ts'

function filled(share: number, samples: readonly number[]): number | undefined {
  const latencies = new Latencies('inventory', share, new FakeClock())
  for (const took of samples) latencies.add(took, 0)
  return latencies.percentile(0)
}

t.test('Latencies says nothing before 100 samples', async (t) => {
  t.equal(filled(0.95, Array(ENOUGH - 1).fill(5)), undefined)
  t.ok(filled(0.95, Array(ENOUGH).fill(5)))
})

t.test('Latencies.percentile() is the exact one or up to 3 % more, at any scale', async (t) => {
  const random = new Seeded(7)
  for (const scale of [0.1, 1, 30, 1000, 60_000]) {
    for (const share of [0.5, 0.9, 0.95, 0.99, 0.999]) {
      const samples = Array.from({ length: 2000 }, () => scale * (1 + random.int(1000) / 100))
      const exact = samples.toSorted((a, b) => a - b)[Math.ceil(share * 2000) - 1] as number
      const got = filled(share, samples) as number
      // The narrowest bucket is 1/16 ms.
      t.ok(got >= exact - 1 / 16 && got <= exact * 1.04 + 1 / 8, `p${share * 100} of ${scale}: ${got} for ${exact}`)
    }
  }
})

t.test('Latencies takes what is no latency for the nearest that is one', async (t) => {
  t.ok((filled(0.5, Array(100).fill(-3)) as number) <= 1 / 16)
  t.ok((filled(0.5, Array(100).fill(1e12)) as number) >= 24 * 3_600_000 * 0.97)
})

t.test('Latencies forgets the generation before last', async (t) => {
  const latencies = new Latencies('inventory', 0.95, new FakeClock())
  for (let i = 0; i < 1000; i++) latencies.add(500, 0)
  for (let i = 0; i < 1000; i++) latencies.add(10, 5000)
  t.ok((latencies.percentile(5000) as number) > 400, 'half of the window is still the slow half')
  for (let i = 0; i < 1000; i++) latencies.add(10, 10_000)
  t.ok((latencies.percentile(10_000) as number) < 11)
})

t.test('Latencies keeps a thousand samples of a quiet service, and none of what is 10 min old', async (t) => {
  const latencies = new Latencies('inventory', 0.95, new FakeClock())
  for (let i = 0; i < 500; i++) latencies.add(20, i * 400)
  t.ok(latencies.percentile(299_000))
  t.ok(latencies.percentile(301_000), 'one generation back')
  t.equal(latencies.percentile(601_500), undefined)
  for (let i = 0; i < 500; i++) latencies.add(20, 602_000)
  t.equal(latencies.percentile(602_000 + 600_000), undefined, 'nobody came for ten minutes')
})

t.test('Latencies shows its percentile', async (t) => {
  const clock = new FakeClock()
  const latencies = new Latencies('inventory', 0.95, clock)
  t.strictSame(latencies.snapshot(), { kind: 'hedge', service: 'inventory', after: null, samples: 0 })
  for (let i = 0; i < 100; i++) latencies.add(4, 0)
  t.strictSame(latencies.snapshot(), { kind: 'hedge', service: 'inventory', after: 4.125, samples: 100 })
})
