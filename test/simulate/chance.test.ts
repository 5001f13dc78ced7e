import t from 'tap'
import { diceFor, numberOf, SeededRandom } from '../../src/simulate/dice.ts'
import { drawLatency, type Latency } from '../../src/simulate/latency.ts'

t.test('The same seed gives the same sequence, another seed another', async (t) => {
  const draw = (seed: number): number[] => {
    const random = new SeededRandom(seed)
    return Array.from({ length: 5 }, () => random.fraction())
  }
  t.same(draw(7), draw(7))
  t.notSame(draw(7), draw(8))
})

t.test('Dice are those of their question alone', async (t) => {
  t.equal(diceFor(1, 2, 3).word(), diceFor(1, 2, 3).word())
  const words = new Set<number>()
  for (let index = 0; index < 1000; index++) {
    for (const number of [1, 2]) words.add(diceFor(1, 0, index, number, numberOf('inventory')).word())
  }
  t.ok(words.size > 1990, 'neighbouring questions have different dice')
  const mean = Array.from({ length: 20_000 }, (_, i) => diceFor(1, i).fraction()).reduce((a, b) => a + b) / 20_000
  t.ok(Math.abs(mean - 0.5) < 0.02, `and their first throws are spread evenly: ${mean}`)
})

function drawn(latency: Latency): number[] {
  return Array.from({ length: 20_000 }, (_, i) => drawLatency(latency, diceFor(9, i))).sort((a, b) => a - b)
}

t.test('Distributions are what they say', async (t) => {
  const near = (value: number, wanted: number, what: string): void => {
    t.ok(Math.abs(value / wanted - 1) < 0.1, `${what}: ${value}, wanted ${wanted}`)
  }
  t.same(new Set(drawn({ kind: 'constant', ms: 5 })), new Set([5]))
  const lognormal = drawn({ kind: 'lognormal', p50: 10, p99: 200 })
  near(lognormal[10_000] ?? 0, 10, 'p50')
  near(lognormal[19_800] ?? 0, 200, 'p99')
  const uniform = drawn({ kind: 'uniform', from: 10, to: 20 })
  t.ok((uniform[0] ?? 0) >= 10 && (uniform.at(-1) ?? 0) <= 20)
  near(uniform[10_000] ?? 0, 15, 'the middle')
  const bimodal = drawn({ kind: 'bimodal', usual: 5, rare: 500, share: 0.02 })
  near(bimodal.filter((ms) => ms === 500).length, 400, 'how many are rare')
  t.same(new Set(drawn({ kind: 'list', ms: [1, 2, 3] })), new Set([1, 2, 3]))
})
