/** The state machine as resilience4j defines it, and where ours says more. */
import t from 'tap'
import { Circuit, type CircuitConfig, REFUSED } from '../../../src/policies/breaker/circuit.ts'
import { TimeWindow, type Window } from '../../../src/core/time-window.ts'
import { CountWindow } from '../../../src/policies/breaker/window.ts'
import { fixedRandom } from '../../support/stubs.ts'

const CONFIG: CircuitConfig = {
  failureRate: 0.5,
  slowRate: 0.8,
  minimumCalls: 4,
  open: { base: 5000, max: 30_000, jitter: 0 },
  probes: 2,
  maxWait: 10_000,
}

function circuit(config: Partial<CircuitConfig> = {}, window: Window = new CountWindow(10)): Circuit {
  return new Circuit({ ...CONFIG, ...config }, window, fixedRandom())
}

/** One call from admission to end. */
function call(circuit: Circuit, now: number, failed: boolean, slow = false): boolean {
  const generation = circuit.admit(now)
  if (generation === REFUSED) return false
  circuit.record(generation, failed, slow, false, now)
  return true
}

function opened(config: Partial<CircuitConfig> = {}): Circuit {
  const made = circuit(config)
  for (let i = 0; i < 4; i++) call(made, 0, true)
  made.change = undefined
  return made
}

t.test('closed: nothing trips below minimumCalls', async (t) => {
  const it = circuit()
  for (let i = 0; i < 3; i++) call(it, 0, true)
  t.equal(it.state, 'closed')
  call(it, 0, true)
  t.equal(it.state, 'open')
  t.same(it.change, { from: 'closed', why: '4 of 4 calls failed (100 %, limit 50 %); open for 5 s' })
})

t.test('closed: trips when the failure rate is reached', async (t) => {
  const it = circuit()
  for (const failed of [false, false, true, false]) call(it, 0, failed)
  t.equal(it.state, 'closed')
  call(it, 0, true)
  t.equal(it.state, 'closed', '2 of 5')
  call(it, 0, true)
  t.equal(it.state, 'open', '3 of 6')
})

t.test('closed: trips when the rate of slow calls is reached, though all succeed', async (t) => {
  const it = circuit()
  for (let i = 0; i < 4; i++) call(it, 0, false, true)
  t.equal(it.state, 'open')
  t.match(it.change?.why, '4 of 4 calls were slow (100 %, limit 80 %)')
})

t.test('closed: a time window trips on the calls of its last seconds only', async (t) => {
  const it = circuit({}, new TimeWindow(2000))
  for (let i = 0; i < 3; i++) call(it, 1000, true)
  call(it, 3000, true)
  t.equal(it.state, 'closed')
  for (let i = 0; i < 3; i++) call(it, 3500, true)
  t.equal(it.state, 'open')
})

t.test('open: refuses until its time is over, then asks', async (t) => {
  const it = opened()
  t.notOk(it.admits(4999))
  t.equal(it.opensFor(1000), 4000)
  t.equal(it.admit(4999), REFUSED)
  t.ok(it.admits(5000))
  t.equal(it.state, 'open', 'asking changes nothing')
  t.not(it.admit(5000), REFUSED)
  t.equal(it.state, 'half_open')
})

t.test('half-open: exactly so many probes are let through', async (t) => {
  const it = opened()
  t.same(
    [0, 0, 0, 0].map(() => it.admit(5000) !== REFUSED),
    [true, true, false, false],
  )
  t.notOk(it.admits(5000))
})

t.test('half-open: closes when every probe has ended well, and begins anew', async (t) => {
  const it = opened()
  call(it, 5000, false)
  t.equal(it.state, 'half_open', 'one of two')
  call(it, 5000, false)
  t.equal(it.state, 'closed')
  t.match(it.change, { from: 'half_open', why: '2 of 2 probes succeeded' })
  t.equal(it.window.calls, 0)
})

t.test('half-open: a failing probe reopens though minimumCalls is larger', async (t) => {
  const it = opened({ minimumCalls: 4, probes: 1 })
  call(it, 5000, true)
  t.equal(it.state, 'open')
  t.match(it.change, { from: 'half_open', why: '1 of 1 probes failed (100 %, limit 50 %); open for 10 s' })
})

t.test('half-open: reopens as soon as the rest cannot turn it', async (t) => {
  const it = opened({ probes: 4 })
  call(it, 5000, true)
  t.equal(it.state, 'half_open')
  call(it, 5000, true)
  t.equal(it.state, 'open', '2 of 4 is the limit already')
})

t.test('half-open: slow probes reopen', async (t) => {
  const it = opened()
  call(it, 5000, false, true)
  call(it, 5000, false, true)
  t.equal(it.state, 'open')
})

t.test('half-open: a probe that says nothing gives its permit back', async (t) => {
  const it = opened()
  for (let i = 0; i < 20; i++) {
    const generation = it.admit(5000)
    t.not(generation, REFUSED)
    it.giveBack(generation, false)
  }
  t.same(
    [0, 0, 0].map(() => it.admit(5000) !== REFUSED),
    [true, true, false],
  )
})

