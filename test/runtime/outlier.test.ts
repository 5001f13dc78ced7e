/** Outlier through the public door: three endpoints on real sockets, one of them bad. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ask, eventually, field, get, metric, post, state } from '../support/ask.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { startProxy } from '../support/proxy.ts'
import { answering, type RawOrigin, type Script, startRawOrigin } from '../support/raw-origin.ts'
import { OK } from '../support/scene.ts'
import { fixedRandom } from '../support/stubs.ts'

const BAD = 'HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n'
const SECOND = 1000

type Test = { teardown(fn: () => unknown): unknown }

/** Origins of which the first is as bad as `health` says; `policy`: blocks of the one policy there is. */
async function farm(t: Test, policy: string, bad: Script | 'refuses' = answering(() => BAD), count = 3, dice = 0.5) {
  const health = { sick: true }
  const good = answering(() => OK)
  const first: Script = (peer, index) => (health.sick && bad !== 'refuses' ? bad(peer, index) : good(peer, index))
  const origins: RawOrigin[] = []
  for (let i = 0; i < count; i++) {
    const origin = await startRawOrigin(i === 0 ? first : good)
    t.teardown(() => origin.close())
    origins.push(origin)
  }
  const addresses = origins.map(({ port }) => `- 127.0.0.1:${port}\n`)
  if (bad === 'refuses') await origins[0]!.close()
  const clock = new FakeClock()
  clock.advance(1)
  const text = [
    'kind: Sidecar\nname: test\naccessLog: {format: none}\n',
    `kind: Service\nname: farm\nloadBalancing: {algorithm: roundRobin}\nendpoints:\n${addresses.join('')}`,
    `kind: Policy\nname: p\nmatch: {direction: outbound, service: farm}\n${policy}\n`,
  ].join('---\n')
  const proxy = await startProxy(text, { clock, random: fixedRandom(dice) })
  t.teardown(() => proxy.stop())
  const send = async () => (await ask(proxy.outbound, get('/', 'Host: farm'))).status
  const counts = () => origins.map(({ requests }) => requests.length)
  /** One request a second; the statuses in order. */
  const seconds = async (count: number) => {
    const statuses: number[] = []
    for (let i = 0; i < count; i++) {
      statuses.push(await send())
      clock.advance(SECOND)
    }
    return statuses
  }
  const shown = async () => (await state(proxy)).endpoints.map((endpoint) => endpoint.state)
  const said = (text: string) => proxy.log.filter((line) => line.includes(text))
  return { proxy, clock, health, send, seconds, counts, shown, said, text }
}

const OUTLIER = 'outlier: {consecutive: 5, ejectFor: 30s, maxEjected: 50%, jitter: 20%}'
const reset: Script = async (peer) => {
  await peer.request()
  peer.reset()
}

for (const [name, bad, rest, probes] of [
  ['answers 500', answering(() => BAD), 320, 4],
  ['resets', reset, 100, 2],
  ['refuses', 'refuses', 100, 2],
] as const) {
  t.test(`One request a second, one of three ${name}: no error after its ejection, its probes included`, async (t) => {
    const { seconds, said, shown } = await farm(t, OUTLIER, bad)
    const statuses = await seconds(15)
    t.equal(statuses.filter((status) => status !== 200).length, 5, 'until it is ejected')
    t.same(await shown(), ['ejected', 'ready', 'ready'])
    const after = await seconds(rest)
    t.equal(after.filter((status) => status !== 200).length, 0)
    t.equal(said('"reason":"probe_failed"').length, probes, 'after 30, 60 … s')
  })
}

t.test('With a retry no client sees an error at all', async (t) => {
  // The dice make every pause before a retry 0, and every ejection a fifth shorter.
  const policy = `${OUTLIER}\nretry: {max: 1, when: [5xx]}`
  const { seconds, said, health, shown, counts } = await farm(
    t,
    policy,
    answering(() => BAD),
    3,
    0,
  )
  const statuses = await seconds(200)
  t.equal(statuses.filter((status) => status !== 200).length, 0)
  t.equal(said('endpoint ejected').length, 4, 'at once, and after 24, 48 and 72 s')
  health.sick = false
  const before = counts()[0]!
  await seconds(100)
  t.same(await shown(), ['ready', 'ready', 'ready'])
  t.ok(counts()[0]! > before + 1)
  t.match(said('endpoint returned'), [/"reason":"probe_ok"/])
})

