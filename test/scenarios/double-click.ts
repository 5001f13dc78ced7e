/**
 * Double click: orders that are POSTed three times with one key, at 0 ms, at 50 ms and again after a failure; an order service
 * that is killed before it writes, and after; two replicas that share a Redis, one of them killed in mid-request. The orders are
 * lines in a file that outlives every process, so what was carried out twice is there twice.
 */
import { table } from '../../src/demo/table.ts'
import { sleep, until } from '../../src/demo/time.ts'
import { noRedis } from '../support/redis.ts'
import { type Bound, exactly, strict } from './bounds.ts'
import { type Answer, tallied } from './double-click/client.ts'
import { inTurns, Stage } from './double-click/stage.ts'
import type { Outcome, Setting } from './setting.ts'

const ORDERS = 1000
const AT_ONCE = 40
/** ms between the first click and the second, and until a client whose connection fails has left. */
const SECOND = 50
const FAILURE = 25
/** In flight when the order service, or a replica, is killed. */
const BATCH = 50

interface Told {
  readonly name: string
  readonly orders: readonly string[]
  readonly answers: readonly Answer[]
  readonly bounds: readonly Bound[]
}

type Variant = (stage: Stage, count: number) => Promise<Told>

const VARIANTS: Readonly<Record<string, Variant>> = {
  'no sidecar': (stage, count) => calm('no sidecar', stage, count, false),
  'one replica, memory': (stage, count) => calm('one replica, memory', stage, count, true),
  'killed before it commits, release': (stage, count) => killed('before', stage, count),
  'killed after it commits, hold': (stage, count) => killed('after', stage, count),
  'two replicas, Redis': (stage, count) => shared(stage, count),
  'one of two replicas killed': (stage, count) => replicaKilled(stage, count),
}

export async function doubleClick(setting: Setting, say: (text: string) => void): Promise<Outcome> {
  const count = Math.round(ORDERS / setting.scale)
  const told: Told[] = []
  for (const [name, variant] of Object.entries(VARIANTS)) {
    if (!name.includes(setting.only)) continue
    if (noRedis !== false && /Redis|replicas/.test(name)) {
      say(`${name}: ${noRedis}`)
      continue
    }
    const stage = new Stage(setting.launch.sidecar)
    try {
      told.push(await variant(stage, count))
    } finally {
      await stage.stop()
    }
  }
  const heading = ['variant', 'orders wanted', 'orders made', 'made twice or more', 'answers']
  const rows = told.map(({ name, orders, answers }) => [
    ...[name, `${count}`, `${orders.length}`, `${twice(orders)}`, tallied(answers)],
  ])
  say('')
  say(table(heading, rows))
  // Counts, all of them: no busy machine excuses a second order.
  return { bounds: told.flatMap(({ bounds }) => bounds).map(strict), disturbed: false }
}

function twice(orders: readonly string[]): number {
  return orders.length - new Set(orders).size
}

function body(n: number): object {
  return { order: `order-${n}`, sku: 'sku-1', quantity: 2 }
}

interface Clicks {
  readonly first: Answer
  readonly second: Answer
  readonly third: Answer
}

/** Of every third order the first click's connection fails; the third click comes when all before it is over. */
async function threeClicks(stage: Stage, n: number, to: readonly string[]): Promise<Clicks> {
  const key = `click-${n}`
  const [one = '', two = one, three = one] = to
  const first = stage.clicker.click(one, key, body(n), n % 3 === 0 ? FAILURE : 0)
  await sleep(SECOND)
  const second = await stage.clicker.click(two, key, body(n))
  return { first: await first, second, third: await stage.clicker.click(three, key, body(n)) }
}

async function calm(name: string, stage: Stage, count: number, guarded: boolean): Promise<Told> {
  const port = await stage.port()
  await stage.shop(port, {})
  const address = guarded ? (await stage.sidecar(port, '{}')).address : `127.0.0.1:${port}`
  const clicks = await inTurns(count, AT_ONCE, (n) => threeClicks(stage, n, [address]))
  const answers = clicks.flatMap(({ first, second, third }) => [first, second, third])
  const orders = stage.orders()
  if (!guarded) return { name, orders, answers, bounds: [exactly(`${name}: orders made`, orders.length, 3 * count)] }
  const others = await inTurns(count, AT_ONCE, (n) => stage.clicker.click(address, `click-${n}`, body(n + 1)))
  const bounds = [
    ...sameOrder(name, count, orders, clicks),
    exactly(`${name}: the key with another body`, tallied(others), `422 idempotency_mismatch ×${count}`),
    exactly(`${name}: orders after that`, stage.orders().length, count),
  ]
  return { name, orders, answers: [...answers, ...others], bounds }
}

function sameOrder(name: string, count: number, orders: readonly string[], clicks: readonly Clicks[]): Bound[] {
  const failed = clicks.filter(({ first }) => first.status === 0).length
  const different = clicks.filter(({ first, second, third }) => {
    return second.bytes !== third.bytes || (first.status !== 0 && first.bytes !== second.bytes)
  })
  // Of a click whose connection failed nobody saw the answer, which is then marked for both who came after it.
  const marks = clicks.filter(({ first, second, third }) => {
    const unmarked = [first, second, third].filter(({ status, replayed }) => status === 201 && !replayed).length
    return unmarked === 1 || (unmarked === 0 && first.status === 0)
  })
  const answers = clicks.flatMap(({ first, second, third }) => [first, second, third])
  return [
    exactly(`${name}: orders made`, [orders.length, new Set(orders).size], [count, count]),
    exactly(`${name}: first clicks whose connection failed`, failed, Math.ceil(count / 3)),
    exactly(`${name}: all others`, answers.filter(({ status }) => status === 201).length, 3 * count - failed),
    exactly(`${name}: orders whose answers differ by a byte`, different.length, 0),
    exactly(`${name}: orders of whose answers all but the first are marked`, marks.length, count),
  ]
}

