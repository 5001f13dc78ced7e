import t from 'tap'
import { type Timed, type Timer, Wheel } from '../../src/core/clock.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { Seeded } from '../support/seeded.ts'

/** One slot of the wheel, ms. */
const TICK = 8

class Told implements Timed {
  readonly times: number[] = []
  now: () => number = () => 0

  expired(): void {
    this.times.push(this.now())
  }
}

t.test('Wheel expires a timer once, never early and at most one tick late', async (t) => {
  for (const start of [0, 3.25, 1_000_000.5]) {
    for (const delay of [0, 0.1, 1, 7.9, 8, 8.1, 100, 4095, 4096, 4097, 10_000, 33_333.3]) {
      const wheel = new Wheel(start)
      const told = new Told()
      let now = start
      told.now = () => now
      wheel.add(now, delay, told)
      while (now < start + delay + 50) {
        now += 0.5
        wheel.advance(now)
      }
      t.equal(told.times.length, 1, `${delay} ms from ${start}`)
      const late = told.times[0]! - start - delay
      t.ok(late >= 0 && late <= TICK, `${delay} ms from ${start}: ${late} ms late`)
      t.equal(wheel.size, 0)
    }
  }
})

t.test('Wheel treats a negative delay as none', async (t) => {
  const wheel = new Wheel(0)
  const told = new Told()
  t.equal(wheel.add(10, -5, told).due, 10)
  wheel.advance(24)
  t.equal(told.times.length, 1)
})

t.test('Wheel tells timers of one slot oldest first', async (t) => {
  const wheel = new Wheel(0)
  const order: number[] = []
  for (let i = 0; i < 5; i++) wheel.add(0, 5, { expired: () => order.push(i) })
  wheel.advance(100)
  t.strictSame(order, [0, 1, 2, 3, 4])
})

t.test('Wheel lets an expiring timer remove its neighbour of the same slot', async (t) => {
  const wheel = new Wheel(0)
  const second = new Told()
  let neighbour: Timer | undefined
  wheel.add(0, 5, { expired: () => wheel.remove(neighbour as Timer) })
  neighbour = wheel.add(0, 5, second)
  wheel.advance(100)
  t.strictSame(second.times, [])
  t.equal(wheel.size, 0)
})

t.test('Wheel does not spin when a timer without delay schedules itself again', async (t) => {
  const wheel = new Wheel(0)
  let times = 0
  const again: Timed = {
    expired() {
      times++
      wheel.add(16, 0, again)
    },
  }
  wheel.add(0, 0, again)
  wheel.advance(16)
  t.ok(times <= 3, `told ${times} times in one advance`)
  t.equal(wheel.size, 1)
})

t.test('Timer.active says whether it is still in the wheel', async (t) => {
  const wheel = new Wheel(0)
  const kept = wheel.add(0, 5, new Told())
  const removed = wheel.add(0, 5, new Told())
  t.ok(kept.active)
  wheel.remove(removed)
  wheel.remove(removed)
  t.notOk(removed.active)
  t.equal(wheel.size, 1)
  wheel.advance(16)
  t.notOk(kept.active)
})

/** The wheel beside a plain list, through random adds, removes (also inside expiry), small steps and long jumps. */
class Model implements Timed {
  readonly wheel: Wheel
  readonly live = new Map<Timer, number>()
  readonly problems: string[] = []
  readonly #random: Seeded
  now: number

  constructor(seed: number) {
    this.#random = new Seeded(seed)
    this.now = this.#random.pick([0, 7.5, 123_456.25])
    this.wheel = new Wheel(this.now)
  }

  add(): void {
    const random = this.#random
    const delay = random.pick([0, 1, random.fraction() * 8, random.int(200), random.int(5000), random.int(40_000)])
    const timer = this.wheel.add(this.now, delay, this)
    if (timer.due !== this.now + delay) this.problems.push(`due ${timer.due}, not ${this.now + delay}`)
    this.live.set(timer, timer.due)
  }

  remove(): void {
    const all = [...this.live.keys()]
    if (all.length === 0) return
    const timer = this.#random.pick(all)
    this.live.delete(timer)
    this.wheel.remove(timer)
  }

  expired(timer: Timer): void {
    const due = this.live.get(timer)
    if (due === undefined) this.problems.push(`told of a timer that was removed or told before`)
    else if (due > this.now) this.problems.push(`${due - this.now} ms early`)
    if (timer.active) this.problems.push('active while it is told')
    this.live.delete(timer)
    if (this.#random.chance(0.3)) this.add()
    if (this.#random.chance(0.3)) this.remove()
  }

  step(): void {
    const random = this.#random
    const before = this.now
    this.now += random.pick([0, 0.3, 1, 1, 5, 8, 16, random.int(100), random.int(3000), random.int(50_000)])
    if (this.now < before) throw new RangeError('time goes on')
    this.wheel.advance(this.now)
    for (const due of this.live.values()) {
      if (due < this.now - TICK) this.problems.push(`still waiting ${this.now - due} ms after it was due`)
    }
    if (this.wheel.size !== this.live.size) this.problems.push(`size ${this.wheel.size}, not ${this.live.size}`)
    const next = this.wheel.nextDue()
    const first = Math.min(...this.live.values())
    if (this.live.size === 0 ? next !== Number.POSITIVE_INFINITY : next > Math.max(first, this.now) + TICK) {
      this.problems.push(`nextDue ${next}, the first is due at ${first}, now ${this.now}`)
    }
  }

  run(steps: number): void {
    for (let i = 0; i < steps && this.problems.length === 0; i++) {
      const n = this.#random.int(4)
      for (let j = 0; j < n; j++) this.add()
      if (this.#random.chance(0.4)) this.remove()
      this.step()
    }
  }
}

t.test('Wheel agrees with a plain list of timers over random histories', async (t) => {
  const failures: string[] = []
  for (let seed = 1; seed <= 400; seed++) {
    const model = new Model(seed)
    model.run(120)
    if (model.problems.length > 0) failures.push(`seed ${seed}: ${model.problems[0]}`)
  }
  t.strictSame(failures, [])
})

t.test('FakeClock stands still until told, and shows each timer its own moment', async (t) => {
  const clock = new FakeClock()
  const told = new Told()
  told.now = () => clock.now()
  t.equal(clock.now(), 0)
  t.equal(clock.wallTime(), 1_800_000_000_000)
  clock.schedule(20, told)
  clock.schedule(100, told)
  const never = clock.schedule(50, told)
  t.equal(clock.pending, 3)
  clock.cancel(never)
  clock.cancel(undefined)
  clock.advance(1000)
  t.equal(clock.pending, 0)
  t.equal(clock.now(), 1000)
  t.equal(told.times.length, 2)
  t.ok(told.times[0]! >= 20 && told.times[0]! <= 28, `${told.times[0]}`)
  t.ok(told.times[1]! >= 100 && told.times[1]! <= 108, `${told.times[1]}`)
})
