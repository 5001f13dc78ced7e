/**
 * A client that retries too: the order service keeps Feign's 5 s / 10 s / 3 attempts, with and without a sidecar that has
 * a deadline, one retry of its own, and a budget for it.
 */
import { Load, type Sample } from '../../src/demo/load.ts'
import { Shop } from '../../src/demo/shop.ts'
import { shopStreams } from '../../src/demo/streams.ts'
import { duration, table } from '../../src/demo/table.ts'
import { tally } from '../../src/demo/tally.ts'
import { sleep } from '../../src/demo/time.ts'
import { atMost, atMostMs, type Bound, between, strict } from './bounds.ts'
import { type Outcome, type Setting, shippedPolicy, TOO_LATE, undisturbed } from './setting.ts'

/** Few enough that even 30 s in a slot do not fill all 200: this story is about calls, not about slots. */
const PER_SECOND = 20
const CALM = 5000
const OUTAGE = 8000
/** Nobody gives up before the last of three attempts has. */
const PATIENCE = 60_000
const OUTAGE_LATENCY = 20_000

/** What Feign alone comes to: 3 × 10 s, and 150 ms and 225 ms between. */
const MODEL_HOLD = 30_375
const DEADLINE = 2000

interface Figures {
  readonly name: string
  readonly held: number
  readonly longestHold: number
  /** Calls that the order service made for each POST that failed. */
  readonly callsPerPost: number
  /** Calls that reached inventory for each call that the order service made, over the whole run. */
  readonly amplification: number
  readonly late: number
}

export async function retryingClient(setting: Setting, say: (text: string) => void): Promise<Outcome> {
  const judge = (bounds: (figures: Figures, scale: number) => Bound[]) => (figures: Figures) => ({
    missed: bounds(figures, setting.scale).some((bound) => !bound.met),
    disturbed: figures.late > TOO_LATE,
  })
  const [without, guarded] = await Promise.all([
    undisturbed(() => run(undefined, setting), judge(harnessBounds), say),
    undisturbed(() => run('retrying-client', setting), judge(boundsOf), say),
  ])
  const figures = [without, guarded]
  const heading = [
    'in the outage',
    'held p50',
    'held max',
    'model',
    'calls per POST',
    'model',
    'at inventory, per call',
  ]
  say('')
  say(
    table(
      heading,
      figures.map((each) => [
        each.name,
        ...[duration(each.held), duration(each.longestHold), each === without ? '30.4 s' : '≤ 2.05 s'],
        ...[each.callsPerPost.toFixed(2), each === without ? '3' : '1', each.amplification.toFixed(3)],
      ]),
    ),
  )
  return {
    bounds: [...harnessBounds(without, setting.scale), ...boundsOf(guarded, setting.scale)],
    disturbed: figures.some((each) => each.late > TOO_LATE),
  }
}

async function run(policyName: string | undefined, setting: Setting): Promise<Figures> {
  const { launch, scale } = setting
  const policy = policyName === undefined ? undefined : await shippedPolicy(policyName)
  const shop = await Shop.start({ launch, client: 'feign', policy, scale })
  try {
    return await measure(policyName === undefined ? 'Feign alone' : 'Feign behind a sidecar', shop, setting)
  } finally {
    await shop.stop()
  }
}

async function measure(name: string, shop: Shop, { scale }: Setting): Promise<Figures> {
  const samples: Sample[] = []
  const load = new Load({
    target: shop.entrance,
    streams: shopStreams({ gets: 1, posts: PER_SECOND * scale }).filter((stream) => stream.name === 'POST'),
    duration: (CALM + OUTAGE) / scale,
    patience: PATIENCE / scale,
    onSample: (sample) => samples.push(sample),
  })
  load.start()
  await sleep(CALM / scale)
  await shop.tellInventory({ latencyMs: OUTAGE_LATENCY / scale })
  const onset = load.elapsed()
  await load.finish()
  const made = await shop.tellOrder()
  const { calls } = await shop.tellInventory()
  const posts = tally(samples, 'POST', onset, Number.POSITIVE_INFINITY)
  const all = tally(samples, 'POST', 0, Number.POSITIVE_INFINITY)
  return {
    name,
    held: posts.latency.percentile(50),
    longestHold: made.longestHold,
    // What went well took one call; the rest of the calls were made by those that failed.
    callsPerPost: (made.calls - all.ok) / (all.total - all.ok),
    amplification: calls / made.calls,
    late: posts.late.percentile(99),
  }
}

function boundsOf({ longestHold, callsPerPost, amplification }: Figures, scale: number): Bound[] {
  return [
    atMostMs('sidecar: longest hold', longestHold, DEADLINE / scale + 50),
    strict(atMost('sidecar: calls of the order service per POST', callsPerPost, 1)),
    strict(atMost('sidecar: calls at inventory per call that reaches the sidecar', amplification, 1.1)),
  ]
}

function harnessBounds({ longestHold, callsPerPost }: Figures, scale: number): Bound[] {
  const [low, high] = [MODEL_HOLD / scale / 1000, (MODEL_HOLD / scale + 200) / 1000]
  return [
    between('harness, Feign alone: longest hold, s', longestHold / 1000, low, high),
    between('harness, Feign alone: calls per POST', callsPerPost, 3, 3),
  ]
}
