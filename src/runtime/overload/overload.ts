/** Looks after the process itself: four times a second how late its timers come, once a second all the rest. */
import { type Clock, TICK, type Timed, type Timer } from '../../core/clock.ts'
import { ProxyError } from '../../core/errors.ts'
import type { Random } from '../../core/random.ts'
import type { Shedding } from '../../server/receiver.ts'
import type { Log } from '../../telemetry/index.ts'
import { Judge, LAG, median, type Signals } from './decide.ts'

/** ms between two looks. */
const PERIOD = 250
/** Looks in a window. */
const LOOKS = 4
/** s, for `Retry-After`. */
const RETRY_AFTER = 1

export const OVERLOADED = new ProxyError(
  'overload',
  'proxy',
  'no',
  'the process has more than it can do, see /state',
  RETRY_AFTER,
)

export interface OverloadParts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** At the end of a window, whose `lag` it is handed. */
  readonly signals: (lag: number) => Signals
  /** Told of each look how late it came, ms. */
  readonly late: (lag: number) => void
}

export interface OverloadView extends Signals {
  /** Of new requests, refused: 0…1. */
  readonly refused: number
  readonly closing: boolean
}

export class Overload implements Shedding, Timed {
  pressed: boolean
  readonly #parts: OverloadParts
  readonly #judge = new Judge()
  #lags: number[]
  #last: Signals
  #timer: Timer | undefined

  constructor(parts: OverloadParts) {
    this.pressed = false
    this.#parts = parts
    this.#lags = []
    this.#last = { lag: 0, heap: 0, memory: 0, connections: 0 }
    this.#timer = undefined
  }

  start(): void {
    this.#timer = this.#parts.clock.schedule(PERIOD, this)
  }

  stop(): void {
    this.#parts.clock.cancel(this.#timer)
  }

  /** The share of one is all: no dice that could say otherwise. */
  refuses(): boolean {
    const { share } = this.#judge
    return share === 1 || this.#parts.random.fraction() < share
  }

  get closing(): boolean {
    return this.#judge.closing
  }

  expired(timer: Timer): void {
    // Up to one tick is the wheel's own way of counting.
    const late = Math.max(0, this.#parts.clock.now() - timer.due - TICK)
    this.#lags.push(late)
    this.#parts.late(late)
    this.start()
    if (this.#lags.length < LOOKS) return
    const lag = median(this.#lags)
    this.#lags = []
    this.#learn(this.#parts.signals(lag))
  }

  #learn(signals: Signals): void {
    const judge = this.#judge
    const { pressed } = this
    const { closing } = judge
    judge.learn(signals)
    this.#last = signals
    this.pressed = judge.share > 0
    if (pressed !== this.pressed) {
      this.#say(
        this.pressed,
        this.pressed ? 'overload: new requests are refused' : 'overload: requests are taken again',
      )
    }
    if (closing !== judge.closing) {
      this.#say(
        judge.closing,
        judge.closing ? 'overload: connections are not kept alive' : 'overload: connections are kept alive again',
      )
    }
  }

  #say(worse: boolean, message: string): void {
    const { log } = this.#parts
    // cold: runs when pressure comes or goes
    if (worse) log.warn(message, { ...this.view() })
    else log.info(message, { ...this.view() })
  }

  view(): OverloadView {
    const { lag, heap, memory, connections } = this.#last
    const { share, closing } = this.#judge
    return {
      refused: rounded(share),
      closing,
      lag: Math.round(lag),
      heap: rounded(heap),
      memory: rounded(memory),
      connections: rounded(connections),
    }
  }

  /** 0…1 of each signal, for the metric. */
  pressure(): [string, number][] {
    const { lag, heap, memory, connections } = this.#last
    return [
      ['lag', Math.min(1, lag / LAG.most)],
      ['heap', heap],
      ['memory', memory],
      ['connections', connections],
    ]
  }
}

function rounded(share: number): number {
  return Math.round(share * 1000) / 1000
}
