import t from 'tap'
import { Giving, PERIOD, type Step } from '../../../src/runtime/memory/decide.ts'

const MIB = 1024 * 1024
/** Looks in five minutes. */
const LONG = 1200

/** One look per period: the share of a core, MiB held, and, after a step, MiB held then. */
type Row = readonly [cpu: number, held: number, after?: number]

function steps(rows: readonly Row[], giving = new Giving(), from = 0): string[] {
  return rows.map(([cpu, held, after = held], i) => {
    const at = from + i * PERIOD
    const step: Step = giving.next({ at, cpu, held: held * MIB })
    if (step !== 'nothing') giving.drops(step, at)
    giving.done(step, at, after * MIB)
    return step
  })
}

function times(count: number, row: Row): Row[] {
  return Array.from({ length: count }, () => row)
}

/** One that has been purged right after its start, and holds 60 MiB. */
function started(): Giving {
  const giving = new Giving()
  steps(times(2, [0, 70, 60]), giving)
  return giving
}

function taken(rows: readonly Row[], giving: Giving, from: number): string[] {
  return steps(rows, giving, from).filter((step) => step !== 'nothing')
}

t.test('next(): the first calm after the start gives all back, for no code is fast yet', async (t) => {
  t.same(steps([[0.9, 70], [0.05, 70], [0, 70, 60], ...times(8, [0, 60])]), [
    'trim',
    'nothing',
    'purge',
    ...times(8, [0, 0]).map(() => 'nothing'),
  ])
  const served = new Giving()
  t.same(
    taken([...times(3, [0.9, 70]), ...times(4, [0, 70])], served, 0),
    ['trim', 'collect', 'trim'],
    'half a second of work has made some fast',
  )
})

t.test('next(): calm is two looks in a row', async (t) => {
  const rows: Row[] = [0, 0.06, 0, 0.06, 0, 0].map((cpu) => [cpu, 60])
  t.same(
    steps(rows).filter((step) => step === 'purge'),
    ['purge'],
  )
})

t.test('next(): calm after a burst collects, and trims half a second later', async (t) => {
  const giving = started()
  t.same(steps([[1, 66], ...times(6, [0, 66, 62])], giving, 10_000), [
    'trim',
    'nothing',
    'collect',
    'nothing',
    'trim',
    'nothing',
    'nothing',
  ])
  t.same(taken([[1, 65], ...times(6, [0, 65])], started(), 10_000), ['trim'], '5 MiB are not worth it')
})

t.test('next(): what V8 lets go seconds after a collection counts for the next one', async (t) => {
  const giving = started()
  t.same(taken([[1, 70], ...times(20, [0, 70]), [0, 62]], giving, 10_000), ['trim', 'collect', 'trim'])
  t.ok(taken([[1, 68], ...times(4, [0, 68])], giving, 20_000).includes('collect'), '6 MiB above the 62')
})

t.test('next(): bursts every few seconds are never purged', async (t) => {
  const rows = Array.from({ length: 40 }, () => [...times(4, [1, 90]), ...times(16, [0, 80])]).flat()
  t.notOk(taken(rows, started(), 10_000).includes('purge'))
})

t.test('next(): after five minutes with next to nothing to do all is given back once', async (t) => {
  const giving = started()
  const burst: Row[] = times(2, [1, 70])
  const found = steps([...burst, ...times(LONG, [0.009, 70, 60])], giving, 10_000)
  t.equal(found.at(-1), 'purge')
  t.notOk(found.slice(0, -1).includes('purge'))
  t.same(taken(times(2 * LONG, [0, 60]), giving, 400_000), [], 'not again for the same')
  t.notOk(taken(times(2 * LONG, [0.02, 90]), started(), 10_000).includes('purge'), 'a little traffic keeps code fast')
})

t.test('next(): with a little to do garbage is looked for, once in ten seconds', async (t) => {
  const giving = started()
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
    const giving = started()
    const found = steps(times(9, [1, 100, 70]), giving, 5000)
    t.same(found, ['trim', 'nothing', 'nothing', 'nothing', 'trim', 'nothing', 'nothing', 'nothing', 'trim'])
    t.same(steps(times(4, [1, 73.9]), giving, 20_000), ['nothing', 'nothing', 'nothing', 'nothing'])
  },
)

t.test('next(): after two seconds of work calm is used whatever is held', async (t) => {
  const giving = started()
  t.notOk(taken([...times(7, [1, 60]), ...times(3, [0, 60])], giving, 5000).includes('collect'), '1.75 s')
  t.same(taken([[1, 60], ...times(8, [0, 60])], giving, 10_000), ['collect', 'trim'])
  t.equal(steps(times(LONG, [0, 60]), giving, 20_000).includes('purge'), true, 'and so is long calm')
})

/** The steps that let pages of files go. */
function drops(giving: Giving, from: number, rows: readonly Row[]): string[] {
  return rows.flatMap(([cpu, held], i) => {
    const at = from + i * PERIOD
    const step: Step = giving.next({ at, cpu, held: held * MIB })
    const dropped = step !== 'nothing' && giving.drops(step, at)
    giving.done(step, at, held * MIB)
    return dropped ? [`${step} at ${at}`] : []
  })
}

t.test('drops(): in short calms ever more seldom', async (t) => {
  const giving = new Giving()
  drops(giving, 0, times(3, [0, 60]))
  const bursts = Array.from({ length: 20 }, (_, i): Row[] => [[1, 70 + 10 * i], ...times(15, [0, 70 + 10 * i])]).flat()
  t.same(
    drops(giving, 1000, bursts),
    ['collect at 1500', 'trim at 6000', 'trim at 17000', 'trim at 37000', 'trim at 77000'],
    'half a second and a second of calm, then at work alone',
  )
})

t.test('drops(): with all at the start, and then after ten seconds of calm', async (t) => {
  const giving = new Giving()
  const dropped = (from: number, rows: readonly Row[]): string[] => drops(giving, from, rows)
  t.same(dropped(0, times(3, [0, 60])), ['trim at 0', 'purge at 250'])
  t.same(
    dropped(20_000, [...times(2, [1, 60]), ...times(90, [0, 60])]),
    ['trim at 30250'],
    'once, though nothing is held',
  )
  t.same(
    dropped(50_000, [[1, 72], ...times(39, [0, 72])]),
    ['trim at 50000', 'trim at 51000'],
    'at work, ten seconds after the last, and in the calm behind it',
  )
  const growing = Array.from({ length: 400 }, (_, i): Row => [1, 80 + 5 * i])
  t.same(dropped(60_000, growing), ['trim at 71000', 'trim at 111000'], 'after twice the time, and twice that')
  t.same(dropped(200_000, [[0.3, 72], ...times(39, [0, 72])]), [], 'not for who asks now and then')
})
