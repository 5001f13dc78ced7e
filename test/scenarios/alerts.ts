/**
 * Alerts: a real Prometheus scrapes two sidecars while inventory takes 20 s per call for a minute. The shipped rules, every
 * duration in them divided by 15, raise the alerts that this outage is a case for, and no other; all are over once it is.
 */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Load, type Sample } from '../../src/demo/load.ts'
import { AVALANCHE } from '../../src/demo/schedule.ts'
import { Shop } from '../../src/demo/shop.ts'
import { shopStreams } from '../../src/demo/streams.ts'
import { duration, table } from '../../src/demo/table.ts'
import { tally } from '../../src/demo/tally.ts'
import { nowMs, sleep } from '../../src/demo/time.ts'
import { type Alert, noPrometheus, Prometheus } from './alerts/prometheus.ts'
import { hurried } from './alerts/rules.ts'
import { atMostMs, type Bound, exactly, strict } from './bounds.ts'
import { type Outcome, type Setting, shippedPolicy, TOO_LATE } from './setting.ts'

/** Five minutes are 20 s, a minute of outage a quarter of an hour. */
const FACTOR = 15
/** ms. Long enough for every range in the rules to fill before anything happens. */
const CALM = 40_000
/** ms until the last alert has to be over: less than eight minutes at full length. */
const CLEARED = 30_000
/** ms after which it is not waited for any more. */
const PATIENCE = 60_000
/** ms between two looks at Prometheus. */
const EVERY = 500

/** What this outage is a case for: instance, alert, direction, destination. */
const EXPECTED = [
  // Its breaker is open for the whole minute: the probes fail.
  'order OutriggerCircuitOpen inventory',
  // So what order asks of inventory is refused, and half of what its own clients ask fails with it.
  'order OutriggerErrorRatio inbound order',
  'order OutriggerErrorRatio outbound inventory',
  // And whoever is responsible for inventory learns what the matter is: it is slow.
  'inventory OutriggerLatency inbound inventory',
]

/** When an alert was first seen in a state, and last; ms on the clock of the story. */
interface Seen {
  pending: number
  firing: number
  last: number
}

export async function alerts(setting: Setting, say: (text: string) => void): Promise<Outcome> {
  if (noPrometheus !== false) {
    say(`skipped: ${noPrometheus}`)
    return { bounds: [], disturbed: false }
  }
  if (setting.scale !== 1) say('Told at its own pace: Prometheus looks once a second.')
  const { launch } = setting
  const shop = await Shop.start({ launch, client: 'none', policy: await shippedPolicy('avalanche'), scale: 1 })
  let prometheus: Prometheus | undefined
  try {
    const rules = await readFile(shippedFile('rules/outrigger.yaml'), 'utf8')
    prometheus = await Prometheus.start({ order: shop.admin, inventory: shop.besideAdmin }, hurried(rules, FACTOR))
    return await tell(shop, prometheus, say)
  } finally {
    await prometheus?.stop()
    await shop.stop()
  }
}

function shippedFile(path: string): string {
  return fileURLToPath(new URL(`../../charts/outrigger/${path}`, import.meta.url))
}

async function tell(shop: Shop, prometheus: Prometheus, say: (text: string) => void): Promise<Outcome> {
  const samples: Sample[] = []
  const load = new Load({
    target: shop.entrance,
    streams: shopStreams(AVALANCHE),
    duration: Number.MAX_SAFE_INTEGER,
    patience: AVALANCHE.patience,
    shape: 'even',
    onSample: (sample) => samples.push(sample),
  })
  load.start()
  const watch = new AlertWatch(prometheus)
  await watch.during(CALM)
  const inTheCalm = watch.names('firing')
  await shop.tellInventory({ latencyMs: AVALANCHE.outageLatency })
  const onset = nowMs()
  await watch.during(AVALANCHE.outage)
  const panels = await askPanels(prometheus)
  await shop.tellInventory({ latencyMs: AVALANCHE.normalLatency })
  const recovery = nowMs()
  const left = await watch.untilNone(PATIENCE)
  const cleared = nowMs() - recovery
  const exemplars = await prometheus.exemplars('http_server_request_duration_seconds_bucket')
  load.halt()
  await load.finish()
  say('')
  say(render(watch.seen, onset, recovery))
  say(`\n${panels.answered} of ${panels.asked} queries of the dashboard had an answer at the end of the outage`)
  const late = tally(samples, 'GET', 0, Number.POSITIVE_INFINITY).late.percentile(99)
  const fired = watch.names('firing')
  const bounds: Bound[] = [
    strict(exactly('fired before the outage', inTheCalm, [])),
    ...EXPECTED.map((name) => strict(exactly(`fired: ${name}`, fired.includes(name), true))),
    strict(
      exactly(
        'fired beside these',
        fired.filter((name) => !EXPECTED.includes(name)),
        [],
      ),
    ),
    exactly('still there at the end', left, []),
    atMostMs('all over after recovery', cleared, CLEARED),
    strict(exactly('queries of the dashboard that Prometheus refused', panels.refused, [])),
    strict(
      exactly('exemplars that Prometheus kept are traces', exemplars.length > 0 && exemplars.every(isTrace), true),
    ),
  ]
  return { bounds, disturbed: late > TOO_LATE }
}

