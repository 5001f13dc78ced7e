import t from 'tap'
import { Ewma } from '../../../src/upstream/balance/ewma.ts'
import { Seeded } from '../../support/seeded.ts'
import { arrive, house, pick, shares } from './town.ts'

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}

t.test('Ewma shares evenly between endpoints that are as fast', async (t) => {
  const houses = [house(1), house(2), house(3)]
  const dice = new Seeded(1)
  const counts = arrive(new Ewma(new Seeded(2)), houses, {
    every: 5,
    count: 6000,
    takes: () => 8 + 4 * dice.fraction(),
  })
  for (const count of counts) t.ok(count > 1600 && count < 2400, counts.join())
})

t.test('Ewma sends a slow endpoint a hundredth, and its share again once it is fast', async (t) => {
  const houses = [house(1), house(2), house(3)]
  const balancer = new Ewma(new Seeded(3))
  const slowUntil = 1e6 + 60_000
  const takes = (at: number, now: number) => (at === 0 && now < slowUntil ? 500 : 10)
  const slow = arrive(balancer, houses, { every: 10, count: 6000, takes })
  t.ok(slow[0]! > 0 && slow[0]! < 60, `while it is slow: ${slow}`)
  const between = arrive(balancer, houses, { every: 10, count: 6000, takes, from: slowUntil })
  const again = arrive(balancer, houses, { every: 10, count: 3000, takes, from: slowUntil + 60_000 })
  t.ok(again[0]! > 700 && again[0]! < 1300, `a minute later: ${again}, between: ${between}`)
})

t.test('Ewma sees a slowdown within a few requests', async (t) => {
  const houses = [house(1), house(2)]
  const balancer = new Ewma(new Seeded(4))
  arrive(balancer, houses, { every: 10, count: 500, takes: () => 10 })
  const after = arrive(balancer, houses, {
    every: 10,
    count: 500,
    from: 1e6 + 5000,
    takes: (at) => (at === 0 ? 400 : 10),
  })
  t.ok(after[0]! < 15, after.join())
})

t.test('Ewma does not fall for an endpoint that fails in a millisecond', async (t) => {
  const houses = [house(1), house(2), house(3)]
  const counts = arrive(new Ewma(new Seeded(5)), houses, {
    every: 10,
    count: 6000,
    takes: (at) => (at === 0 ? -1 : 20),
  })
  t.ok(counts[0]! < 60, counts.join())
})

t.test('Ewma: failures that all endpoints have alike leave the balance as it is', async (t) => {
  const houses = [house(1), house(2), house(3)]
  const dice = new Seeded(6)
  const takes = () => (dice.chance(0.02) ? -5 : 9 + 2 * dice.fraction())
  const balancer = new Ewma(new Seeded(7))
  // One that began with a failure is back after a minute.
  arrive(balancer, houses, { every: 2, count: 40_000, takes })
  const counts = arrive(balancer, houses, { every: 2, count: 20_000, takes, from: 1e6 + 80_000 })
  for (const count of counts) t.ok(count > 5000 && count < 8500, counts.join())
})

t.test('Ewma gives an endpoint it knows nothing of one request, and no second before its answer', async (t) => {
  const houses = [house(1), house(2)]
  const [known, unknown] = houses as [ReturnType<typeof house>, ReturnType<typeof house>]
  known.meter.answered(10, 1e6)
  const balancer = new Ewma(new Seeded(8))
  t.equal(pick(balancer, houses), unknown)
  unknown.active = 1
  for (let i = 0; i < 50; i++) t.equal(pick(balancer, houses), known)
  unknown.active = 0
  unknown.meter.answered(1, 1e6)
  t.equal(pick(balancer, houses), unknown)
})

t.test('Ewma keeps the shares that weights state, however fast the endpoints are', async (t) => {
  const houses = [house(1, 98), house(2, 1), house(3, 1)]
  const counts = arrive(new Ewma(new Seeded(9)), houses, {
    every: 10,
    count: 20_000,
    takes: (at) => [30, 1, 100][at] as number,
  })
  t.ok(counts[0]! > 19_500 && counts[0]! < 19_700, counts.join())
  t.ok(counts[1]! > counts[2]!, `of the two that weigh the same the fast one: ${counts}`)
  t.ok(counts[1]! + counts[2]! > 300, counts.join())
})

t.test('Ewma: after hours without a request nothing is left but what is in flight', async (t) => {
  const houses = [house(1), house(2)]
  for (const one of houses) one.meter.answered(one === houses[0] ? 1000 : 1, 0)
  houses[1]!.active = 1
  const counts = shares(new Ewma(new Seeded(10)), houses, 100, 1e9)
  t.strictSame(counts, [100, 0])
})

t.test('Ewma with one candidate throws no dice', async (t) => {
  const random = {
    fraction: () => t.fail('dice') as never,
    word: () => t.fail('dice') as never,
  }
  const only = house(1)
  t.equal(pick(new Ewma(random), [only]), only)
})

t.test('Ewma loses nothing: every arrival is picked for', async (t) => {
  const houses = Array.from({ length: 20 }, (_, i) => house(i + 1, 1 + (i % 3)))
  t.equal(sum(arrive(new Ewma(new Seeded(11)), houses, { every: 1, count: 3000, takes: () => 15 })), 3000)
})
