import t from 'tap'
import { type Balancing, createBalancer } from '../../../src/upstream/balance/create.ts'
import { startSlowly, WARM_UP, warmth } from '../../../src/upstream/balance/slow-start.ts'
import { Seeded } from '../../support/seeded.ts'
import { arrive, asEndpoints, type House, house, shares } from './town.ts'

t.test('warmth() grows evenly from a tenth to all of it', async (t) => {
  const cases = [
    [Number.NEGATIVE_INFINITY, 0, 1],
    [0, 0, 0.1],
    [0, WARM_UP / 20, 0.1],
    [0, WARM_UP / 4, 0.25],
    [100, 100 + WARM_UP / 2, 0.5],
    [0, WARM_UP - 1, 1 - 1 / WARM_UP],
    [0, WARM_UP, 1],
    [0, 10 * WARM_UP, 1],
  ] as const
  for (const [since, now, share] of cases) t.equal(warmth(since, now), share, `${since} ${now}`)
})

t.test('startSlowly(): only where twice as many are warm as are not', async (t) => {
  const now = 1e6
  const cold = (n: number) => Array.from({ length: n }, () => house(9, 1, now - 1000))
  const warm = (n: number) => Array.from({ length: n }, () => house(9))
  const cases: readonly (readonly [name: string, newcomers: House[], others: House[], slowly: boolean])[] = [
    ['at a start', warm(3), [], false],
    ['one beside one', warm(1), warm(1), false],
    ['one beside two', warm(1), warm(2), true],
    ['two beside three', warm(2), warm(3), false],
    ['one beside two, one of which is cold', warm(1), [...warm(1), ...cold(1)], false],
    ['one beside four warm and one cold', warm(1), [...warm(4), ...cold(1)], true],
    ['one beside cold ones', warm(1), cold(5), false],
    ['a heavy one beside two light ones', [house(9, 5)], warm(2), false],
    ['a light one beside a heavy one', warm(1), [house(9, 5)], true],
  ]
  for (const [name, newcomers, others, slowly] of cases) {
    t.equal(startSlowly(asEndpoints(newcomers), asEndpoints(others), now), slowly, name)
  }
})

const ALGORITHMS: readonly Balancing['algorithm'][] = ['roundRobin', 'random', 'leastRequest']

for (const algorithm of ALGORITHMS) {
  t.test(`slow start under ${algorithm}: the share of a new endpoint grows with its age`, async (t) => {
    const houses = [house(1), house(2), house(3), house(4, 1, 1e6)]
    const balancer = createBalancer({ algorithm, hashOn: '' }, new Seeded(5))
    for (const [age, part] of [
      [0, 0.1],
      [WARM_UP / 4, 0.25],
      [WARM_UP / 2, 0.5],
      [WARM_UP, 1],
    ] as const) {
      const fair = part / (3 + part)
      const got = shares(balancer, houses, 8000, 1e6 + age)[3]! / 8000
      t.ok(got > 0.8 * fair && got < 1.2 * fair, `at ${age} ms: ${got}, wanted ${fair}`)
    }
  })
}

t.test('slow start under ewma: the share of a new endpoint grows with its age', async (t) => {
  const houses = [house(1), house(2), house(3), house(4, 1, 1e6)]
  const balancer = createBalancer({ algorithm: 'ewma', hashOn: '' }, new Seeded(6))
  const dice = new Seeded(7)
  const got: number[] = []
  for (let tenth = 0; tenth < 6; tenth++) {
    const counts = arrive(balancer, houses, {
      every: 5,
      count: 1000,
      from: 1e6 + tenth * 10_000,
      takes: () => 9 + 2 * dice.fraction(),
    })
    got.push(counts[3]!)
  }
  t.ok(got[0]! > 5 && got[0]! < 90, `in its first 5 s: ${got}`)
  t.ok(got[1]! > 1.5 * got[0]! && got[1]! < 210, `from 10 s on: ${got}`)
  t.ok(got[5]! > 170 && got[5]! < 330, `warm: ${got}`)
})

t.test('slow start under ewma and leastRequest: a cold endpoint takes what would overload the others', async (t) => {
  for (const algorithm of ['ewma', 'leastRequest'] as const) {
    const houses = [house(1), house(2), house(3, 1, 1e6)]
    for (const one of houses) {
      one.meter.answered(10, 1e6)
      one.active = one === houses[2] ? 0 : 100
    }
    const counts = shares(createBalancer({ algorithm, hashOn: '' }, new Seeded(8)), houses, 200, 1e6)
    t.ok(counts[2]! > 30, `${algorithm}: ${counts}`)
  }
})
