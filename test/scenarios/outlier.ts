/**
 * One of three endpoints turns bad under 1 000 requests a second, and is well again later. Without any retry clients see
 * errors until it is ejected and none afterwards, although it is asked again and again whether it is well; with a retry
 * they see none at all. A POST never asks.
 */
import { Load, type Sample, type Stream } from '../../src/demo/load.ts'
import { duration, table } from '../../src/demo/table.ts'
import { tally } from '../../src/demo/tally.ts'
import { sleep } from '../../src/demo/time.ts'
import { atMost, type Bound, between, exactly, strict } from './bounds.ts'
import { World } from './outlier/world.ts'
import { type Outcome, type Setting, TOO_LATE, undisturbed } from './setting.ts'

/** Requests a second: reads without a retry, reads with one, writes without one. */
const RATES = { plain: 1000, retried: 100, writes: 50 }
const EJECT_FOR = 4000
const CALM = 2000
/** Long enough for two probes that fail: at most 4.8 s and 9.6 s, and not long enough for a third. */
const SICK = 16_500
/** The third comes within 14.4 s; then so long again with all three. It starts slowly: a tenth of its third at first. */
const WELL = 5000
const TIMEOUT = 2000
/** How the first endpoint fails. A story that is told faster tells the first only. */
const MODES = ['500', 'reset', 'hang'] as const

const STREAMS: readonly Stream[] = [
  { name: 'plain', perSecond: RATES.plain, make: () => ({ method: 'GET', path: 'http://plain/stock' }) },
  { name: 'retried', perSecond: RATES.retried, make: () => ({ method: 'GET', path: 'http://retried/stock' }) },
  {
    name: 'writes',
    perSecond: RATES.writes,
    make: () => ({ method: 'POST', path: 'http://plain/orders', body: '{}' }),
  },
]

interface Figures {
  readonly mode: string
  readonly total: number
  /** Errors of each stream before the ejection was seen, and after it. */
  readonly before: Readonly<Record<string, number>>
  readonly after: Readonly<Record<string, number>>
  /** From the onset until the ejection was seen, ms. */
  readonly ejectedAfter: number
  readonly failedProbes: number
  /** Writes that reached the endpoint while it was ejected. */
  readonly writes: number
  readonly returned: boolean
  /** Of the reads behind its return, in percent. */
  readonly share: number
  readonly late: number
}

export async function outlier(setting: Setting, say: (text: string) => void): Promise<Outcome> {
  const told = setting.scale === 1 ? MODES : MODES.slice(0, 1)
  const figures: Figures[] = []
  for (const mode of told.filter((each) => each.includes(setting.only))) {
    figures.push(await undisturbed(() => run(mode, setting), judgeAloud(say), say))
  }
  const heading = [
    'the endpoint',
    'requests',
    'errors until ejected',
    'after',
    '| with a retry',
    'ejected in',
    'probes failed',
  ]
  say('')
  say(
    table(
      heading,
      figures.map((it) => [
        it.mode,
        ...[`${it.total}`, `${it.before['plain']}`, `${it.after['plain']}`],
        ...[
          `${(it.before['retried'] ?? 0) + (it.after['retried'] ?? 0)}`,
          duration(it.ejectedAfter),
          `${it.failedProbes}`,
        ],
      ]),
    ),
  )
  return { bounds: figures.flatMap(boundsOf), disturbed: figures.some((it) => it.late > TOO_LATE) }
}

/** Says which bound was missed, for what is measured again is not in the table. */
function judgeAloud(say: (text: string) => void) {
  return (figures: Figures): { missed: boolean; disturbed: boolean } => {
    const missed = boundsOf(figures).filter((bound) => !bound.met)
    for (const { what, limit, measured } of missed) say(`${what}: ${measured}, not ${limit}`)
    return { missed: missed.length > 0, disturbed: figures.late > TOO_LATE }
  }
}

async function run(mode: string, setting: Setting): Promise<Figures> {
  const { launch, scale } = setting
  // A healthy endpoint must not time out on a machine that has other work to do: only where it is needed, and not scaled.
  const world = await World.start(launch.sidecar, EJECT_FOR / scale, mode === 'hang' ? TIMEOUT : 0)
  try {
    return await measure(mode, world, scale)
  } finally {
    await world.stop()
  }
}

async function measure(mode: string, world: World, scale: number): Promise<Figures> {
  const samples: Sample[] = []
  const load = new Load({
    target: world.entrance,
    streams: STREAMS,
    duration: Number.MAX_SAFE_INTEGER,
    patience: 10_000,
    onSample: (sample) => samples.push(sample),
  })
  load.start()
  await sleep(CALM / scale)
  await world.tell(mode)
  const onset = load.elapsed()
  const ejected = await world.until('ejected', 10_000)
  const seen = ejected ? load.elapsed() : Number.POSITIVE_INFINITY
  await world.tell(mode)
  await sleep(Math.max(0, onset + SICK / scale - load.elapsed()))
  const failedProbes = await world.metric('outrigger_ejections_total', 'reason="probe_failed"', '"plain"')
  const { writes } = await world.tell('well')
  const returned = await world.until('ready', (EJECT_FOR * 4) / scale + 5000)
  await world.tell('well')
  await sleep(WELL / scale)
  const { calls } = await world.tell('well')
  load.halt()
  await load.finish()
  if (world.fallen !== '') throw new Error(world.fallen)
  const errors = (from: number, to: number) => {
    const counted = STREAMS.map(({ name }) => tally(samples, name, from, to))
    return Object.fromEntries(counted.map(({ total, ok }, i) => [(STREAMS[i] as Stream).name, total - ok]))
  }
  return {
    mode,
    total: samples.length,
    before: errors(0, seen),
    after: errors(seen, Number.POSITIVE_INFINITY),
    ejectedAfter: seen - onset,
    failedProbes,
    writes: writes[0] ?? 0,
    returned,
    share: (100 * (calls[0] ?? 0)) / calls.reduce((sum, count) => sum + count, 0),
    late: tally(samples, 'plain', onset, Number.POSITIVE_INFINITY).late.percentile(99),
  }
}

function boundsOf(it: Figures): Bound[] {
  const named = (what: string) => `${it.mode}: ${what}`
  // What hangs is not asked again under this policy: its retry is for what fails.
  const hangs = it.mode === 'hang'
  const retried = hangs ? [] : [strict(exactly(named('errors with a retry'), it.before['retried'], 0))]
  // Under a timeout a machine that stands still is an error, too.
  const surely = (bound: Bound) => (hangs ? bound : strict(bound))
  return [
    surely(exactly(named('errors after the ejection, no retry'), it.after['plain'], 0)),
    surely(exactly(named('errors after the ejection, with a retry'), it.after['retried'], 0)),
    surely(exactly(named('errors of writes after the ejection'), it.after['writes'], 0)),
    ...retried,
    // Where it hangs its pool is full: a write that was picked before the ejection may get its connection after it.
    ...(hangs ? [] : [strict(exactly(named('writes at the endpoint while it was ejected'), it.writes, 0))]),
    atMost(named('ejected after, ms'), it.ejectedAfter, it.mode === 'hang' ? TIMEOUT + 1000 : 1000),
    // What hangs is ejected 2 s later, and each probe takes 1 s more.
    between(named('probes that failed'), it.failedProbes, hangs ? 1 : 2, 3),
    exactly(named('returned'), it.returned, true),
    between(named('its share of the requests afterwards, in its slow start, %'), it.share, 2, 20),
  ]
}
