/** What fails: retried or not, held against the service or not, refused by us, over its deadline, cancelled. */
import grpc from '@grpc/grpc-js'
import { atMostMs, between, type Bound, exactly } from '../bounds.ts'
import { type Do, type Method, type Result, type Spec, spec } from './spec.ts'
import type { Judge, Story } from './story.ts'

const { OK, CANCELLED, NOT_FOUND, DEADLINE_EXCEEDED, UNIMPLEMENTED, UNAVAILABLE } = grpc.status
/** Every code that is a failure. */
const CODES = Array.from({ length: 16 }, (_, index) => index + 1)
/** Longer than any step waits. */
const FOR_EVER = 20_000

/** Of the attempts of a call: how many reached the server. */
function reached(story: Story, id: string): number {
  return story.seen(id, 'call').length
}

/** Each code once, as a single head and as trailers behind a head: UNAVAILABLE alone is asked again. */
export async function retries(story: Story): Promise<Judge[]> {
  const judges: Judge[] = []
  for (const head of [false, true]) {
    const how = head ? 'in trailers behind a head' : 'in a head alone'
    const specs = CODES.map((fail) => spec(`retry-${head}-${fail}`, 'GetOrder', { does: { fail, times: 1, head } }))
    const results = await story.calls(...specs)
    judges.push(() => {
      const seen = CODES.map((fail, index) => [fail, results[index]?.code, reached(story, specs[index]?.id ?? '')])
      const other = seen.filter(([fail, code, attempts]) => fail !== code || attempts !== 1)
      return exactly(`each code once ${how}: not as it came and asked once`, other, [[UNAVAILABLE, OK, 2]])
    })
    const id = `retry-${head}-always`
    const { code } = await story.call(spec(id, 'CreateOrder', { does: { fail: UNAVAILABLE, head } }))
    judges.push(() =>
      exactly(`UNAVAILABLE for ever ${how}: code, attempts`, [code, reached(story, id)], [UNAVAILABLE, 3]),
    )
  }
  return [...judges, ...(await streams(story))]
}

/** A stream is asked again as long as no message of it was passed on. */
async function streams(story: Story): Promise<Judge[]> {
  const judges: Judge[] = []
  for (const method of ['GetUserOrders', 'SyncOrders'] as const) {
    const id = `before-${method}`
    const { code } = await story.call(spec(id, method, { does: { fail: UNAVAILABLE, times: 1 } }))
    judges.push(() =>
      exactly(`${method}: UNAVAILABLE before any message: code, attempts`, [code, reached(story, id)], [OK, 2]),
    )
  }
  const does: Do = { fail: UNAVAILABLE, greet: 1 }
  for (const [method, send] of [
    ['GetUserOrders', 1],
    ['SyncOrders', 0],
  ] as const) {
    const id = `behind-${method}`
    const { code, received } = await story.call(spec(id, method, { send, does }))
    judges.push(() =>
      exactly(
        `${method}: UNAVAILABLE behind a message: code, messages, attempts`,
        [code, received, reached(story, id)],
        [UNAVAILABLE, 1, 1],
      ),
    )
  }
  return judges
}

/** What we refuse ourselves, and with which status. */
export async function refusals(story: Story): Promise<Judge[]> {
  const nobody = await story.call(spec('nobody', 'GetOrder', { to: 'nobody' }))
  const unheard = await story.call(spec('unheard', 'Unheard'))
  story.begin(spec('holds', 'GetOrder', { to: 'crowded', does: { hold: 1000 } }))
  await story.arrival('holds')
  const crowded = await story.call(spec('crowded', 'GetOrder', { to: 'crowded' }))
  return [
    () => exactly('unknown service', said(nobody, story), [UNIMPLEMENTED, 'route_not_found', '', 0]),
    () => exactly("unknown method: the server's own answer", said(unheard, story), [UNIMPLEMENTED, '', '', 0]),
    () => exactly('full bulkhead', said(crowded, story), [UNAVAILABLE, 'bulkhead_full', '-1', 0]),
    ...(await breaker(story)),
  ]
}

