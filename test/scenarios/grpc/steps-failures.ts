/** What fails: retried or not, held against the service or not, refused by us. */
import grpc from '@grpc/grpc-js'
import { exactly } from '../bounds.ts'
import { type Do, type Result, type Spec, spec } from './spec.ts'
import type { Judge, Story } from './story.ts'

const { OK, NOT_FOUND, UNIMPLEMENTED, UNAVAILABLE } = grpc.status
/** Every code that is a failure. */
const CODES = Array.from({ length: 16 }, (_, index) => index + 1)

/** Each code once, as a single head and as trailers behind a head: UNAVAILABLE alone is asked again. */
export async function retries(story: Story): Promise<Judge[]> {
  const judges: Judge[] = []
  for (const head of [false, true]) {
    const how = head ? 'in trailers behind a head' : 'in a head alone'
    const specs = CODES.map((fail) => spec(`retry-${head}-${fail}`, 'GetOrder', { does: { fail, times: 1, head } }))
    const results = await story.calls(...specs)
    judges.push(() => {
      const seen = CODES.map((fail, index) => [fail, results[index]?.code, story.reached(specs[index]?.id ?? '')])
      const other = seen.filter(([fail, code, attempts]) => fail !== code || attempts !== 1)
      return exactly(`each code once ${how}: not as it came and asked once`, other, [[UNAVAILABLE, OK, 2]])
    })
    const id = `retry-${head}-always`
    const { code } = await story.call(spec(id, 'CreateOrder', { does: { fail: UNAVAILABLE, head } }))
    judges.push(() =>
      exactly(`UNAVAILABLE for ever ${how}: code, attempts`, [code, story.reached(id)], [UNAVAILABLE, 3]),
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
      exactly(`${method}: UNAVAILABLE before any message: code, attempts`, [code, story.reached(id)], [OK, 2]),
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
        [code, received, story.reached(id)],
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
  const arrived = (results: readonly Result[]): number => results.reduce((sum, { id }) => sum + story.reached(id), 0)
  const missing = await several('missing', NOT_FOUND)
  const down = await several('down', UNAVAILABLE)
  const refused = await story.call(ask('refused', NOT_FOUND))
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
  return [code, field('x-outrigger-reason'), field('grpc-retry-pushback-ms'), story.reached(id)]
}
