/** Random histories: never more probes than permitted, nothing leaks, and no way to be open for ever. */
import t from 'tap'
import { ProxyError } from '../../../src/core/errors.ts'
import type { RequestBody } from '../../../src/core/exchange.ts'
import type { Breaker } from '../../../src/policies/breaker/breaker.ts'
import { breaker } from '../../../src/policies/breaker/policy.ts'
import { Seeded } from '../../support/seeded.ts'
import { type Call, Client, requestHead, settled, testScope, Upstream } from '../../support/stubs.ts'

const RESET = new ProxyError('upstream_reset', 'upstream', 'unanswered', 'reset')
const SUPERSEDED = new ProxyError('superseded', 'proxy', 'no', 'superseded')

/** What a probe may have come to without being judged: it is out. */
function isOut(call: Call): boolean {
  return !call.over && !call.log.includes('judged')
}

async function history(seed: number): Promise<string | undefined> {
  const random = new Seeded(seed)
  const scope = testScope({ random })
  scope.clock.advance(1)
  const upstream = new Upstream()
  const probes = random.between(1, 4)
  const config = {
    scope: 'service',
    window: { type: random.pick(['count', 'time'] as const), size: 4000, minimumCalls: random.between(1, 6) },
    failureRate: 0.5,
    slowCall: { threshold: 50, rate: 0.8 },
    open: { base: 100, max: 400, jitter: 0.2 },
    halfOpen: { probes, maxWait: 300 },
    failures: ['5xx', 'upstream_reset'],
  } as const
  const dispatch = breaker.create(config, scope).attempt!(upstream.dispatch)
  const it = scope.states.values().next().value as Breaker
  const asked: { client: Client; body: RequestBody }[] = []
  let generation: Call[] = []
  let seen = 0
  for (let i = 0; i < 150; i++) {
    const dice = random.int(10)
    if (dice < 4) {
      const client = new Client()
      asked.push({ client, body: dispatch(requestHead({ startedAt: scope.clock.now() }), client) })
    } else if (dice < 8 && upstream.running.length > 0) {
      const call = random.pick(upstream.running)
      const what = random.int(5)
      if (what === 0) {
        call.head(random.pick([200, 500]))
        call.log.push('judged')
      } else if (what === 1) call.finish()
      else if (what === 2) call.break(RESET)
      else if (what === 3) call.break(SUPERSEDED)
      else random.pick(asked).body.abort(SUPERSEDED)
    } else {
      scope.clock.advance(random.pick([1, 20, 120, 400]))
    }
    if (scope.events.changes.length > seen) {
      generation = []
      seen = scope.events.changes.length
    }
    if (it.snapshot().state === 'half_open') {
      const last = upstream.calls.at(-1)
      if (last !== undefined && dice < 4 && !last.over && !generation.includes(last)) generation.push(last)
      const out = generation.filter(isOut).length
      if (out > probes) return `seed ${seed}, step ${i}: ${out} of ${probes} probes are out`
    }
  }
  for (const call of upstream.running) call.finish()
  await settled()
  if (asked.some(({ client }) => !client.over)) return `seed ${seed}: one never ended`
  for (let i = 0; i < 2 * probes + 2 && it.snapshot().state !== 'closed'; i++) {
    scope.clock.advance(500)
    dispatch(requestHead({ startedAt: scope.clock.now() }), new Client())
    for (const call of upstream.running) {
      call.head(200)
      call.finish()
    }
  }
  if (it.snapshot().state !== 'closed') return `seed ${seed}: not closed, though all is well again`
  const expected = ['closed']
  for (const { from, to } of scope.events.changes) {
    if (from !== expected.at(-1)) return `seed ${seed}: from ${from} after ${expected.at(-1)}`
    expected.push(to)
  }
  return undefined
}

t.test('every history keeps its permits and finds back to closed', async (t) => {
  for (let seed = 1; seed <= 500; seed++) {
    const problem = await history(seed)
    if (problem !== undefined) {
      t.fail(problem)
      return
    }
  }
  t.pass('500 histories of 150 steps')
})
