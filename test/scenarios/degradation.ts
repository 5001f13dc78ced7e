/**
 * Degradation: the order service is killed and comes back. Its callers' sidecar gives copies, placeholders and empty lists
 * in place of failures, and no answer at all in place of a write. What the client counted is held against the metrics.
 */
import { Histogram } from '../../src/demo/histogram.ts'
import { Load, type Sample, type Stream } from '../../src/demo/load.ts'
import { renderPolicy } from '../../src/demo/policy-text.ts'
import { Shop } from '../../src/demo/shop.ts'
import { duration, percent, table } from '../../src/demo/table.ts'
import { sleep } from '../../src/demo/time.ts'
import { atLeastPercent, atMostMs, type Bound, exactly, strict } from './bounds.ts'
import { counted, type Metrics, metricsOf, NO_METRICS, Told, type Word } from './degradation/told.ts'
import { noise, type Outcome, type Setting, shippedPolicy, TOO_LATE, undisturbed } from './setting.ts'

/** The address of the order service as policies/degradation.yaml has it. */
const WRITTEN_ORDERS = '127.0.0.1:8080'
const CALM = 10_000
const OUTAGE = 30_000
const AFTER = 12_000
/** Not divided by the scale. */
const WARM_UP = 2000
/** People give up after that. */
const PATIENCE = 3000
/** Orders that are looked at all the time, and as many that nobody looks at before the outage. */
const ORDERS = 40

/** Until then after the kill the second kind may still ask for an order of the first. */
const SURE = 1500
const UNKNOWN = 'GET unknown'
const KINDS = ['GET known', UNKNOWN, 'GET list', 'POST'] as const

interface Figures {
  readonly name: string
  readonly guarded: boolean
  /** By stream, of the outage: from the kill to the restart. */
  readonly outage: Readonly<Record<string, Told>>
  /** By stream, from the moment after which no answer was degraded any more. */
  readonly calm: Readonly<Record<string, Told>>
  readonly fallbackLatency: Histogram
  /** From the restart to the last answer that was degraded or failed, ms. */
  readonly liveAfter: number
  /** `kind reason` → how often, as the client saw it and as the sidecar counted. */
  readonly seen: Readonly<Record<string, number>>
  readonly metrics: Metrics
  readonly late: number
}

export async function degradation(setting: Setting, say: (text: string) => void): Promise<Outcome> {
  const without = await run(false, setting)
  const judge = (figures: Figures) => ({
    missed: boundsOf(figures, setting.scale).some((bound) => !bound.met),
    disturbed: figures.late > TOO_LATE,
  })
  const guarded = await undisturbed(() => run(true, setting), judge, say)
  say('')
  say(report(without, guarded))
  say('')
  say(`fallbacks as the client saw them: ${written(guarded.seen)}`)
  return {
    bounds: [exactly('without: answers in the outage', answered(without), 0), ...boundsOf(guarded, setting.scale)],
    disturbed: guarded.late > TOO_LATE,
  }
}

async function run(guarded: boolean, setting: Setting): Promise<Figures> {
  const { launch, scale } = setting
  const policy = guarded ? await shippedPolicy('timeout-only') : undefined
  const shop = await Shop.start({ launch, client: 'none', policy, scale, bothSidecars: false })
  try {
    if (!guarded) return await measure('without', shop, shop.entrance, '', setting)
    const text = renderPolicy(await shippedPolicy('degradation'), scale, { [WRITTEN_ORDERS]: shop.entrance })
    const web = await shop.sidecar('web', shop.order, text)
    return await measure('with sidecars', shop, web.outbound ?? '', web.admin ?? '', setting)
  } finally {
    await shop.stop()
  }
}

async function measure(name: string, shop: Shop, target: string, admin: string, { scale }: Setting): Promise<Figures> {
  const before = await warmUp(target, scale)
  const words: Word[] = []
  const late = new Histogram()
  const load = new Load({
    target,
    streams: streamsAt(scale, false),
    duration: (CALM + OUTAGE + AFTER) / scale,
    patience: PATIENCE,
    onSample: (sample: Sample, answer: string) => {
      late.record(sample.late)
      words.push({ sample, ...Told.read(answer) })
    },
  })
  load.start()
  await sleep(CALM / scale)
  const killed = load.elapsed()
  await shop.killOrder()
  await sleep(OUTAGE / scale)
  const restarting = load.elapsed()
  await shop.restartOrder()
  const restarted = load.elapsed()
  await load.finish()
  const bad = words.filter((word) => word.sample.at >= restarted && !isLive(word))
  const lastBad = Math.max(restarted, ...bad.map(({ sample }) => sample.at + sample.latency))
  const fallbackLatency = new Histogram()
  for (const { sample, kind } of words) if (kind !== '') fallbackLatency.record(sample.latency)
  return {
    name,
    guarded: admin !== '',
    outage: byStream(
      words.filter(({ sample }) => sample.at >= killed + SURE / scale || sample.stream !== UNKNOWN),
      killed,
      restarting,
    ),
    calm: byStream(words, 0, killed - 100),
    fallbackLatency,
    liveAfter: lastBad - restarted,
    seen: counted([...before, ...words]),
    metrics: admin === '' ? NO_METRICS : await metricsOf(admin),
    late: late.percentile(99),
  }
}

/**
 * Processes that have just started are slow, and at a tenth of every time a timeout is nothing: the story begins once all
 * that was asked in the last half second was answered well. What was said until then is counted all the same.
 */
