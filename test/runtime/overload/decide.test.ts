import t from 'tap'
import { Judge, median, type Signals, shareOf } from '../../../src/runtime/overload/decide.ts'

const EASE: Signals = { lag: 0, heap: 0.3, memory: 0, connections: 0.1 }

/** What it says after each window. */
function said(windows: readonly Partial<Signals>[]): string[] {
  const judge = new Judge()
  return windows.map((window) => {
    judge.learn({ ...EASE, ...window })
    return `${judge.share}${judge.closing ? ' closing' : ''}`
  })
}

function row(count: number, window: Partial<Signals>): Partial<Signals>[] {
  return Array.from({ length: count }, () => window)
}

t.test('shareOf(): a tenth to nine tenths, by how late timers come', async (t) => {
  for (const [lag, want] of [
    [250, 0.1],
    [500, 0.1],
    [1250, 0.5],
    [2000, 0.9],
    [60_000, 0.9],
  ] as const) {
    t.equal(shareOf(lag), want, `${lag}`)
  }
})

t.test('median(): the lower of the two in the middle', async (t) => {
  t.equal(median([]), 0)
  t.equal(median([900, 1, 2, 3]), 2)
  t.equal(median([5, 900, 800, 1]), 5)
})

t.test('A stall is no overload, five seconds of them in a row are', async (t) => {
  t.same(said([{ lag: 60_000 }, {}, {}]), ['0', '0', '0'])
  t.same(
    said([...row(4, { lag: 1250 }), {}, ...row(4, { lag: 1250 })]),
    row(9, {}).map(() => '0'),
  )
  t.same(said(row(100, { lag: 499 })).at(-1), '0')
  t.same(said(row(6, { lag: 1250 })), ['0', '0', '0', '0', '0.5', '0.5'])
})

t.test('It ends below half of what it begins at', async (t) => {
  t.same(said([...row(5, { lag: 500 }), { lag: 300 }, { lag: 250 }, { lag: 249 }, { lag: 499 }]).slice(4), [
    '0.1',
    '0.1',
    '0.1',
    '0',
    '0',
  ])
})

for (const signal of ['heap', 'memory'] as const) {
  t.test(`${signal}: connections end first, then all requests are refused, and back in two steps`, async (t) => {
    const values = [0.91, 0.92, 0.93, 0.95, 0.96, 0.92, 0.91, 0.88, 0.87]
    t.same(said(values.map((value) => ({ [signal]: value }))), [
      '0',
      '0',
      '0 closing',
      '0 closing',
      '1 closing',
      '1 closing',
      '0 closing',
      '0 closing',
      '0',
    ])
  })
}

t.test('Connections that are all taken end after their answer, and nobody is refused', async (t) => {
  const values = [1, 1, 0.92, 0.89]
  t.same(said(values.map((connections) => ({ connections }))), ['0', '0 closing', '0 closing', '0'])
})
