import t from 'tap'
import { eventBegins, eventEnds, SystemClock } from '../../src/core/clock.ts'
import { Seeded } from '../support/seeded.ts'

/** The clock's own Node timer keeps no process alive, so a test that waits for it must. */
function expiry(clock: SystemClock, delay: number): Promise<number> {
  return new Promise((resolve) => {
    const alive = setInterval(() => {}, 1000)
    const expired = () => {
      clearInterval(alive)
      resolve(clock.now())
    }
    clock.schedule(delay, { expired })
  })
}

t.test('SystemClock.now is monotonic ms, wallTime is ms since 1970', async (t) => {
  const clock = new SystemClock()
  const first = clock.now()
  t.ok(clock.now() >= first)
  t.ok(Math.abs(clock.wallTime() - Date.now()) < 1000)
})

/** Until the real time has moved on. */
function pass(ms: number): void {
  const begun = performance.now()
  while (performance.now() - begun < ms);
}

t.test('SystemClock.now and wallTime stand still during an event, exact does not', async (t) => {
  const clock = new SystemClock()
  eventBegins()
  t.teardown(eventEnds)
  const now = clock.now()
  const wall = clock.wallTime()
  const exact = clock.exact()
  pass(2)
  t.equal(clock.now(), now)
  t.equal(clock.wallTime(), wall)
  t.ok(clock.exact() >= exact + 2)
})

t.test('SystemClock.now is asked anew in the next event, and outside of any', async (t) => {
  const clock = new SystemClock()
  t.teardown(eventEnds)
  eventBegins()
  const first = clock.now()
  const firstWall = clock.wallTime()
  pass(2)
  eventBegins()
  const second = clock.now()
  t.ok(second >= first + 2)
  t.ok(clock.wallTime() > firstWall)
  eventEnds()
  pass(1)
  const outside = clock.now()
  t.ok(outside >= second + 1)
  pass(1)
  t.ok(clock.now() >= outside + 1)
})

t.test('SystemClock.schedule in an event counts from its moment', async (t) => {
  const clock = new SystemClock()
  eventBegins()
  t.teardown(eventEnds)
  const now = clock.now()
  pass(1)
  const timer = clock.schedule(50, { expired() {} })
  t.equal(timer.due, now + 50)
  clock.cancel(timer)
})

interface Armed {
  readonly at: number
  readonly fire: () => void
  keepsAlive: boolean
  unref(): void
}

interface World {
  now: number
  readonly armed: Armed | undefined
  turn(): boolean
}

function unref(this: Armed): void {
  this.keepsAlive = false
}

/** SystemClock with `performance.now` and `setTimeout` in the test's hands: exact, and without waiting. */
function simulate(run: (clock: SystemClock, world: World) => void): void {
  const real = { now: performance.now, set: globalThis.setTimeout, clear: globalThis.clearTimeout }
  let armed: Armed | undefined
  const world = {
    now: 1000,
    get armed(): Armed | undefined {
      return armed
    },
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
    armed = { at: world.now + Math.max(1, Math.trunc(delay)), fire, keepsAlive: true, unref }
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

t.test('SystemClock arms one Node timer for all, none while the wheel is empty', async (t) => {
  simulate((clock, world) => {
    t.equal(world.armed, undefined, 'a new clock')
    let told = 0
    for (const delay of [5, 20, 900]) clock.schedule(delay, { expired: () => told++ })
    t.ok(world.armed, 'simulate() throws at a second one')
    t.equal(world.armed?.keepsAlive, false, 'sockets keep a process alive, not deadlines')
    while (world.turn()) if (world.now > 10_000) throw new Error('the Node timer is armed for ever')
    t.equal(told, 3)
    t.equal(world.armed, undefined, 'all have run out')
  })
})

t.test(
  'SystemClock leaves the Node timer of a cancelled timer to fire once for nothing, and none after it',
  async (t) => {
    simulate((clock, world) => {
      clock.cancel(clock.schedule(10, { expired: () => t.fail('it was cancelled') }))
      t.ok(world.turn())
      t.equal(world.armed, undefined)
    })
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

t.test('SystemClock tells every timer, never early, at most one tick late on an idle machine', async (t) => {
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
            if (world.now > timer.due + 10) problems.push(`seed ${seed}: ${world.now - timer.due} ms late`)
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

t.test('SystemClock is not put off by timers that are added while one is due soon', async (t) => {
  simulate((clock, world) => {
    let told = 0
    const due = world.now + 20
    clock.schedule(20, { expired: () => told++ })
    // What an overloaded pool does: a refusal every millisecond, each a timer without delay.
    for (let i = 0; i < 200 && told === 0; i++) {
      clock.schedule(0, { expired() {} })
      if ((world.armed?.at ?? 0) <= world.now + 1) world.turn()
      else world.now++
    }
    t.equal(told, 1, `not told ${world.now - due} ms after it was due`)
  })
})
