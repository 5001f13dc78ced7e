/**
 * Avalanche: inventory takes 20 s per call for a minute; six ways to meet that, from no sidecar at all to timeout,
 * bulkhead, breaker and fallback. See docs/scenarios.md for how to read the table.
 */
import { callJson } from '../../src/demo/http.ts'
import { Load, type Sample } from '../../src/demo/load.ts'
import { AVALANCHE, scaleTimetable, type Timetable } from '../../src/demo/schedule.ts'
import { Shop } from '../../src/demo/shop.ts'
import { shopStreams } from '../../src/demo/streams.ts'
import { duration, percent, table } from '../../src/demo/table.ts'
import { type Tally, tally } from '../../src/demo/tally.ts'
import { nowMs, sleep } from '../../src/demo/time.ts'
import { Watch } from '../../src/demo/watch.ts'
import { atLeastPercent, atMost, atMostMs, type Bound, between, strict } from './bounds.ts'
import { noise, type Outcome, type Setting, shippedPolicy, TOO_LATE, undisturbed } from './setting.ts'

export interface Variant {
  readonly name: string
  readonly client: string
  /** A file of `policies/`; undefined: no sidecar. */
  readonly policy: string | undefined
  /** Computed, not measured: what queues of that shape must give when users come independently of each other. */
  readonly model: { readonly get: number; readonly post: number; readonly peak: number; readonly calls: number }
}

export const VARIANTS: readonly Variant[] = [
  {
    name: 'no sidecar, no timeout',
    client: 'none',
    policy: undefined,
    model: { get: 11, post: 4, peak: 200, calls: 600 },
  },
  {
    name: 'Feign 5 s / 10 s / 3',
    client: 'feign',
    policy: undefined,
    model: { get: 10, post: 3, peak: 200, calls: 1200 },
  },
  {
    name: 'Dubbo 5 s, retries 2',
    client: 'dubbo',
    policy: undefined,
    model: { get: 11, post: 4, peak: 200, calls: 2400 },
  },
  {
    name: 'sidecar: timeout 1 s',
    client: 'none',
    policy: 'timeout-only',
    model: { get: 100, post: 0, peak: 73, calls: 3055 },
  },
  {
    name: 'sidecar: + bulkhead, breaker',
    client: 'none',
    policy: 'avalanche',
    model: { get: 100, post: 0, peak: 24, calls: 35 },
  },
  {
    name: 'sidecar: + fallback 202',
    client: 'none',
    policy: 'avalanche-fallback',
    model: { get: 100, post: 98.9, peak: 24, calls: 35 },
  },
]

/** The deadline of every policy of this story, in ms before scaling. */
const DEADLINE = 1000
/** Real ms of the same load before anything counts: compilers and connection pools get warm at their own pace. */
const WARM_UP = 2000

export interface Figures {
  readonly variant: Variant
  readonly calm: Tally
  readonly get: Tally
  readonly post: Tally
  readonly peak: number
  readonly calls: number
  readonly longestHold: number
  /** ms after onset and after recovery; NaN: not seen. */
  readonly opened: number
  readonly closed: number
  /** Steps of the breaker, as its sidecar has counted them over the whole run: `closed open` → how many. */
  readonly steps: Readonly<Record<string, number>>
  readonly late: number
}

export async function avalanche(setting: Setting, say: (text: string) => void): Promise<Outcome> {
  const { scale } = setting
  const timetable = scaleTimetable(AVALANCHE, scale)
  const variants = VARIANTS.filter((variant) => variant.name.includes(setting.only))
  const figures: Figures[] = []
  const once = (variant: Variant): Promise<Figures> => tellVariant(variant, timetable, setting, say)
  for (const batch of batches(variants, scale)) {
    say(`running: ${batch.map((variant) => variant.name).join(' | ')}`)
    figures.push(...(await Promise.all(batch.map((variant) => once(variant)))))
  }
  say('')
  say(render(figures))
  return {
    bounds: figures.flatMap((each) => boundsOf(each, scale)),
    disturbed: figures.some(disturbed),
  }
}