t.test('half-open: probes without a head when the wait is over have failed', async (t) => {
  const it = opened()
  it.admit(5000)
  it.admit(5000)
  t.equal(it.admit(14_999), REFUSED)
  t.equal(it.state, 'half_open')
  t.equal(it.admit(15_000), REFUSED)
  t.equal(it.state, 'open')
  t.match(it.change?.why, '2 of 2 probes failed')
  t.equal(it.opensFor(15_000), 10_000, 'doubled')
})

t.test('half-open: probes whose body is still coming when the wait is over have done well', async (t) => {
  const it = opened()
  it.answered(it.admit(5000))
  it.answered(it.admit(5000))
  t.not(it.admit(15_000), REFUSED)
  t.equal(it.state, 'closed')
})

t.test('half-open: what has ended decides when the wait is over, though permits are left', async (t) => {
  const it = opened({ probes: 5 })
  call(it, 5000, false)
  t.ok(call(it, 15_000, false))
  t.equal(it.state, 'closed')
})

t.test('half-open: with nothing to judge the wait begins anew', async (t) => {
  const it = opened()
  it.giveBack(it.admit(5000), false)
  it.giveBack(it.admit(15_000), false)
  t.equal(it.state, 'half_open')
  it.admit(16_000)
  it.admit(16_000)
  t.equal(it.admit(24_999), REFUSED)
  t.equal(it.state, 'half_open')
})

t.test('the open time doubles with each half-open that fails, and is base again after it was closed', async (t) => {
  const it = opened({ probes: 1 })
  const times: number[] = []
  let now = 0
  for (let i = 0; i < 5; i++) {
    times.push(it.opensFor(now))
    now += it.opensFor(now)
    call(it, now, true)
  }
  t.same(times, [5000, 10_000, 20_000, 30_000, 30_000])
  now += it.opensFor(now)
  call(it, now, false)
  t.equal(it.state, 'closed')
  for (let i = 0; i < 4; i++) call(it, now, true)
  t.equal(it.opensFor(now), 5000)
})

t.test('an outcome counts only in the generation that admitted it', async (t) => {
  const it = circuit()
  const late = [0, 0, 0].map(() => it.admit(0))
  for (let i = 0; i < 4; i++) call(it, 0, true)
  t.equal(it.state, 'open')
  it.record(late[0]!, false, false, false, 100)
  t.equal(it.window.calls, 4, 'nothing is counted while open')
  const probe = it.admit(5000)
  it.record(late[1]!, true, false, false, 5000)
  it.giveBack(late[2]!, false)
  t.equal(it.state, 'half_open')
  t.not(it.admit(5000), REFUSED)
  t.equal(it.admit(5000), REFUSED, 'a stranger gave no permit back')
  it.record(probe, true, false, false, 5000)
  t.equal(it.state, 'open')
  it.record(probe, false, false, false, 5000)
  t.equal(it.state, 'open')
})

t.test('simultaneous failures change the state once', async (t) => {
  const it = circuit()
  const admitted = Array.from({ length: 50 }, () => it.admit(0))
  const changes: unknown[] = []
  for (const generation of admitted) {
    it.record(generation, true, false, false, 0)
    if (it.change !== undefined) changes.push(it.change)
    it.change = undefined
  }
  t.equal(changes.length, 1)
  t.equal(it.opensFor(0), 5000)
})

t.test('force: open refuses for good, closed lets pass whatever fails, auto begins anew', async (t) => {
  const it = circuit()
  it.force('open')
  t.same([it.state, it.admit(1e9), it.opensFor(0)], ['open', REFUSED, 0])
  t.same(it.change, { from: 'closed', why: 'forced open by the operator' })
  it.force('closed')
  for (let i = 0; i < 20; i++) t.ok(call(it, 0, true))
  t.same([it.state, it.window.failed], ['closed', 10], 'counted, to be looked at')
  it.force('auto')
  t.same([it.state, it.forced, it.window.calls], ['closed', 'auto', 0])
  for (let i = 0; i < 4; i++) call(it, 0, true)
  t.equal(it.state, 'open')
  it.force('auto')
  t.equal(it.state, 'open', 'auto on a breaker that is not forced changes nothing')
})

t.test('force: what was admitted before does not count after', async (t) => {
  const it = opened()
  const probe = it.admit(5000)
  it.force('closed')
  it.force('auto')
  it.record(probe, true, false, false, 5000)
  t.equal(it.window.calls, 0)
})

t.test('idle() holds once nothing is remembered', async (t) => {
  const it = circuit()
  t.ok(it.idle(0))
  call(it, 0, false)
  t.notOk(it.idle(600_000))
  t.ok(it.idle(600_001))
  const open = opened()
  t.notOk(open.idle(604_999))
  t.ok(open.idle(605_001), 'nobody asked for ten minutes after it would have asked itself')
  it.force('closed')
  t.notOk(it.idle(1e12))
})
