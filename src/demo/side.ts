/** One half of the demo: a shop, its customers, and what can be seen of them at the moment. */
import { Load } from './load.ts'
import type { OrderStats } from './order.ts'
import { type Recent, Window } from './recent.ts'
import type { PhaseName, Timetable } from './schedule.ts'
import type { Shop } from './shop.ts'
import { shopStreams } from './streams.ts'
import { after, nowMs, type Timer } from './time.ts'
import { type BreakerState, type View, Watch } from './watch.ts'

/** What the table shows of one half. */
export interface SideView {
  readonly get: Recent
  readonly post: Recent
  readonly busy: number
  readonly slots: number
  /** Requests waiting for a slot. */
  readonly waiting: number
  /** Calls that inventory is holding. */
  readonly held: number
  /** undefined without a sidecar. */
  readonly sidecar: View | undefined
  /** When the breaker opened after the outage began, and closed after it ended, in ms; NaN: not yet. */
  readonly opened: number
  readonly closed: number
  /** Share of good GETs 0…1 in each of the last seconds, the newest last. */
  readonly history: readonly number[]
}

/** A demo that nobody ends ends by itself, after a day. */
const LONGEST = 24 * 3_600_000
const SPAN = 2000
const HISTORY = 120

export class Side {
  readonly shop: Shop
  readonly #load: Load
  readonly #watch: Watch | undefined
  readonly #get = new Window(SPAN)
  readonly #post = new Window(SPAN)
  readonly #second = new Window(1000)
  readonly #polled = { busy: 0, slots: 0, waiting: 0, held: 0 }
  #history: number[] = []
  #timers: Timer[] = []
  #stopped = false
  #phase: PhaseName = 'calm'
  #phaseAt = Number.POSITIVE_INFINITY
  #opened = Number.NaN
  #closed = Number.NaN

  constructor(shop: Shop, timetable: Timetable) {
    this.shop = shop
    this.#watch = shop.admin === '' ? undefined : new Watch(shop.admin, 'inventory', 200)
    this.#load = new Load({
      target: shop.entrance,
      streams: shopStreams(timetable),
      duration: LONGEST,
      patience: timetable.patience,
      onSample: (sample) => {
        if (sample.stream === 'POST') this.#post.add(sample)
        else {
          this.#get.add(sample)
          this.#second.add(sample)
        }
      },
    })
  }

  start(): void {
    this.#load.start()
    this.#again(200, () => this.#poll())
    this.#again(1000, () => this.#remember())
  }

  /** Ends the traffic and the looking; the shop is its owner's to stop. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const timer of this.#timers) timer.cancel()
    this.#watch?.stop()
    this.#load.halt()
    this.#load.abandon()
  }

  /** A new phase: inventory takes so long from now on. */
  async turn(phase: PhaseName, latencyMs: number): Promise<void> {
    await this.shop.tellInventory({ latencyMs })
    this.#phaseAt = nowMs()
    if (phase !== 'recovery') this.#opened = Number.NaN
    this.#closed = Number.NaN
    this.#phase = phase
  }

  view(): SideView {
    const seen = (state: BreakerState): number =>
      (this.#watch?.firstAfter(this.#phaseAt, state) ?? Number.NaN) - this.#phaseAt
    if (this.#phase === 'outage' && Number.isNaN(this.#opened)) this.#opened = seen('open')
    if (this.#phase === 'recovery' && Number.isNaN(this.#closed)) this.#closed = seen('closed')
    const now = this.#load.elapsed()
    return {
      get: this.#get.look(now),
      post: this.#post.look(now),
      ...this.#polled,
      sidecar: this.#watch?.view,
      opened: this.#opened,
      closed: this.#closed,
      history: this.#history,
    }
  }

  #again(every: number, what: () => void): void {
    const index = this.#timers.length
    const tick = (): void => {
      if (this.#stopped) return
      this.#timers[index] = after(every, tick)
      what()
    }
    this.#timers[index] = after(every, tick)
  }

  #remember(): void {
    // A second in which nobody was answered is no gap in the figures; it is as bad as it gets.
    const { ok } = this.#second.look(this.#load.elapsed())
    this.#history.push(Number.isNaN(ok) ? 0 : ok / 100)
    if (this.#history.length > HISTORY) this.#history.shift()
  }

  #poll(): void {
    // A look that fails shows the figures of the last one; that a process has died is noticed elsewhere.
    this.shop.tellOrder().then(
      (stats: OrderStats) => {
        this.#polled.busy = stats.busy
        this.#polled.slots = stats.slots
        this.#polled.waiting = stats.waiting
      },
      () => {},
    )
    this.shop.tellInventory().then(
      ({ held }) => {
        this.#polled.held = held
      },
      () => {},
    )
  }
}
