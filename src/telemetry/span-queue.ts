/** Traced exchanges that ended, on their way to the exporter: spans are made off the path of requests. */
import type { Clock, Timed } from '../core/clock.ts'
import type { SampledExchange } from './sampled.ts'

/** Makes and exports spans; the OpenTelemetry SDK behind our own words. */
export interface SpanExport {
  export(exchange: SampledExchange): void
  /** Sends what is queued. */
  shutdown(): Promise<void>
}

/** Exchanges that may wait, most of all while the SDK is still loading. */
const LIMIT = 2048
/** ms; also lets attempts that end right after their exchange be told whole. */
const DELAY = 10

export class SpanQueue implements Timed {
  readonly #clock: Clock
  readonly #queue: SampledExchange[]
  #target: SpanExport | undefined
  #armed: boolean
  dropped: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#queue = []
    this.#target = undefined
    this.#armed = false
    this.dropped = 0
  }

  push(exchange: SampledExchange, status: number, reason: string, now: number): void {
    if (this.#queue.length === LIMIT) {
      this.dropped++
      return
    }
    exchange.status = status
    exchange.reason = reason
    exchange.endedAt = now
    this.#queue.push(exchange)
    if (this.#armed) return
    this.#armed = true
    this.#clock.schedule(DELAY, this)
  }

  expired(): void {
    this.#armed = false
    this.drain()
  }

  /** The SDK is loaded. */
  open(target: SpanExport): void {
    this.#target = target
    this.drain()
  }

  drain(): void {
    const target = this.#target
    if (target === undefined) return
    for (const exchange of this.#queue) target.export(exchange)
    this.#queue.length = 0
  }
}
