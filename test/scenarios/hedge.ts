/**
 * An upstream whose answers take 500 ms in two cases of a hundred. Half of the load asks as it is, the other half with
 * hedges at p95 and a budget of 10 %, at the same time and at the same endpoints. A story that is told faster is shorter;
 * its times stay, and it is judged by counts.
 */
import { Load, type Sample, type Stream } from '../../src/demo/load.ts'
import { duration, table } from '../../src/demo/table.ts'
import { type Tally, tally } from '../../src/demo/tally.ts'
import { atMost, atMostMs, type Bound, between, exactly, strict } from './bounds.ts'
import { type Shape, World } from './hedge/world.ts'
import { type Outcome, type Setting, TOO_LATE, undisturbed } from './setting.ts'

/** A hedged answer takes the p95, what the timer wheel adds, and an answer of the other endpoint: 10 + 4 + 6 ms. */
const SHAPE: Shape = { share: 0.02, slow: 500, least: 2, most: 10 }
const PER_SECOND = 100
/** Until a hundred answers are known, with room. */
const LEARNING = 3000
const MEASURED = 60_000
/** Ends in the slow mode, however busy the machine. */
const SLOW = 400

const STREAMS: readonly Stream[] = ['plain', 'hedged'].map((name) => ({
  name,
  perSecond: PER_SECOND,
  make: () => ({ method: 'GET', path: `http://${name}/${name}` }),
}))

interface Figures {
  readonly plain: Tally
  readonly hedged: Tally
  /** Calls at the endpoints for each request, less the one. */
  readonly extra: number
  /** Share of answers in the slow mode, in percent. */
  readonly slowPlain: number
  readonly slowHedged: number
}

export async function hedge(setting: Setting, say: (text: string) => void): Promise<Outcome> {
  const bounds = setting.scale === 1 ? boundsOf : countsOf
  const late = ({ plain, hedged }: Figures) => Math.max(plain.late.percentile(99), hedged.late.percentile(99))
  const judge = (figures: Figures) => ({
    missed: bounds(figures).some((bound) => !bound.met),
    disturbed: late(figures) > TOO_LATE,
  })
  const figures = await undisturbed(() => run(setting), judge, say)
  const row = (name: string, { total, latency }: Tally, slow: number, extra: string) => [
    ...[name, `${total}`, ...[50, 95, 99].map((p) => duration(latency.percentile(p)))],
    ...[`${slow.toFixed(2)} %`, extra],
  ]
  say('')
  say(
    table(
      ['2 % take 500 ms', 'requests', 'p50', 'p95', 'p99', 'over 400 ms', 'extra calls'],
      [
        row('as it is', figures.plain, figures.slowPlain, '–'),
        row('hedged', figures.hedged, figures.slowHedged, `${(100 * figures.extra).toFixed(1)} %`),
      ],
    ),
  )
  return { bounds: bounds(figures), disturbed: judge(figures).disturbed }
}

async function run({ launch, scale }: Setting): Promise<Figures> {
  const world = await World.start(launch.sidecar, SHAPE)
  try {
    const samples: Sample[] = []
    const end = LEARNING + MEASURED / scale
    const load = new Load({
      target: world.entrance,
      streams: STREAMS,
      duration: end,
      patience: 10_000,
      onSample: (sample) => samples.push(sample),
    })
    load.start()
    await load.finish()
    const asked = samples.filter(({ stream }) => stream === 'hedged').length
    const slow = (name: string) => {
      const measured = samples.filter(({ stream, at }) => stream === name && at >= LEARNING)
      return (100 * measured.filter(({ latency }) => latency >= SLOW).length) / measured.length
    }
    return {
      plain: tally(samples, 'plain', LEARNING, end + 1),
      hedged: tally(samples, 'hedged', LEARNING, end + 1),
      extra: (world.reached.get('/hedged') ?? 0) / asked - 1,
      slowPlain: slow('plain'),
      slowHedged: slow('hedged'),
    }
  } finally {
    await world.stop()
  }
}

function boundsOf(figures: Figures): Bound[] {
  const { plain, hedged } = figures
  return [
    between('harness, as it is: p99, ms', plain.latency.percentile(99), 495, 530),
    atMostMs('hedged: p99, against p95 + 20 ms', hedged.latency.percentile(99), plain.latency.percentile(95) + 20),
    ...countsOf(figures),
  ]
}

function countsOf({ plain, hedged, extra, slowHedged }: Figures): Bound[] {
  return [
    strict(exactly('as it is: answers', plain.ok, plain.total)),
    strict(exactly('hedged: answers', hedged.ok, hedged.total)),
    strict(atMost('hedged: extra calls, %', 100 * extra, 6)),
    atMost('hedged: over 400 ms, %', slowHedged, 0.5),
  ]
}
