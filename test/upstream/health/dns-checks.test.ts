/** Endpoints that DNS brings and takes away while they are checked. */
import t from 'tap'
import { createBalancer } from '../../../src/upstream/balance/create.ts'
import { DnsService, type Lookup } from '../../../src/upstream/discovery/dns-service.ts'
import { HealthChecks } from '../../../src/upstream/health/health-checks.ts'
import type { ProbeAnswer } from '../../../src/upstream/health/probe.ts'
import { ProbeGate } from '../../../src/upstream/health/probe-gate.ts'
import type { Random } from '../../../src/core/random.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { Seeded } from '../../support/seeded.ts'
import { fixedRandom, settled } from '../../support/stubs.ts'

interface Asked {
  readonly host: string
  readonly signal: AbortSignal
  answer(passed: boolean): void
}

function world(found: readonly string[], most = 32, random: Random = fixedRandom()) {
  const clock = new FakeClock()
  const said: string[] = []
  const asked: Asked[] = []
  const checks = new HealthChecks({
    settings: { interval: 5000, healthy: 1, unhealthy: 2 },
    probe: (host, _port, signal) =>
      new Promise<ProbeAnswer>((resolve) => {
        asked.push({ host, signal, answer: (passed) => resolve({ passed, why: 'so it said' }) })
      }),
    gate: new ProbeGate(most),
    clock,
    random,
    report: { changed: (address, healthy) => void said.push(`${address} ${healthy ? 'well' : 'ill'}`) },
  })
  const it = { found }
  const lookup: Lookup = (_name, done) => done(null, it.found)
  const service = new DnsService(
    'shop',
    { name: 'shop.test', port: 80, refresh: 60_000 },
    createBalancer({ algorithm: 'ewma', hashOn: '' }, random),
    {
      maxPerEndpoint: 4,
      idle: 4000,
      maxAge: 600_000,
      http2Streams: 100,
      limits: { maxHeaderBytes: 65_536, maxHeaders: 200 },
      believesPeer: false,
      protocol: 'auto',
      hostHeader: 'keep',
      tls: undefined,
    },
    { clock, random, violation() {}, defect: (where, error) => t.fail(`${where}: ${error}`) },
    { singleAddress() {}, failed() {}, found() {} },
    lookup,
    checks,
  )
  t.teardown(() => service.close())
  return {
    it,
    clock,
    said,
    asked,
    service,
    ready: () => service.ready.map(({ host }) => host).join(),
    /** A round of checks, each answered. */
    async round(passes: (host: string) => boolean) {
      clock.advance(5010)
      for (const one of asked.splice(0)) one.answer(passes(one.host))
      await settled()
    },
  }
}

t.test(
  'An endpoint that comes is checked, one that goes is not, one that stays keeps what is known of it',
  async (t) => {
    const { it, clock, said, asked, service, ready, round } = world(['a', 'b', 'c'])
    t.equal(service.ready, service.endpoints, 'one list while nothing is held against anybody')
    const ill = (host: string) => host !== 'b'
    await round(ill)
    await round(ill)
    t.equal(ready(), 'a,c')
    t.strictSame(said, ['b:80 ill'])
    it.found = ['b', 'c', 'd']
    clock.advance(50_000)
    t.equal(ready(), 'c,d')
    asked.length = 0
    clock.advance(3000)
    // Whose checks of before were never answered are still asking; the newcomer is asked for the first time.
    t.strictSame(asked.map(({ host }) => host).toSorted(), ['d'])
    for (const one of asked.splice(0)) one.answer(true)
  },
)

t.test('A check that is under way when its endpoint goes is given up, and its answer heard by nobody', async (t) => {
  const { it, clock, said, asked, ready } = world(['a', 'b'])
  clock.advance(5010)
  const [first] = asked.filter(({ host }) => host === 'a')
  t.equal(first?.signal.aborted, false)
  it.found = ['b']
  clock.advance(56_000)
  t.equal(first?.signal.aborted, true)
  first?.answer(false)
  await settled()
  t.equal(ready(), 'b')
  t.strictSame(said, [])
})

t.test('An endpoint that comes beside two warm ones starts slowly; those of the start do not', async (t) => {
  const { it, clock, service } = world(['a', 'b'])
  t.ok(service.endpoints.every(({ warmingSince }) => warmingSince === Number.NEGATIVE_INFINITY))
  it.found = ['a', 'b', 'c']
  clock.advance(60_010)
  const since = service.endpoints.map(({ warmingSince }) => warmingSince)
  t.strictSame(since.slice(0, 2), [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY])
  t.ok(since[2]! >= 60_000 && since[2]! <= clock.now(), String(since[2]))
  t.ok(service.endpoints.every(({ meter }) => meter !== undefined))
})

t.test('One that comes back beside two warm ones starts slowly; where all were ill, nobody does', async (t) => {
  const { service, round } = world(['a', 'b', 'c'])
  const onlyB = (host: string) => host !== 'b'
  await round(onlyB)
  await round(onlyB)
  await round(() => true)
  const since = () => service.endpoints.map(({ warmingSince }) => warmingSince > 0)
  t.strictSame(since(), [false, true, false])
  const other = world(['a', 'b'])
  await other.round(() => false)
  await other.round(() => false)
  t.equal(other.ready(), '')
  await other.round(() => true)
  t.equal(other.ready(), 'a,b')
  t.ok(other.service.endpoints.every(({ warmingSince }) => warmingSince === Number.NEGATIVE_INFINITY))
})

t.test('No more probes than the gate lets through; who waits is asked when one is over', async (t) => {
  const { clock, asked } = world(['a', 'b', 'c', 'd', 'e'], 2)
  clock.advance(5010)
  t.equal(asked.length, 2)
  asked[0]?.answer(true)
  await settled()
  t.equal(asked.length, 3)
})

t.test('A service without its name has nobody to check, and closes without a timer', async (t) => {
  const { it, clock, service, asked } = world(['a', 'b'])
  it.found = []
  clock.advance(60_010)
  asked.length = 0
  clock.advance(20_000)
  t.equal(asked.length, 0)
  service.close()
  t.equal(clock.pending, 0)
})

t.test('Checks come every interval, give or take a tenth, the first anywhere in it', async (t) => {
  const { clock, asked } = world(['a', 'b', 'c', 'd'], 32, new Seeded(3))
  const at: Record<string, number[]> = { a: [], b: [], c: [], d: [] }
  while (clock.now() < 40_000) {
    clock.advance(10)
    for (const one of asked.splice(0)) {
      at[one.host]?.push(clock.now())
      one.answer(true)
    }
    await settled()
  }
  const firsts = Object.values(at).map(([first]) => first!)
  t.ok(
    firsts.every((first) => first <= 5020),
    firsts.join(),
  )
  t.ok(Math.max(...firsts) - Math.min(...firsts) > 1000, `not all at once: ${firsts}`)
  const gaps = Object.values(at).flatMap((times) => times.slice(1).map((time, i) => time - times[i]!))
  t.ok(
    gaps.every((gap) => gap >= 4480 && gap <= 5540),
    gaps.join(),
  )
  t.ok(Math.max(...gaps) - Math.min(...gaps) > 500, `they vary: ${gaps}`)
})

t.test('A check that takes longer than the interval is followed at once, and never by two', async (t) => {
  const { clock, asked } = world(['a', 'b'])
  clock.advance(5010)
  t.equal(asked.length, 2)
  clock.advance(20_000)
  t.equal(asked.length, 2, 'none beside one that is under way')
  asked[0]?.answer(true)
  await settled()
  clock.advance(20)
  t.equal(asked.length, 3)
})