/** One variant with real processes; again where it was disturbed and a bound was missed. */
export function tellVariant(
  variant: Variant,
  timetable: Timetable,
  setting: Setting,
  say: (text: string) => void,
): Promise<Figures> {
  const missed = (each: Figures): boolean => boundsOf(each, setting.scale).some((bound) => !bound.met)
  return undisturbed(
    () => run(variant, timetable, setting),
    (each) => ({ missed: missed(each), disturbed: disturbed(each) }),
    (text) => say(`${variant.name}: ${text}`),
  )
}

/** Those without a sidecar are bounded in percents and go together; those with one in milliseconds, and go alone. */
function batches(variants: readonly Variant[], scale: number): Variant[][] {
  const without = variants.filter((variant) => variant.policy === undefined)
  const guarded = variants.filter((variant) => variant.policy !== undefined)
  return [...groups(without, scale <= 3 ? 3 : 2), ...groups(guarded, 1)]
}

function groups(variants: readonly Variant[], size: number): Variant[][] {
  return variants.flatMap((_, index) => (index % size === 0 ? [variants.slice(index, index + size)] : []))
}

/** The generator was late, or things were slow before anything had happened. */
export function disturbed({ late, calm }: Figures): boolean {
  return late > TOO_LATE || calm.okPercent < 100 || calm.latency.percentile(99) > 25
}

async function run(variant: Variant, timetable: Timetable, setting: Setting): Promise<Figures> {
  const { launch, scale } = setting
  const policy = variant.policy === undefined ? undefined : await shippedPolicy(variant.policy)
  const shop = await Shop.start({ launch, client: variant.client, policy, scale, bothSidecars: scale === 1 })
  const watch = shop.admin === '' ? undefined : new Watch(shop.admin, 'inventory', scale === 1 ? 50 : 20)
  try {
    return await measure(variant, timetable, shop, watch, setting)
  } finally {
    watch?.stop()
    await shop.stop()
  }
}

async function measure(
  variant: Variant,
  timetable: Timetable,
  shop: Shop,
  watch: Watch | undefined,
  setting: Setting,
): Promise<Figures> {
  const samples: Sample[] = []
  const load = new Load({
    target: shop.entrance,
    streams: shopStreams(timetable),
    duration: WARM_UP + timetable.calm + timetable.outage + timetable.recovery,
    patience: timetable.patience,
    shape: setting.poisson ? 'poisson' : 'even',
    onSample: (sample) => samples.push(sample),
  })
  load.start()
  await sleep(WARM_UP + timetable.calm - load.elapsed())
  await shop.tellOrder({ reset: true })
  const before = await shop.tellInventory({ latencyMs: timetable.outageLatency })
  const [onset, onsetAt] = [load.elapsed(), nowMs()]
  await sleep(timetable.outage)
  const after = await shop.tellInventory({ latencyMs: timetable.normalLatency })
  const [recovery, recoveryAt] = [load.elapsed(), nowMs()]
  const { peak } = await shop.tellOrder()
  await load.finish()
  const { longestHold } = await shop.tellOrder()
  const all = tally(samples, 'GET', 0, Number.POSITIVE_INFINITY)
  return {
    variant,
    calm: tally(samples, 'GET', WARM_UP, onset),
    get: tally(samples, 'GET', onset, recovery),
    post: tally(samples, 'POST', onset, recovery),
    peak,
    calls: after.calls - before.calls,
    longestHold,
    opened: (watch?.firstAfter(onsetAt, 'open') ?? Number.NaN) - onsetAt,
    closed: (watch?.firstAfter(recoveryAt, 'closed') ?? Number.NaN) - recoveryAt,
    steps: shop.admin === '' ? {} : await stepsOf(shop.admin),
    late: all.late.percentile(99),
  }
}

