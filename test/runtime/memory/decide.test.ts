import t from 'tap'
import { Giving, PERIOD, type Step } from '../../../src/runtime/memory/decide.ts'

const MIB = 1024 * 1024

/** One look per period: the share of a core, MiB held, and, after a step, MiB held then. */
type Row = readonly [cpu: number, held: number, after?: number]

function steps(rows: readonly Row[], giving = new Giving(), from = 0): string[] {
  return rows.map(([cpu, held, after = held], i) => {
    const at = from + i * PERIOD
    const step: Step = giving.next({ at, cpu, resident: held * MIB })
    giving.done(step, at, after * MIB)
    return step
  })
}

function times(count: number, row: Row): Row[] {
  return Array.from({ length: count }, () => row)
}

t.test('next(): in calm all is given back once, and again only when more is held than after that', async (t) => {
  t.same(steps([[0.9, 70], [0.05, 70], [0, 70, 60], ...times(8, [0, 60])]), [
    'trim',
    'nothing',
    'purge',
    ...times(8, [0, 0]).map(() => 'nothing'),
  ])
  const giving = new Giving()
  t.equal(steps(times(2, [0, 70, 60]), giving).at(-1), 'purge')
  t.equal(steps(times(3, [0, 65]), giving, 10_000).includes('purge'), false, '5 MiB are not worth it')
  t.same(steps(times(3, [0, 66, 60]), giving, 20_000), ['purge', 'nothing', 'nothing'], '6 are')
})

t.test('next(): calm is two looks in a row', async (t) => {
  t.same(
    steps([
      [0, 60],
      [0.06, 60],
      [0, 60],
      [0.06, 60],
      [0, 60],
      [0, 60],
    ]).filter((step) => step === 'purge'),
    ['purge'],
  )
})

t.test('next(): with a little to do garbage is looked for, once in ten seconds', async (t) => {
  const giving = new Giving()
  steps(times(2, [0, 60, 60]), giving)
  const rows: Row[] = times(82, [0.3, 80])
  const found = steps(rows, giving, 5000).flatMap((step, i) => (step === 'collect' ? [5000 + i * PERIOD] : []))
  t.same(found, [PERIOD + 10_000], 'counted from the last one of any kind; what is held after it is what is needed')
  t.same(
    steps(times(40, [0.3, 95]), giving, 40_000).filter((step) => step === 'collect').length,
    1,
    'until there is more',
  )
})

t.test(
  'next(): under load nothing is collected, and what lies free is handed back at most once a second',
  async (t) => {
    const giving = new Giving()
    steps(times(2, [0, 60, 60]), giving)
    const found = steps(times(9, [1, 100, 70]), giving, 5000)
    t.same(found, ['trim', 'nothing', 'nothing', 'nothing', 'trim', 'nothing', 'nothing', 'nothing', 'trim'])
    t.same(steps(times(4, [1, 73.9]), giving, 20_000), ['nothing', 'nothing', 'nothing', 'nothing'])
  },
)

t.test('next(): after two seconds of work calm is used whatever is held', async (t) => {
  const giving = new Giving()
  steps(times(2, [0, 80, 80]), giving)
  t.notOk(steps([...times(7, [1, 80]), ...times(3, [0, 80])], giving, 5000).includes('purge'), '1.75 s')
  t.same(
    steps([[1, 80], ...times(4, [0, 80, 60])], giving, 10_000).filter((step) => step === 'purge'),
    ['purge'],
  )
})
