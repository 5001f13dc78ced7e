/** One line per exchange, gathered and written every few milliseconds. */
import type { Clock, Timed } from '../core/clock.ts'
import type { RequestHead } from '../core/exchange.ts'
import type { Random } from '../core/random.ts'
import { jsonLine, textLine } from './access-line.ts'
import type { LineSink } from './line-sink.ts'
import type { RouteRows } from './route-rows.ts'

/** ms that a line waits for company; the wheel may add a tick. */
const GATHER = 2

export class AccessLog implements Timed {
  readonly #clock: Clock
  readonly #random: Random
  readonly #sink: LineSink
  readonly #text: boolean
  readonly #sample: number
  #armed: boolean

  /** `sample` 0…1. */
  constructor(clock: Clock, random: Random, sink: LineSink, format: 'json' | 'text', sample: number) {
    this.#clock = clock
    this.#random = random
    this.#sink = sink
    this.#text = format === 'text'
    this.#sample = sample
    this.#armed = false
  }

  get dropped(): number {
    return this.#sink.dropped
  }

  /** `status` as sent, or what a request nobody waited for is given in logs. */
  record(request: RequestHead, traceId: string, rows: RouteRows, status: number, reason: string, now: number): void {
    if (this.#sample < 1 && this.#random.fraction() >= this.#sample) return
    this.#sink.write(
      this.#text ? textLine(request, rows, status, reason, now) : jsonLine(request, traceId, rows, status, reason, now),
    )
    if (this.#armed) return
    this.#armed = true
    this.#clock.schedule(GATHER, this)
  }

  expired(): void {
    this.#armed = false
    this.#sink.flush()
  }

  close(): Promise<void> {
    return this.#sink.close()
  }
}