t.test('What is seen of it: log, metrics, state', async (t) => {
  const { proxy, seconds, said, shown, health, clock, send } = await farm(t, OUTLIER)
  await seconds(15)
  const [ejected] = said('endpoint ejected')
  t.match(
    ejected,
    /^warn .*"service":"farm","endpoint":"127.0.0.1:\d+","reason":"consecutive","why":"5 failures in a row","seconds":30/,
  )
  t.equal(await metric(proxy, 'outrigger_ejections_total', 'destination="farm"', 'reason="consecutive"'), 1)
  t.equal(await metric(proxy, 'outrigger_endpoints', 'state="ejected"'), 1)
  t.equal(await metric(proxy, 'outrigger_endpoints', 'state="ready"'), 2)
  clock.advance(30 * SECOND)
  t.same(await shown(), ['probing', 'ready', 'ready'])
  t.equal(await metric(proxy, 'outrigger_endpoints', 'state="probing"'), 1)
  t.match(await state(proxy), { outliers: [{ state: 'probing', times: 1, mode: 'enforce' }, {}, {}] })
  health.sick = false
  t.equal(await send(), 200)
  t.equal(await metric(proxy, 'outrigger_policy_decisions_total', 'policy="outlier"', 'decision="probe"'), 1)
  t.same(await shown(), ['ready', 'ready', 'ready'])
})

t.test('All bad: one goes, the others give their own error, and the log says why no more go', async (t) => {
  const { proxy, seconds, said, shown } = await farm(
    t,
    OUTLIER.replace('5,', '2,'),
    answering(() => BAD),
    1,
  )
  await seconds(4)
  t.same(await shown(), ['ready'], 'the only one never goes')
  t.match(said('too many are'), [/at most 0 of 1 endpoints may be ejected, 0 are/])
  t.equal(await metric(proxy, 'outrigger_ejections_kept_total', 'reason="consecutive"'), 1)
})

t.test('A POST never asks, and none is sent twice', async (t) => {
  const { proxy, seconds, counts, clock } = await farm(t, OUTLIER)
  await seconds(15)
  clock.advance(30 * SECOND)
  for (let i = 0; i < 9; i++) {
    const answered = await ask(proxy.outbound, post('/', 'pay', 'Host: farm'))
    t.equal(answered.status, 200)
    t.equal(field(answered, 'x-outrigger-attempts'), undefined)
  }
  t.equal(counts()[0], 5)
})

t.test('A probe that hangs is given up at half of the time', async (t) => {
  const { send, counts, clock, said } = await farm(t, `${OUTLIER}\ntimeout: {request: 2s}`, async (peer) => {
    await peer.request()
  })
  const hang = async (ms: number) => {
    const before = counts()[0]!
    const asked = send()
    await eventually('the request at the origin', () => counts()[0]! > before)
    clock.advance(ms)
    return asked
  }
  for (let i = 0; i < 5; i++) {
    t.equal(await hang(2010), 504)
    t.same([await send(), await send()], [200, 200])
  }
  t.equal(said('endpoint ejected').length, 1)
  clock.advance(30 * SECOND)
  t.equal(await hang(1010), 200)
  t.match(said('probe_failed'), [/"seconds":60/])
})

t.test('A reload that changes nothing about the block keeps who is ejected; a changed block begins anew', async (t) => {
  const { proxy, seconds, shown, text, send } = await farm(t, OUTLIER)
  await seconds(15)
  writeFileSync(join(proxy.folder, 'policy.yaml'), `${text}timeout: {request: 3s}\n`)
  t.equal(proxy.reload(), true)
  await send()
  t.same(await shown(), ['ejected', 'ready', 'ready'])
  writeFileSync(join(proxy.folder, 'policy.yaml'), text.replace('30s', '40s'))
  t.equal(proxy.reload(), true)
  await send()
  t.same(await shown(), ['ready', 'ready', 'ready'])
})

t.test('In shadow mode nobody is ejected, and it is seen who would be', async (t) => {
  const { proxy, seconds, shown, said, counts } = await farm(t, OUTLIER.replace('{', '{mode: shadow, '))
  const statuses = await seconds(30)
  t.equal(statuses.filter((status) => status === 500).length, 10)
  t.same(counts(), [10, 10, 10])
  t.same(await shown(), ['ready', 'ready', 'ready'])
  t.equal(said('endpoint would be ejected').length, 1)
  t.equal(await metric(proxy, 'outrigger_ejections_total'), 0)
  t.equal(await metric(proxy, 'outrigger_policy_decisions_total', 'decision="eject"', 'mode="shadow"'), 1)
})

t.test('An address that is listed twice is one endpoint, and the last one stays', async (t) => {
  const origin = await startRawOrigin(answering(() => BAD))
  t.teardown(() => origin.close())
  const address = `127.0.0.1:${origin.port}`
  const text = [
    'kind: Sidecar\nname: test\naccessLog: {format: none}\n',
    `kind: Service\nname: farm\nendpoints: ["${address}", "${address}"]\n`,
    'kind: Policy\nname: p\nmatch: {direction: outbound, service: farm}\noutlier: {consecutive: 2}\n',
  ].join('---\n')
  const proxy = await startProxy(text, { clock: new FakeClock(), random: fixedRandom(0.5) })
  t.teardown(() => proxy.stop())
  for (let i = 0; i < 5; i++) t.equal((await ask(proxy.outbound, get('/', 'Host: farm'))).status, 500)
  t.equal(origin.requests.length, 5)
})
