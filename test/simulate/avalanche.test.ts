import t from 'tap'
import { simulate } from '../../cmd/commands/simulate.ts'
import { called } from '../support/called.ts'
import type { Comparison } from '../../src/simulate/report/compare.ts'
import type { Result } from '../../src/simulate/report/result.ts'

async function told(...args: string[]): Promise<string> {
  const { code, out, err } = await called(simulate, [...args, '--model', 'docs/models/avalanche.yaml'])
  if (code !== 0) throw new Error(`${code}: ${err}`)
  return out
}

async function story(policy: string, ...args: string[]): Promise<Result> {
  return JSON.parse(await told('--config', `policies/${policy}.yaml`, '--format', 'json', ...args)) as Result
}

function outageOf(result: Result) {
  const phase = result.phases[1]
  const [get, post] = phase?.streams ?? []
  const inventory = phase?.destinations.find(({ service }) => service === 'inventory')
  if (phase?.name !== 'outage' || get === undefined || post === undefined || inventory === undefined) {
    throw new Error('the avalanche has an outage, GET, POST and inventory')
  }
  return { get, post, inventory, peak: phase.application.peakBusy }
}

/** The bounds are those of docs/scenarios.md, where real processes must keep them. */
t.test('The avalanche under timeout, bulkhead and breaker', async (t) => {
  const result = await story('avalanche')
  const { get, post, inventory, peak } = outageOf(result)
  t.equal(get.okPercent, 100)
  t.equal(post.ok, 0)
  t.ok(peak >= 20 && peak <= 30, `${peak} slots`)
  t.ok(inventory.calls >= 30 && inventory.calls <= 45, `${inventory.calls} calls`)
  t.match(inventory.refused, { request_timeout: inventory.calls })
  t.ok((inventory.refused['circuit_open'] ?? 0) > 2900)
  t.ok((get.p99 ?? 0) < 5)
  const steps = result.breakers.map(({ from, to }) => `${from} ${to}`)
  const [opened, closed] = [result.breakers[0]?.at ?? 0, result.breakers.at(-1)?.at ?? 0]
  t.ok(opened > 13_000 && opened < 14_500, `open ${opened - 12_000} ms after the onset`)
  t.ok(closed > 72_000 && closed < 79_000, `closed ${closed - 72_000} ms after recovery`)
  t.equal(steps[0], 'closed open')
  t.equal(steps.at(-1), 'half_open closed')
  const rounds = steps.slice(1, -2)
  t.same(new Set(rounds.filter((_, i) => i % 2 === 0)), new Set(['open half_open']))
  t.same(new Set(rounds.filter((_, i) => i % 2 === 1)), new Set(['half_open open']))
  t.ok(rounds.length / 2 >= 9 && rounds.length / 2 <= 12, `${rounds.length / 2} probes failed`)
})

t.test(
  'With a timeout alone everything reaches inventory; with the fallback nearly every POST is accepted',
  async (t) => {
    const timeout = outageOf(await story('timeout-only'))
    t.match(timeout, { get: { okPercent: 100 }, post: { ok: 0 }, inventory: { calls: 3000 } })
    t.ok(timeout.peak >= 50 && timeout.peak <= 53, `${timeout.peak} slots`)
    const fallback = outageOf(await story('avalanche-fallback'))
    t.ok((fallback.post.okPercent ?? 0) >= 98.5, `${fallback.post.okPercent} %`)
    t.ok(fallback.inventory.calls <= 45)
  },
)

t.test('The same seed gives the same bytes, another seed other dice', async (t) => {
  const args = ['--config', 'policies/avalanche.yaml', '--seed', '7']
  const once = await told(...args)
  t.equal(await told(...args), once)
  t.not((await told(...args.slice(0, -1), '8')).replaceAll('seed 8', 'seed 7'), once)
  t.equal(await told(...args, '--format', 'json'), await told(...args, '--format', 'json'))
})

t.test('--compare: both see the same requests, and the difference is the second less the first', async (t) => {
  const args = ['--config', 'policies/timeout-only.yaml', '--compare', 'policies/avalanche.yaml']
  const { first, second, differences } = JSON.parse(await told(...args, '--format', 'json')) as Comparison
  t.same(first.policies, ['policies/timeout-only.yaml'])
  t.same(second.policies, ['policies/avalanche.yaml'])
  t.equal(first.requests, second.requests)
  t.same(second, await story('avalanche'), 'each is as it is alone')
  const calls = differences.find((d) => d.phase === 'outage' && d.of === 'inventory outbound' && d.measure === 'calls')
  t.match(calls, { first: 3000, unit: '' })
  t.equal(calls?.difference, (calls?.second ?? 0) - 3000)
  const text = await told(...args)
  t.match(text, /^A {2}policies\/timeout-only\.yaml\nB {2}policies\/avalanche\.yaml$/m)
  t.match(text, /^# outage, 12 s to 72 s$/m)
  t.match(text, /^inventory outbound: calls +3000 +\d\d +−29\d\d$/m)
  t.match(text, /^# breakers, B$/m)
})

t.test('As text: phases, breakers with their reasons, and a time line', async (t) => {
  const text = await told('--config', 'policies/avalanche.yaml')
  t.match(text, /^avalanche under policies\/avalanche\.yaml: 8700 requests in 87 s, seed 1$/m)
  t.match(text, /^POST +3000 +0 % .* 503 29\d\d, 504 3\d$/m)
  t.match(text, /^bulkhead inventory: at most 20 of 20$/m)
  t.match(text, /^ +13\.\d+ s {2}closed → open: .*10 of 20 calls failed/m)
  t.match(text, /^14 s +200 +50\.0 % .*inventory open$/m)
})
