/** Calls that end by the clock or by their client: how soon both ends know. */
import grpc from '@grpc/grpc-js'
import { atMostMs, type Bound, between, exactly, strict } from '../bounds.ts'
import { type Do, type Method, type Result, type Spec, spec } from './spec.ts'
import type { Judge, Story } from './story.ts'

const { CANCELLED, DEADLINE_EXCEEDED } = grpc.status
/** Longer than any step waits, ms. */
const FOR_EVER = 20_000
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
/** No machine is so busy. */
const HANGS = 5000

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
    strict(exactly(`${what}: code, attempts`, [code, story.reached(id)], [DEADLINE_EXCEEDED, 1])),
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
    const took = (): number[] => results.map(({ id, cancelledAt }) => cancelled(story, id) - cancelledAt)
    judges.push(() => {
      const seen = [[...new Set(results.map(({ code }) => code))], took().filter((ms) => ms < HANGS).length]
      return strict(
        exactly(`${method}: codes of what the client cancelled, cancels at the server`, seen, [[CANCELLED], times]),
      )
    })
    judges.push(() => atMostMs(`${method}: a cancel is at the server`, Math.max(...took()), CANCEL_LIMIT + slack))
  }
  return judges
}