async function breaker(story: Story): Promise<Judge[]> {
  const ask = (id: string, fail: number): Spec => spec(id, 'GetOrder', { to: 'guarded', does: { fail } })
  const several = async (name: string, fail: number): Promise<Result[]> => {
    const results: Result[] = []
    for (let n = 0; n < 40; n++) results.push(await story.call(ask(`${name}-${n}`, fail)))
    return results
  }
  const arrived = (results: readonly Result[]): number => results.reduce((sum, { id }) => sum + reached(story, id), 0)
  const missing = await several('missing', NOT_FOUND)
  const down = await several('down', UNAVAILABLE)
  const refused = await story.call(ask('refused', OK))
  return [
    () => exactly('40 × NOT_FOUND: all reach the server', arrived(missing), 40),
    // Its window has 20 places: half of them failures, and it opens.
    () => exactly('40 × UNAVAILABLE: 10 reach the server', arrived(down), 10),
    () => exactly('open breaker', said(refused, story), [UNAVAILABLE, 'circuit_open', '-1', 0]),
  ]
}

/** Code, our reason if we had one, pushback, and how many attempts reached the server. */
function said({ id, code, head, trailers }: Result, story: Story): unknown[] {
  const field = (name: string): string => trailers[name]?.[0] ?? head[name]?.[0] ?? ''
  return [code, field('x-outrigger-reason'), field('grpc-retry-pushback-ms'), reached(story, id)]
}

const DEADLINE = 400
/** `request` of the policy for `bounded`. */
const BOUNDED = 300
/** Timers and two more hops. */
const LATE = 50
/** The next hop is told less than what is left, and a client's clock starts before its first byte. */
const EARLY = 20
/** Long enough for the call to have reached the server. */
const CANCEL_AFTER = 100
const CANCEL_LIMIT = 50

const HELD: readonly (readonly [Method, Partial<Spec>, Do])[] = [
  ['GetOrder', {}, {}],
  ['GetUserOrders', {}, { greet: 1 }],
  ['BatchCreateOrders', { endAfter: -1 }, {}],
  ['SyncOrders', { send: 3, endAfter: -1 }, {}],
]

/** `slack`: ms that are allowed on top where the machine is not ours alone. */
export async function deadlines(story: Story, slack: number): Promise<Judge[]> {
  const judges: Judge[] = []
  for (const [method, rest, does] of HELD) {
    const id = `deadline-${method}`
    const result = await story.call(
      spec(id, method, { ...rest, deadline: DEADLINE, does: { ...does, hold: FOR_EVER } }),
    )
    judges.push(() => atBothEnds(`${method}: deadline of ${DEADLINE} ms`, result, story, DEADLINE, slack))
  }
  const bounded = spec('bounded', 'GetOrder', { to: 'bounded', does: { hold: FOR_EVER } })
  const result = await story.call(bounded)
  judges.push(() => atBothEnds(`GetOrder: timeout.request of ${BOUNDED} ms`, result, story, BOUNDED, slack))
  return judges
}

function atBothEnds(what: string, result: Result, story: Story, deadline: number, slack: number): Bound[] {
  const { id, code, ms } = result
  const high = deadline + LATE + slack
  return [
    exactly(`${what}: code, attempts`, [code, reached(story, id)], [DEADLINE_EXCEEDED, 1]),
    between(`${what}: the client's status, ms`, ms, deadline - EARLY, high),
    between(
      `${what}: the server's call cancelled, ms`,
      cancelled(story, id) - arrived(story, id),
      Math.max(0, deadline - EARLY - slack),
      high,
    ),
  ]
}

function arrived(story: Story, id: string): number {
  return story.seen(id, 'call')[0]?.at ?? Number.NaN
}

function cancelled(story: Story, id: string): number {
  return story.seen(id, 'cancelled')[0]?.at ?? Number.NaN
}

/** The slowest of so many of each shape. */
export async function cancels(story: Story, times: number, slack: number): Promise<Judge[]> {
  const judges: Judge[] = []
  for (const [method, rest, does] of HELD) {
    const results: Result[] = []
    for (let n = 0; n < times; n++) {
      const id = `cancel-${method}-${n}`
      results.push(
        await story.call(spec(id, method, { ...rest, cancel: CANCEL_AFTER, does: { ...does, hold: FOR_EVER } })),
      )
    }
    judges.push(() =>
      exactly(`${method}: cancelled by the client`, [...new Set(results.map(({ code }) => code))], [CANCELLED]),
    )
    judges.push(() => {
      const took = results.map(({ id, cancelledAt }) => cancelled(story, id) - cancelledAt)
      return atMostMs(`${method}: a cancel is at the server`, Math.max(...took), CANCEL_LIMIT + slack)
    })
  }
  return judges
}
