import t from 'tap'
import { SystemClock, type Timed } from '../../src/core/clock.ts'
import { Seeded } from '../support/seeded.ts'

function nodeTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}

function expiry(clock: SystemClock, delay: number): Promise<number> {
  return new Promise((resolve) => {
    clock.schedule(delay, { expired: () => resolve(clock.now()) })
  })
}

t.test('SystemClock.now is monotonic ms, wallTime is ms since 1970', async (t) => {
  const clock = new SystemClock()
  const first = clock.now()
  t.ok(clock.now() >= first)
  t.ok(Math.abs(clock.wallTime() - Date.now()) < 1000)
})

t.test('SystemClock arms no Node timer while the wheel is empty', async (t) => {
  const before = nodeTimers()
  const clock = new SystemClock()
  t.equal(nodeTimers(), before, 'a new clock')
  const one = expiry(clock, 5)
  const two = expiry(clock, 20)
  t.equal(nodeTimers(), before + 1, 'one for all')
  await Promise.all([one, two])
  await new Promise(setImmediate)
  t.equal(nodeTimers(), before, 'all have run out')
})

t.test(
  'SystemClock leaves the Node timer of a cancelled timer to fire once for nothing, and none after it',
  async (t) => {
    const before = nodeTimers()
    const clock = new SystemClock()
    const never: Timed = { expired: () => t.fail('it was cancelled') }
    clock.cancel(clock.schedule(10, never))
    t.ok(nodeTimers() <= before + 1)
    const other = new SystemClock()
    await expiry(other, 40)
    await new Promise(setImmediate)
    t.equal(nodeTimers(), before)
  },
)

t.test('SystemClock is never early', async (t) => {
  const clock = new SystemClock()
  const random = new Seeded(1)
  const early: number[] = []
  await Promise.all(
    Array.from({ length: 300 }, async () => {
      const delay = random.fraction() * 250
      const start = clock.now()
      const late = (await expiry(clock, delay)) - start - delay
      if (late < 0) early.push(late)
    }),
  )
  t.strictSame(early, [])
})

/** SystemClock with `performance.now` and `setTimeout` in the test's hands: exact, and without waiting. */
function simulate(run: (clock: SystemClock, world: { now: number; turn(): boolean }) => void): void {
  const real = { now: performance.now, set: globalThis.setTimeout, clear: globalThis.clearTimeout }
  let armed: { at: number; fire: () => void } | undefined
  const world = {
    now: 1000,
    /** Goes to the moment the armed timer fires; false when none is armed. */
    turn(): boolean {
      const timer = armed
      if (timer === undefined) return false
      armed = undefined
      world.now = Math.max(world.now, timer.at)
      timer.fire()
      return true
    },
  }
  performance.now = () => world.now
  globalThis.setTimeout = ((fire: () => void, delay: number) => {
    if (armed !== undefined) throw new Error('two Node timers are armed')
    // Node cuts fractions off.
    armed = { at: world.now + Math.max(1, Math.trunc(delay)), fire }
    return armed
  }) as unknown as typeof setTimeout
  globalThis.clearTimeout = (() => {
    armed = undefined
  }) as typeof clearTimeout
  try {
    run(new SystemClock(), world)
  } finally {
    performance.now = real.now
    globalThis.setTimeout = real.set
    globalThis.clearTimeout = real.clear
  }
}

t.test('SystemClock tells every timer, never early, at most two ticks late on an idle machine', async (t) => {
  const problems: string[] = []
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Seeded(seed)
    simulate((clock, world) => {
      let waiting = 0
      const add = (): void => {
        const due = world.now + random.fraction() * random.pick([10, 100, 10_000])
        waiting++
        const timer = clock.schedule(due - world.now, {
          expired() {
            waiting--
            if (world.now < timer.due) problems.push(`seed ${seed}: ${timer.due - world.now} ms early`)
            if (world.now > timer.due + 17) problems.push(`seed ${seed}: ${world.now - timer.due} ms late`)
            if (random.chance(0.5)) add()
          },
        })
      }
      for (let i = 0; i < 10; i++) add()
      let turns = 0
      while (world.turn()) if (++turns > 10_000) throw new Error('the Node timer is armed for ever')
      if (waiting !== 0) problems.push(`seed ${seed}: ${waiting} timers were never told`)
    })
  }
  t.strictSame(problems.slice(0, 5), [])
})