function isTrace({ labels }: { readonly labels: Readonly<Record<string, string>> }): boolean {
  return /^[0-9a-f]{32}$/.test(labels['trace_id'] ?? '')
}

/** Looks at the alerts again and again, and keeps what was seen of each. */
class AlertWatch {
  readonly seen = new Map<string, Seen>()
  readonly #prometheus: Prometheus

  constructor(prometheus: Prometheus) {
    this.#prometheus = prometheus
  }

  async during(ms: number): Promise<void> {
    const end = nowMs() + ms
    while (nowMs() < end) await this.#look()
  }

  /** Resolves with those that are still there after `limit` ms. */
  async untilNone(limit: number): Promise<string[]> {
    const end = nowMs() + limit
    for (;;) {
      const there = (await this.#look()).map(nameOf)
      if (there.length === 0 || nowMs() > end) return there
    }
  }

  /** Of those that were ever seen so. */
  names(state: 'pending' | 'firing'): string[] {
    return [...this.seen]
      .filter(([, seen]) => !Number.isNaN(seen[state]))
      .map(([name]) => name)
      .sort()
  }

  async #look(): Promise<readonly Alert[]> {
    const there = await this.#prometheus.alerts()
    const now = nowMs()
    for (const alert of there) {
      const seen = this.seen.get(nameOf(alert)) ?? { pending: Number.NaN, firing: Number.NaN, last: now }
      if (Number.isNaN(seen[alert.state])) seen[alert.state] = now
      if (alert.state === 'firing') seen.last = now
      this.seen.set(nameOf(alert), seen)
    }
    await sleep(EVERY)
    return there
  }
}

function nameOf({ labels }: Alert): string {
  const { instance = '', alertname = '', direction = '', destination = '' } = labels
  return [instance, alertname, direction, destination].filter((part) => part !== '').join(' ')
}

function render(seen: ReadonlyMap<string, Seen>, onset: number, recovery: number): string {
  const rows = [...seen]
    .sort()
    .map(([name, { pending, firing, last }]) => [
      name,
      duration(pending - onset),
      duration(firing - onset),
      Number.isNaN(firing) ? '–' : duration(last - recovery),
    ])
  return table(['alert', 'pending after onset', 'fired after onset', 'over after recovery'], rows)
}

/** Every query of the shipped dashboard, as Grafana would ask it. */
async function askPanels(prometheus: Prometheus): Promise<{ asked: number; answered: number; refused: string[] }> {
  const { panels } = JSON.parse(await readFile(shippedFile('dashboards/outrigger.json'), 'utf8')) as {
    panels: { title: string; targets?: { expr: string }[] }[]
  }
  const refused: string[] = []
  let asked = 0
  let answered = 0
  for (const { title, targets = [] } of panels) {
    for (const { expr } of targets) {
      asked++
      try {
        const series = await prometheus.query(expr.replaceAll('$__rate_interval', '20s').replace(/\$[a-z]+/g, '.*'))
        if (series.length > 0) answered++
      } catch (error) {
        refused.push(`${title}: ${(error as Error).message}`)
      }
    }
  }
  return { asked, answered, refused }
}