/** The order service is killed with a batch at work, started anew, and asked again. */
async function killed(when: 'before' | 'after', stage: Stage, count: number): Promise<Told> {
  const name = `killed ${when} it commits`
  const port = await stage.port()
  const { address } = await stage.sidecar(port, `{onUnknown: ${when === 'before' ? 'release' : 'hold'}}`)
  const firsts: Answer[] = []
  const seconds: Answer[] = []
  for (let from = 0; from < count; from += BATCH) {
    const size = Math.min(BATCH, count - from)
    const dying = await stage.shop(port, { die: when, at: size })
    const click = (n: number) => stage.clicker.click(address, `click-${from + n}`, body(from + n))
    firsts.push(...(await inTurns(size, size, click)))
    await until(() => dying.ended, 5000)
    const living = await stage.shop(port, { work: 1 })
    seconds.push(...(await inTurns(size, size, click)))
    await living.stop()
  }
  const orders = stage.orders()
  const again = when === 'before' ? `201 ×${count}` : `409 idempotency_unknown ×${count}`
  return {
    name,
    orders,
    answers: [...firsts, ...seconds],
    bounds: [
      exactly(`${name}: first answers`, tallied(firsts), `502 upstream_reset ×${count}`),
      exactly(`${name}: asked again`, tallied(seconds), again),
      exactly(`${name}: orders made`, [orders.length, new Set(orders).size], [count, count]),
    ],
  }
}

function inRedis(port: number): string {
  return `{store: {redis: {url: "redis://127.0.0.1:${port}", timeout: 5s}}}`
}

/** The second click and the third come to the other replica than the one before. */
async function shared(stage: Stage, count: number): Promise<Told> {
  const name = 'two replicas, Redis'
  const block = inRedis(await stage.redis())
  const replicas: string[] = []
  for (let n = 0; n < 2; n++) {
    const port = await stage.port()
    await stage.shop(port, {})
    replicas.push((await stage.sidecar(port, block)).address)
  }
  const [a = '', b = ''] = replicas
  const clicks = await inTurns(count, AT_ONCE, (n) => threeClicks(stage, n, n % 2 === 0 ? [a, b, a] : [b, a, b]))
  const orders = stage.orders()
  const answers = clicks.flatMap(({ first, second, third }) => [first, second, third])
  return { name, orders, answers, bounds: sameOrder(name, count, orders, clicks) }
}

/**
 * Half of the orders are whole, then a batch is at work behind one replica when that is killed; the order service behind it goes
 * on and writes them. The clients go to the other replica: it waits until the leases have run out, and then says that it does
 * not know.
 */
async function replicaKilled(stage: Stage, count: number): Promise<Told> {
  const name = 'one of two replicas killed'
  const block = inRedis(await stage.redis())
  const ports = [await stage.port(), await stage.port()]
  // Slow enough that all of a batch is at work when the replica dies.
  await stage.shop(ports[0] as number, { work: 1500 })
  await stage.shop(ports[1] as number, { work: 10 })
  const dying = await stage.sidecar(ports[0] as number, block)
  const other = await stage.sidecar(ports[1] as number, block)
  const batch = Math.min(BATCH, Math.floor(count / 2))
  const calm = count - batch
  const whole = await inTurns(calm, 200, async (n) => {
    const first = await stage.clicker.click(n % 2 === 0 ? other.address : dying.address, `click-${n}`, body(n))
    return [
      first,
      await stage.clicker.click(n % 2 === 0 ? dying.address : other.address, `click-${n}`, body(n)),
    ] as const
  })
  const click = (address: string) => (n: number) => stage.clicker.click(address, `click-${calm + n}`, body(calm + n))
  const firsts = inTurns(batch, batch, click(dying.address))
  await sleep(700)
  process.kill(dying.child.pid as number, 'SIGKILL')
  const [broken, again] = await Promise.all([firsts, inTurns(batch, batch, click(other.address))])
  const later = await inTurns(batch, batch, click(other.address))
  const orders = stage.orders()
  return {
    name,
    orders,
    answers: [...whole.flat(), ...broken, ...again, ...later],
    bounds: [
      exactly(`${name}: whole before`, tallied(whole.flat()), `201 ×${2 * calm}`),
      exactly(`${name}: those answered by the other`, whole.filter(([, second]) => second.replayed).length, calm),
      exactly(`${name}: broken`, tallied(broken), `broken ×${batch}`),
      exactly(`${name}: asked again at once`, tallied(again), `409 idempotency_unknown ×${batch}`),
      exactly(`${name}: and later`, tallied(later), `409 idempotency_unknown ×${batch}`),
      exactly(`${name}: orders made`, [orders.length, new Set(orders).size], [count, count]),
    ],
  }
}