async function warmUp(target: string, scale: number): Promise<Word[]> {
  const words: Word[] = []
  for (let left = 4; left > 0; left--) {
    let bad = 0
    const onSample = (sample: Sample, answer: string): void => {
      const word = { sample, ...Told.read(answer) }
      words.push(word)
      if (sample.at > WARM_UP - 500 && !isLive(word)) bad++
    }
    const load = new Load({ target, streams: streamsAt(scale, true), duration: WARM_UP, patience: PATIENCE, onSample })
    load.start()
    await load.finish()
    if (bad === 0) break
  }
  return words
}

function isLive({ sample, kind }: Word): boolean {
  return kind === '' && sample.status === (sample.stream === 'POST' ? 201 : 200)
}

/** Twice as many at most, however much faster: two cores have to do for all of it. */
/** `warm`: what nobody shall know before the outage is not asked for. */
function streamsAt(scale: number, warm: boolean): Stream[] {
  const more = Math.min(2, scale)
  const host = (path: string) => `http://orders${path}`
  const get = (name: string, perSecond: number, path: (sequence: number) => string): Stream => {
    return { name, perSecond, make: (sequence) => ({ method: 'GET', path: host(path(sequence)) }) }
  }
  const known = (sequence: number) => `/api/orders/O-${(sequence % ORDERS) + 1}`
  // A little later than the kill: what is asked before it would be known in it.
  const first = ((CALM + 1000) / scale / 1000) * 10 * more
  return [
    get('GET known', 40 * more, known),
    get(UNKNOWN, 10 * more, (sequence) =>
      warm || sequence < first ? known(sequence) : `/api/orders/O-${ORDERS + 1 + (sequence % ORDERS)}`,
    ),
    get('GET list', 10 * more, () => '/api/orders?userId=seed'),
    {
      name: 'POST',
      perSecond: 20 * more,
      make: (sequence) => {
        return {
          method: 'POST',
          path: host('/api/orders'),
          body: `{"userId":"u-${sequence % 50}","sku":"sku-1","quantity":1}`,
        }
      },
    },
  ]
}

function byStream(words: readonly Word[], from: number, to: number): Record<string, Told> {
  const found: Record<string, Told> = {}
  for (const kind of KINDS) found[kind] = new Told()
  for (const word of words) {
    if (word.sample.at >= from && word.sample.at < to) (found[word.sample.stream] as Told).add(word)
  }
  return found
}

function answered({ outage }: Figures): number {
  return Object.values(outage).reduce((sum, told) => sum + told.answered, 0)
}

function report(without: Figures, guarded: Figures): string {
  const heading = [
    'in the outage',
    'requests',
    'without: answered',
    '| with: answered',
    'cached',
    'static',
    '503',
    '502',
    'p99',
  ]
  const rows = KINDS.map((kind) => {
    const [before, after] = [without.outage[kind] as Told, guarded.outage[kind] as Told]
    return [
      kind,
      `${after.total}`,
      percent((100 * before.answered) / before.total),
      percent((100 * after.ok) / after.total),
      ...[after.kinds['cached'], after.kinds['static']].map((count) => `${count ?? 0}`),
      ...[after.statuses[503], after.statuses[502]].map((count) => `${count ?? 0}`),
      duration(after.latency.percentile(99)),
    ]
  })
  return table(heading, rows)
}

function boundsOf(figures: Figures, scale: number): Bound[] {
  const { outage, calm, fallbackLatency, liveAfter, seen, metrics } = figures
  const told = (kind: (typeof KINDS)[number]) => outage[kind] as Told
  const [known, unknown, list, post] = KINDS.map(told) as [Told, Told, Told, Told]
  const writes = Object.keys(post.statuses).filter((status) => status !== '503' && status !== '502')
  return [
    strict(
      exactly(
        'before: degraded answers',
        Object.values(calm).map((each) => each.degraded),
        [0, 0, 0, 0],
      ),
    ),
    strict(
      exactly(
        'known orders: not from a copy with its Age',
        known.total - (known.kinds['cached'] ?? 0) + known.ageless,
        0,
      ),
    ),
    strict(exactly('known orders: bodies', Object.keys(known.shapes), ['its order'])),
    strict(exactly('unknown orders: bodies', Object.keys(unknown.shapes), ['UNKNOWN'])),
    strict(exactly('lists: bodies', Object.keys(list.shapes), ['[]'])),
    strict(exactly('POST: answered by a fallback', post.degraded, 0)),
    strict(exactly('POST: statuses beside 503 and, until the breaker knows, 502', writes, [])),
    atLeastPercent('POST: 503', (100 * (post.statuses[503] ?? 0)) / post.total, 95),
    atMostMs('fallback, p99', fallbackLatency.percentile(99), 5 + noise(scale)),
    strict(
      exactly('outrigger_fallback_total: where the client counted otherwise', differences(metrics.fallbacks, seen), []),
    ),
    strict(exactly('200 with an error_type in the server metrics', metrics.failed, sumOf(seen))),
    atLeastPercent(
      'of these within 5 ms in the sidecar',
      (100 * metrics.failedFast) / metrics.failed,
      scale === 1 ? 99 : 90,
    ),
    atMostMs('live data again after the restart', liveAfter, 7000 / scale + noise(scale)),
  ]
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0)
}

function differences(one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>): string[] {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...keys].filter((key) => one[key] !== other[key]).map((key) => `${key}: ${one[key]} and ${other[key]}`)
}

function written(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([what, count]) => `${what} ${count}`)
    .join(', ')
}
