/**
 * REST of the order service, as its callers see it: caller → sidecar → sidecar → order, and the same without sidecars.
 * A 404 is an answer and trips nothing; a 409 is the state machine's word and is asked once; a 503 is asked again where
 * the method allows it.
 */
import { Agent, request } from 'node:http'
import { renderPolicy } from '../../src/demo/policy-text.ts'
import { Shop } from '../../src/demo/shop.ts'
import { table } from '../../src/demo/table.ts'
import { sleep } from '../../src/demo/time.ts'
import { Watch } from '../../src/demo/watch.ts'
import { type Bound, exactly } from './bounds.ts'
import { type Outcome, type Setting, shippedPolicy } from './setting.ts'

/** The address of the order service as policies/rest-orders.yaml has it. */
const WRITTEN_ORDERS = '127.0.0.1:8080'
/** Far more than the ten calls after which the breaker judges. */
const MANY = 60

interface Step {
  readonly what: string
  readonly method: string
  readonly path: string
  readonly body?: Readonly<Record<string, unknown>>
  readonly times?: number
  /** So many of the next requests are answered 503 by the order service. */
  readonly failNext?: number
  readonly status: number
  /** Requests that reach the order service for each one sent; with sidecars and without. */
  readonly arrivals: readonly [guarded: number, without: number]
  /** Without a sidecar nobody asks again: what the caller sees then. */
  readonly statusWithout?: number
}

const NEW = { userId: 'ada', sku: 'sku-1', quantity: 2 }
const ONCE: readonly [number, number] = [1, 1]

/** `O-101` is the first order after the hundred that are there from the start. */
const STEPS: readonly Step[] = [
  { what: 'place an order', method: 'POST', path: '/api/orders', body: NEW, status: 201, arrivals: ONCE },
  { what: 'read it', method: 'GET', path: '/api/orders/O-101', status: 200, arrivals: ONCE },
  { what: 'list a user’s', method: 'GET', path: '/api/orders?userId=ada', status: 200, arrivals: ONCE },
  { what: 'pay', method: 'PUT', path: '/api/orders/O-101', body: { status: 'PAID' }, status: 200, arrivals: ONCE },
  {
    what: 'pay again',
    method: 'PUT',
    path: '/api/orders/O-101',
    body: { status: 'PAID' },
    status: 200,
    arrivals: ONCE,
  },
  { what: 'ship', method: 'PUT', path: '/api/orders/O-101', body: { status: 'SHIPPED' }, status: 200, arrivals: ONCE },
  {
    ...{ what: 'cancel too late', method: 'PUT', path: '/api/orders/O-101', body: { status: 'CANCELLED' } },
    ...{ times: MANY, status: 409, arrivals: ONCE },
  },
  { what: 'delete what is shipped', method: 'DELETE', path: '/api/orders/O-101', status: 409, arrivals: ONCE },
  { what: 'delete another', method: 'DELETE', path: '/api/orders/O-7', status: 204, arrivals: ONCE },
  { what: 'read the deleted', method: 'GET', path: '/api/orders/O-7', times: MANY, status: 404, arrivals: ONCE },
  {
    ...{ what: 'read, 503 once', method: 'GET', path: '/api/orders/O-8', failNext: 1 },
    ...{ status: 200, statusWithout: 503, arrivals: [2, 1] },
  },
  { what: 'place, 503 once', method: 'POST', path: '/api/orders', body: NEW, failNext: 1, status: 503, arrivals: ONCE },
]

interface Seen {
  readonly statuses: readonly number[]
  readonly arrivals: number
}

export async function rest(setting: Setting, say: (text: string) => void): Promise<Outcome> {
  const without = await run(false, setting)
  const guarded = await run(true, setting)
  const heading = ['step', 'without: status', 'reached order', '| with: status', 'reached order']
  const rows = STEPS.map((step, index) => [
    `${step.what}: ${step.method} ${step.path}${step.times === undefined ? '' : `, ${step.times} times`}`,
    ...cells(without.seen[index]),
    ...cells(guarded.seen[index]),
  ])
  say('')
  say(table(heading, rows))
  return {
    bounds: [
      ...boundsOf('without', without.seen, false),
      ...boundsOf('with', guarded.seen, true),
      exactly('with: breaker after 60 × 404 and 60 × 409', guarded.breaker, ['closed']),
    ],
    disturbed: false,
  }
}

async function run(guarded: boolean, setting: Setting): Promise<{ seen: Seen[]; breaker: readonly string[] }> {
  const { launch, scale } = setting
  const policy = guarded ? await shippedPolicy('timeout-only') : undefined
  const shop = await Shop.start({ launch, client: 'none', policy, scale })
  const agent = new Agent({ keepAlive: true })
  let watch: Watch | undefined
  try {
    let connect = shop.entrance
    if (guarded) {
      const text = renderPolicy(await shippedPolicy('rest-orders'), scale, { [WRITTEN_ORDERS]: shop.entrance })
      const caller = await shop.sidecar('web', shop.order, text)
      connect = caller.outbound ?? ''
      watch = new Watch(caller.admin ?? '', 'orders', 20)
    }
    const seen: Seen[] = []
    for (const step of STEPS) seen.push(await take(step, shop, connect, agent))
    // One more look at the breaker after the last answer.
    await sleep(100)
    return { seen, breaker: watch?.changes.map((change) => change.to) ?? [] }
  } finally {
    watch?.stop()
    agent.destroy()
    await shop.stop()
  }
}

async function take(step: Step, shop: Shop, connect: string, agent: Agent): Promise<Seen> {
  await shop.tellOrder({ reset: true, failNext: step.failNext ?? 0 })
  const statuses: number[] = []
  for (let time = 0; time < (step.times ?? 1); time++) statuses.push(await ask(step, connect, agent))
  const { counts } = await shop.tellOrder()
  return { statuses, arrivals: counts[step.method] ?? 0 }
}

/** As a caller does that has the sidecar for its proxy: by the service's name. The order service takes that form too. */
function ask(step: Step, connect: string, agent: Agent): Promise<number> {
  const body = step.body === undefined ? undefined : JSON.stringify(step.body)
  const [host, port] = connect.split(':')
  return new Promise((resolve, reject) => {
    const call = request({
      ...{ agent, host, port, method: step.method, path: `http://orders${step.path}` },
      headers: {
        host: 'orders',
        ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': body.length }),
      },
    })
    call.on('error', reject)
    call.on('response', (answer) => {
      answer.on('error', reject)
      answer.on('end', () => resolve(answer.statusCode ?? 0))
      answer.resume()
    })
    call.end(body)
  })
}

function boundsOf(side: string, seen: readonly Seen[], guarded: boolean): Bound[] {
  return STEPS.map((step, index) => {
    const times = step.times ?? 1
    const status = guarded ? step.status : (step.statusWithout ?? step.status)
    const wanted = [[status], step.arrivals[guarded ? 0 : 1] * times]
    const is = seen[index]
    return exactly(`${side}: ${step.what}`, [[...new Set(is?.statuses)], is?.arrivals], wanted)
  })
}

function cells(seen: Seen | undefined): string[] {
  return seen === undefined ? ['–', '–'] : [[...new Set(seen.statuses)].join(' '), `${seen.arrivals}`]
}
