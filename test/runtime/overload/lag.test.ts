import t from 'tap'
import { type Clock, TICK, type Timed, Timer } from '../../../src/core/clock.ts'
import { Overload } from '../../../src/runtime/overload/overload.ts'
import { fixedRandom } from '../../support/stubs.ts'

/** Its timers come as late as the test says. */
class LateClock implements Clock {
  #now = 0
  #timer: Timer | undefined
  now(): number {
    return this.#now
  }
  exact(): number {
    return this.#now
  }
  wallTime(): number {
    return this.#now
  }
  schedule(delay: number, target: Timed): Timer {
    this.#timer = new Timer(this.#now + delay, target)
    return this.#timer
  }
  cancel(): void {
    this.#timer = undefined
  }
  get idle(): boolean {
    return this.#timer === undefined
  }
  /** The next timer comes that late, ms. */
  next(late: number): void {
    const timer = this.#timer as Timer
    this.#now = timer.due + late
    timer.target.expired(timer)
  }
}

function world() {
  const clock = new LateClock()
  const lags: number[] = []
  const lates: number[] = []
  const log = { error() {}, warn() {}, info() {}, debug() {} }
  const signals = (lag: number) => {
    lags.push(lag)
    return { lag, heap: 0, memory: 0, connections: 0 }
  }
  const overload = new Overload({ clock, random: fixedRandom(0.2), log, signals, late: (lag) => lates.push(lag) })
  overload.start()
  return { clock, lags, lates, overload }
}

t.test('The lag is how late four timers came, in the middle, but for the tick of the wheel', async (t) => {
  const { clock, lags, lates, overload } = world()
  for (const late of [0, TICK, 700 + TICK, 9000]) clock.next(late)
  for (const late of [700, 9000, 700, 3]) clock.next(late)
  t.same(lags, [0, 700 - TICK])
  t.same(lates.slice(0, 4), [0, 0, 700, 9000 - TICK], 'each of them is told')
  t.notOk(overload.pressed)
  overload.stop()
  t.ok(clock.idle)
})

t.test('Timers that come late for five windows refuse a share, and on time end it', async (t) => {
  const { clock, overload } = world()
  const pressed = []
  for (let window = 0; window < 6; window++) {
    for (let look = 0; look < 4; look++) clock.next(1250 + TICK)
    pressed.push(overload.pressed)
  }
  t.same(pressed, [false, false, false, false, true, true])
  t.ok(overload.refuses())
  t.match(overload.view(), { refused: 0.5, closing: false, lag: 1250 })
  t.same(overload.pressure()[0], ['lag', 0.625])
  for (let look = 0; look < 4; look++) clock.next(0)
  t.notOk(overload.pressed)
})
