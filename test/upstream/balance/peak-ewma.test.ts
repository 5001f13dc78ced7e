import t from 'tap'
import { DECAY, FAILURE, LEAST, MOST, PeakEwma, UNKNOWN } from '../../../src/upstream/balance/peak-ewma.ts'

/** [what is told] at each time; the load of an idle endpoint at `at`. */
type Told = readonly [now: number, what: 'answered' | 'failed' | 'abandoned', took: number]

const E = Math.E

const cases: readonly (readonly [name: string, told: readonly Told[], at: number, load: number])[] = [
  ['the first observation is believed', [[0, 'answered', 50]], 0, 50],
  [
    'a peak is believed at once',
    [
      [0, 'answered', 50],
      [1, 'answered', 500],
    ],
    1,
    500,
  ],
  [
    'a fast one counts by the time since the last',
    [
      [0, 'answered', 100],
      [DECAY, 'answered', 0],
    ],
    DECAY,
    100 / E,
  ],
  [
    'at once it counts nothing',
    [
      [0, 'answered', 100],
      [0, 'answered', 0],
    ],
    0,
    100,
  ],
  ['what is not observed fades', [[0, 'answered', 100]], DECAY, 100 / E],
  ['down to where all are the same', [[0, 'answered', 100]], 100 * DECAY, LEAST],
  ['a failure counts as slow however fast it came', [[0, 'failed', 1]], 0, FAILURE],
  ['a slow failure counts as what it took, and then as a failure', [[0, 'failed', 5000]], 0, 10_000],
  [
    'among many answers it counts by its share',
    [
      [0, 'answered', 10],
      [DECAY / 100, 'failed', 1],
    ],
    DECAY / 100,
    10 + 990 * (1 - Math.exp(-0.01)),
  ],
  [
    'it is never cheaper than an answer',
    [
      [0, 'answered', 3000],
      [DECAY, 'failed', 1],
    ],
    DECAY,
    3000 / E + 6000 * (1 - 1 / E),
  ],
  ['nothing is worse than a minute', [[0, 'answered', 1e9]], 0, MOST],
  [
    'nor are failures',
    [
      [0, 'failed', 59_000],
      [1e6, 'failed', 59_000],
    ],
    1e6,
    MOST,
  ],
  [
    'who was waited for in vain is at least as slow',
    [
      [0, 'answered', 10],
      [1, 'abandoned', 700],
    ],
    1,
    700,
  ],
  [
    'who was left early is not',
    [
      [0, 'answered', 10],
      [0, 'abandoned', 3],
    ],
    0,
    10,
  ],
  [
    'nor does that refresh what has faded',
    [
      [0, 'answered', 10],
      [DECAY, 'abandoned', 1],
    ],
    DECAY,
    10 / E,
  ],
]

for (const [name, told, at, load] of cases) {
  t.test(`PeakEwma: ${name}`, async (t) => {
    const meter = new PeakEwma()
    for (const [now, what, took] of told) meter[what](took, now)
    t.ok(Math.abs(meter.load(0, at) - load) < 1e-6, `${meter.load(0, at)}, wanted ${load}`)
  })
}

t.test('PeakEwma.load() is multiplied by what is in flight, the next request included', async (t) => {
  const meter = new PeakEwma()
  meter.answered(20, 0)
  t.strictSame(
    [0, 1, 9].map((active) => meter.load(active, 0)),
    [20, 40, 200],
  )
})

t.test('PeakEwma.load() of one that never answered: first of all while idle, last of all once asked', async (t) => {
  const meter = new PeakEwma()
  t.strictSame(
    [0, 1, 2].map((active) => meter.load(active, 5)),
    [0, UNKNOWN, 2 * UNKNOWN],
  )
})

t.test('PeakEwma: an answer that turned bad behind its head counts as if its head had been a failure', async (t) => {
  const late = new PeakEwma()
  const early = new PeakEwma()
  late.answered(10, 0)
  early.answered(10, 0)
  late.answered(10, 1000)
  late.spoiled(1001)
  early.failed(10, 1000)
  const [one, other] = [late.load(0, 1001), early.load(0, 1001)]
  t.ok(one > 0.95 * other && one < 1.05 * other, `${one} and ${other}`)
})