const STEP = /^outrigger_circuit_transitions_total\{([^}]*)\} ([0-9]+)$/gm

async function stepsOf(admin: string): Promise<Record<string, number>> {
  const { value } = await callJson(admin, 'GET', '/metrics')
  const steps: Record<string, number> = {}
  for (const [, labels = '', count] of String(value).matchAll(STEP)) {
    const label = (name: string): string => new RegExp(`\\b${name}="([^"]*)"`).exec(labels)?.[1] ?? ''
    if (Number(count) > 0) steps[`${label('from')} ${label('to')}`] = Number(count)
  }
  return steps
}

function render(figures: readonly Figures[]): string {
  const heading = ['in the outage', 'GET ok', 'model', 'POST ok', 'model', 'slots', 'model', 'calls', 'model']
  const first = figures.map(({ variant, get, post, peak, calls }) => [
    variant.name,
    ...[percent(get.okPercent), `${variant.model.get} %`, percent(post.okPercent), `${variant.model.post} %`],
    ...[`${peak}`, `${variant.model.peak}`, `${calls}`, `${variant.model.calls}`],
  ])
  const more = [
    '',
    'GET p99 before',
    'in outage',
    'POST refused',
    'p99 in',
    'longest hold',
    'opened',
    'closed',
    'late p99',
  ]
  const second = figures.map(({ variant, calm, get, post, longestHold, opened, closed, late }) => [
    variant.name,
    ...[duration(calm.latency.percentile(99)), duration(get.latency.percentile(99))],
    ...[`${post.refused}`, duration(post.refusedLatency.percentile(99)), duration(longestHold)],
    ...[duration(opened), duration(closed), duration(late)],
  ])
  return `${table(heading, first)}\n\n${table(more, second)}`
}

/** The bounds of docs/scenarios.md. Times are scaled; what the operating system adds is not. */
function boundsOf(figures: Figures, scale: number): Bound[] {
  const { variant, calm, get, post, peak, calls, longestHold, opened, closed } = figures
  const name = (what: string): string => `${variant.name}: ${what}`
  if (variant.policy === undefined) return harnessBounds(figures, scale)
  const bounds = [
    atLeastPercent(name('GET ok'), get.okPercent, 99.9),
    atMostMs(name('GET p99'), get.latency.percentile(99), calm.latency.percentile(99) + 5),
    atMostMs(name('longest hold'), longestHold, DEADLINE / scale + 50),
  ]
  if (variant.policy === 'timeout-only') return bounds
  bounds.push(
    atMost(name('busy slots'), peak, 30),
    strict(atMost(name('calls that reach inventory'), calls, 60)),
    atMostMs(name('breaker open after onset'), opened, 2500 / scale + noise(scale)),
    atMostMs(name('breaker closed after recovery'), closed, 7000 / scale + noise(scale)),
  )
  if (variant.policy === 'avalanche')
    bounds.push(atMostMs(name('POST refused, p99'), post.refusedLatency.percentile(99), 10))
  else bounds.push(atLeastPercent(name('POST ok'), post.okPercent, 98.5))
  return bounds
}

/** Without a sidecar nothing is promised; but a harness that does not give what the model gives measures something else. */
function harnessBounds({ variant, get, post, peak, calls }: Figures, scale: number): Bound[] {
  const slack = scale === 1 ? 0.1 : 0.25
  // After recovery the queue drains at the speed of the machine, which does not scale: the last to come are served too late.
  const drain = scale === 1 ? 5 : 7
  const { model } = variant
  const name = (what: string): string => `harness, ${variant.name}: ${what}`
  return [
    between(name('GET ok %'), get.okPercent, model.get - drain, model.get + 4),
    between(name('POST ok %'), post.okPercent, 0, model.post + 4),
    between(name('busy slots'), peak, model.peak, model.peak),
    between(name('calls that reach inventory'), calls, model.calls * (1 - slack), model.calls * (1 + slack)),
  ]
}
